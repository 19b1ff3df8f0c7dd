from matching.cards import PART_LABELS, cards_for
from matching.engine.scoring import PartCode
from matching.services import propose_for_need
from tests.conftest import LINE


def test_every_part_of_a_score_has_a_name():
    assert set(PART_LABELS) == set(PartCode)


def test_who_serves_one_of_two_lines_serves_the_need_in_part(new_need, capability):
    calliper = {"object_name": "游标卡尺", "range_text": "0~150 mm", "accuracy_text": "±0.02 mm"}
    need = new_need("published", lines=[LINE, calliper])
    propose_for_need(need)
    [card] = cards_for(list(need.proposals.all()))
    assert (card.verdict, card.asked, [line.verdict for line in card.lines]) == ("partial", 2, ["pass"])


def test_a_landline_is_a_telephone(new_need):
    need = new_need(contact_phone="0512-65550000")
    need.full_clean(exclude=["background", "current_state", "goal", "author", "organisation"])
    assert need.contact_phone == "0512-65550000"
