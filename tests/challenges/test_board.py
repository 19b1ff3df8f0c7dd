"""The board: worded, confirmed as it was seen, posted in a random order, then only corrected; who is invited."""

import io

import pytest
from django.db import transaction
from openpyxl import load_workbook

from accounts.models import Notice
from challenges.duplicates import compare, find_twins, is_same_range
from challenges.enums import EntryStatus
from challenges.matches import coverage_of, describe_coverage, institutes_for, items_for
from challenges.models import Challenge, Corrigendum, Entry, Invitation
from challenges.models.entries import BOARD_FIELDS
from challenges.services.board import (
    city_of,
    confirm_item,
    correct_item,
    invite_institutes,
    post_items,
    prefilled,
    word_item,
)
from challenges.services.challenges import move_challenge, update_challenge
from challenges.services.entries import enter_need, move_entry
from challenges.sheets import write_board
from core.history import find_break
from core.workflow import NotPermitted, TransitionError
from matching.engine.documents import NeedDocument
from matching.engine.facts import Cells
from matching.engine.lines import read_line
from matching.services import propose_for_need
from needs.models import Need, NeedGrant
from needs.services import move_need
from tests.challenges.conftest import assign, fresh, lock, start_screening, word_and_confirm
from tests.conftest import LINE

pytestmark = pytest.mark.django_db
WORDS = {
    "board_title": "坐标测量机校准",
    "board_text": "长度示值误差校准，现场完成。",
    "conditions": "具备 CNAS 资质",
    "budget_band": "20",
    "discipline": "geometry",
    "region": "310000",
    "shows_lines": True,
}


def load(entry):
    return Entry.objects.get(pk=entry.pk)


def content(entry):
    return {name: getattr(load(entry), name) for name in BOARD_FIELDS}


# --- Wording ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_organiser_begins_with_the_public_wording(level, new_entry, organiser):
    entry = new_entry(level=level, budget_high=150_000)
    assert prefilled(entry, fresh(organiser)) == {
        "board_title": "坐标测量机校准",
        "board_text": "坐标测量机长度示值误差校准。",
        "conditions": "",
        "budget_band": "20",
        "discipline": "geometry",
        "region": "310000",
        "shows_lines": level == 1,
    }


def test_a_budget_that_is_not_shown_is_not_filled_in(new_entry, organiser):
    entry = new_entry(budget_high=150_000, shows_budget=False)
    assert prefilled(entry, fresh(organiser))["budget_band"] == ""


@pytest.mark.parametrize(
    ("region", "city"), [("310115", "310000"), ("320583", "320500"), ("320500", "320500"), ("", "")]
)
def test_the_board_names_no_county(region, city):
    assert city_of(region) == city


def test_what_is_worded_is_what_was_written_and_the_lines_at_that_time(new_entry, organiser):
    entry = word_item(new_entry(), actor=fresh(organiser), **WORDS)
    line = {"mode": "lab", "is_dynamic": False, "obligation": "required", "note": "", "conditions_text": "", **LINE}
    assert content(entry) == {
        **{name: value for name, value in WORDS.items() if name != "shows_lines"},
        "board_lines": [line],
    }
    assert [event.label for event in entry.events.all()] == ["报名", "编写榜单内容"]


def test_the_lines_stay_as_they_were_confirmed(new_entry, organiser):
    entry = new_entry("on_board")
    before = content(entry)
    entry.need.lines.update(range_text="0~900 mm")
    assert content(entry) == before


def test_who_may_word(people, new_entry):
    entry, allowed = new_entry(), set()
    for name, user in people.items():
        try:
            word_item(load(entry), actor=fresh(user), **WORDS | {"board_title": name})
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"organiser", "admin"}


def test_a_body_without_sight_adds_no_lines(new_entry, challenge, organiser, distant_organiser):
    """Who joined after the entry does not read the need, and so does not publish its lines either."""
    entry = new_entry(level=3)
    update_challenge(challenge, actor=fresh(organiser), co_organisers=distant_organiser.authorities)
    entry = word_item(load(entry), actor=fresh(distant_organiser), **WORDS)
    assert entry.board_lines == []
    assert prefilled(load(new_entry(level=3, need=None)), fresh(organiser))["board_title"] == "坐标测量机校准"


@pytest.mark.parametrize("status", EntryStatus.values)
def test_until_it_is_posted_an_item_may_be_worded_anew(status, new_entry, organiser):
    entry = new_entry(status)
    if status in {"entered", "returned", "selected"}:
        assert word_item(entry, actor=fresh(organiser), **WORDS).confirmed_at is None
    else:
        with pytest.raises(TransitionError):
            word_item(entry, actor=fresh(organiser), **WORDS)


# --- Confirming ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        *({name: "别的"} for name in ("board_title", "board_text", "conditions")),
        {"budget_band": "5"},
        {"discipline": "other"},
        {"region": "320500"},
        {"shows_lines": False},
    ],
)
def test_every_change_has_to_be_confirmed_again(change, new_entry, organiser, owner):
    entry = word_item(new_entry(), actor=fresh(organiser), **WORDS)
    seen = entry.wording
    confirm_item(entry, actor=fresh(owner), seen=seen)
    entry = word_item(load(entry), actor=fresh(organiser), **WORDS | change)
    assert (entry.confirmed_at, entry.confirmed_by) == (None, None)
    with pytest.raises(TransitionError, match="榜单内容刚刚被组织方修改过，请重新核对后再确认。"):
        confirm_item(load(entry), actor=fresh(owner), seen=seen)


def test_saving_the_same_again_leaves_the_confirmation(new_entry, organiser, owner):
    entry = word_item(new_entry(), actor=fresh(organiser), **WORDS)
    confirm_item(entry, actor=fresh(owner), seen=entry.wording)
    assert word_item(load(entry), actor=fresh(organiser), **WORDS).confirmed_by == owner


def test_who_may_confirm(people, new_entry, organiser):
    allowed = set()
    for name, user in people.items():
        entry = word_item(new_entry(), actor=fresh(organiser), **WORDS)
        try:
            confirm_item(entry, actor=fresh(user), seen=entry.wording, note="顾工同意")
        except NotPermitted:
            continue
        allowed.add(name)
    assert allowed == {"owner", "colleague"}


def test_for_an_enterprise_without_an_account_the_organiser_confirms_with_its_word(new_entry, organiser, enterprise):
    entry = word_item(new_entry(), actor=fresh(organiser), **WORDS)
    enterprise.memberships.all().delete()
    with pytest.raises(TransitionError, match="请写明企业由谁、何时、以什么方式同意"):
        confirm_item(entry, actor=fresh(organiser), seen=entry.wording)
    event = confirm_item(entry, actor=fresh(organiser), seen=entry.wording, note="顾工当面同意")
    assert (event.label, event.note, event.data) == ("代企业确认榜单内容", "顾工当面同意", {"seen": entry.wording})
    assert load(entry).confirmed_by == organiser


def test_nothing_can_be_confirmed_before_it_is_worded(new_entry, owner):
    entry = new_entry()
    with pytest.raises(TransitionError, match="组织方还没有拟好榜单内容"):
        confirm_item(entry, actor=fresh(owner), seen=entry.wording)


# --- Posting ------------------------------------------------------------------------------------------------------


def test_entering_the_phase_posts_what_was_selected(new_entry, organiser, owner, experts):
    entry = new_entry()
    word_and_confirm(entry, organiser, owner)
    entry = start_screening(entry, organiser)
    for expert in experts[:3]:
        lock(assign(entry, expert, organiser))
    move_entry(load(entry), "select", actor=fresh(organiser))
    assert load(entry).board_number == ""
    move_challenge(Challenge.objects.get(pk=entry.challenge_id), "open_board", actor=fresh(organiser))
    entry = load(entry)
    assert (entry.status, entry.board_number, entry.challenge.status) == ("on_board", "CH-01", "board")
    assert [event.action for event in entry.events.all()] == ["enter", "word", "confirm", "select", "post"]
    assert find_break() is None


def test_numbers_tell_nothing_of_the_order(new_entry, organiser, monkeypatch):
    entries = [new_entry("selected") for _ in range(4)]
    monkeypatch.setattr("challenges.services.board.SystemRandom.shuffle", lambda self, items: items.reverse())
    post_items(entries[0].challenge, actor=organiser)
    assert sorted(load(entry).board_number for entry in entries) == ["CH-01", "CH-02", "CH-03", "CH-04"]
    listed = list(Entry.objects.on_board())
    assert [entry.board_number for entry in listed] == ["CH-01", "CH-02", "CH-03", "CH-04"]


def test_the_order_is_drawn(new_entry, organiser):
    """Five items have 120 orders: that eight drawings all agree happens to nobody."""
    entries = [new_entry("selected") for _ in range(5)]
    drawn = set()
    for _ in range(8):
        with transaction.atomic():
            post_items(entries[0].challenge, actor=organiser)
            drawn.add(tuple(load(entry).board_number for entry in entries))
            transaction.set_rollback(True)
    assert len(drawn) > 1


def test_a_need_that_is_gone_keeps_the_board_from_being_posted(new_entry, organiser, owner):
    gone, other = new_entry("selected"), new_entry("selected")
    move_need(Need.objects.get(pk=gone.need_id), "withdraw", actor=fresh(owner))
    with pytest.raises(TransitionError, match=f"{gone.need.number} 已经撤回或正在修改，不能发榜"):
        post_items(gone.challenge, actor=organiser)
    assert {load(entry).status for entry in (gone, other)} == {"selected"}


# --- Afterwards ---------------------------------------------------------------------------------------------------


def test_what_is_posted_changes_by_corrigendum_only(new_entry, organiser, owner):
    entry = new_entry("on_board")
    before = content(entry)
    for attempt in (
        lambda: word_item(load(entry), actor=fresh(organiser), **WORDS),
        lambda: confirm_item(load(entry), actor=fresh(owner), seen=load(entry).wording),
        *(
            lambda name=name: move_entry(load(entry), name, actor=fresh(organiser), note="x")
            for name in ("return", "drop", "select")
        ),
        lambda: move_entry(load(entry), "withdraw", actor=fresh(owner)),
    ):
        with pytest.raises(TransitionError):
            attempt()
    correct_item(load(entry), actor=fresh(organiser), text="范围改为 0~600 mm，原文有误。")
    assert (content(entry), load(entry).status) == (before, "on_board")


def test_who_may_correct_and_invite(people, new_entry, institute):
    entry, allowed = new_entry("on_board"), {"correct": set(), "invite": set()}
    for name, user in people.items():
        for what, act in (
            ("correct", lambda user: correct_item(load(entry), actor=fresh(user), text="更正")),
            ("invite", lambda user: invite_institutes(load(entry), [institute], actor=fresh(user))),
        ):
            try:
                act(user)
            except NotPermitted:
                continue
            allowed[what].add(name)
    assert allowed == {"correct": {"organiser", "admin"}, "invite": {"organiser", "admin"}}


@pytest.mark.parametrize("status", ["entered", "selected", "withdrawn"])
def test_only_a_board_is_corrected_or_advertised(status, new_entry, organiser, institute):
    entry = new_entry(status)
    with pytest.raises(TransitionError, match="还没有发榜"):
        correct_item(entry, actor=fresh(organiser), text="更正")
    with pytest.raises(TransitionError, match="发榜之后才能邀请机构"):
        invite_institutes(entry, [institute], actor=fresh(organiser))
    assert (Corrigendum.objects.count(), Invitation.objects.count()) == (0, 0)


def test_an_empty_corrigendum_is_none(new_entry, organiser):
    with pytest.raises(TransitionError, match="请写明更正了什么"):
        correct_item(new_entry("on_board"), actor=fresh(organiser), text=" \n")


def told(user):
    return list(
        Notice.objects.filter(user=user, kind="challenge").order_by("created_at").values_list("text", flat=True)
    )


def test_invited_institutes_and_the_enterprise_learn_of_a_corrigendum(
    new_entry, organiser, owner, provider, institute, stranger
):
    entry = new_entry("on_board")
    invite_institutes(entry, [institute], actor=fresh(organiser))
    invite_institutes(entry, [institute], actor=fresh(organiser))
    correct_item(entry, actor=fresh(organiser), text="更正")
    name = entry.challenge.name
    notice = f"{name}：榜单项目 {entry.board_number} 有更正公告，请查看。"
    assert told(provider) == [f"{name}邀请贵机构关注榜单项目 {entry.board_number}，请查看。", notice]
    assert told(owner)[-1] == notice
    assert told(stranger) == []
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("kind", ["unverified", "enterprise", "authority"])
def test_only_verified_institutes_are_invited(kind, new_entry, new_organisation, organiser, institute):
    kinds = {
        "unverified": {"kind": "institute", "verified": False},
        "enterprise": {"kind": "enterprise"},
        "authority": {"kind": "authority"},
    }
    body = new_organisation(**kinds[kind], name="不能邀请的单位")
    with pytest.raises(TransitionError, match="只能邀请已通过核验的机构，请去掉：不能邀请的单位。"):
        invite_institutes(new_entry("on_board"), [institute, body], actor=fresh(organiser))
    assert Invitation.objects.count() == 0


@pytest.mark.parametrize("level", [2, 3])
def test_an_invitation_opens_nothing(level, new_entry, organiser, provider, institute):
    entry = new_entry("on_board", level=level)
    before = set(Need.objects.visible_to(fresh(provider)).values_list("pk", flat=True))
    invite_institutes(entry, [institute], actor=fresh(organiser))
    assert set(Need.objects.visible_to(fresh(provider)).values_list("pk", flat=True)) == before
    assert not NeedGrant.objects.filter(organisation=institute).exists()


def test_invitations_are_seen_by_who_was_invited_and_who_invites(people, new_entry, organiser, institute):
    invite_institutes(new_entry("on_board"), [institute], actor=fresh(organiser))
    assert {name for name, user in people.items() if Invitation.objects.visible_to(fresh(user))} == {
        "provider",
        "organiser",
        "admin",
    }


# --- The sheet ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "#REF!", "\tx"])
def test_no_text_of_the_board_becomes_a_formula(text, new_entry, organiser, owner):
    entry = new_entry("on_board")
    Entry.objects.filter(pk=entry.pk).update(
        board_title=text,
        board_text=text,
        conditions=text,
        board_lines=[LINE | {"object_name": text, "conditions_text": ""}],
    )
    corrected = correct_item(load(entry), actor=fresh(organiser), text=f"x{text}")
    Corrigendum.objects.filter(pk=corrected.pk).update(text=text)
    entries = Entry.objects.on_board().prefetch_related("corrigenda")
    book = load_workbook(write_board(entries, Corrigendum.objects.all()))
    cells = [cell for page in book for row in page.iter_rows(min_row=2) for cell in row if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    risky = [cell for cell in cells if cell.value.startswith(("=", "+", "-", "@"))]
    assert all(cell.quotePrefix for cell in risky)


def test_the_exported_board_holds_every_item_and_corrigendum(new_entry, organiser, client):
    entries = [new_entry("selected") for _ in range(2)]
    post_items(entries[0].challenge, actor=organiser)
    first = Entry.objects.on_board()[0]
    correct_item(first, actor=fresh(organiser), text="范围有误")
    answer = client.get(f"/challenges/{first.challenge_id}/board/export/")
    book = load_workbook(io.BytesIO(answer.getvalue()))
    rows = [[cell.value for cell in row] for row in book["榜单"].iter_rows()]
    line = "坐标测量机 长度示值误差 0~500 mm MPE ±(1.5+L/350) μm JJF 1064"
    item = ["坐标测量机校准", "坐标测量机长度示值误差校准。", None, None, "几何量", "上海市", line]
    assert rows == [
        ["编号", "项目", "内容", "揭榜条件", "预算区间", "计量专业", "地区", "指标", "更正"],
        ["CH-01", *item, "范围有误"],
        ["CH-02", *item, None],
    ]
    assert [[cell.value for cell in row][:2] for row in book["更正公告"].iter_rows(min_row=2)] == [
        ["CH-01", "范围有误"]
    ]


# --- Who could serve what -----------------------------------------------------------------------------------------


def test_an_item_shows_the_institutes_that_could_serve_it_with_the_reasons(new_entry, capability, institute):
    [(found, card)] = institutes_for(new_entry("on_board"))
    assert (found, card.capability, card.verdict) == (institute, capability, "pass")
    assert card.lines[0].sentence


def test_each_institute_stands_once_with_its_best(new_entry, new_capability, institute):
    best = new_capability()
    new_capability("坐标测量机旧", lines=[{"measurand": "长度示值误差", "range_text": "(0~100) mm"}])
    [(found, card)] = institutes_for(new_entry("on_board"))
    assert (found, card.capability) == (institute, best)


def test_the_items_that_suit_an_institute_come_best_first(new_entry, new_capability, provider, institute, organiser):
    new_capability()
    fits = new_entry("selected")
    other = {"object_name": "呼吸机", "measurand": "潮气量", "range_text": "50~2000 mL", "accuracy_text": "±5 %"}
    far = new_entry("selected", lines=[other], public_title="呼吸机校准", public_text="潮气量校准", discipline="other")
    post_items(fits.challenge, actor=organiser)
    found = items_for(Entry.objects.on_board(), fresh(provider).provider_ids)
    assert [entry.pk for entry, _ in found] == [fits.pk]
    assert far.pk not in [entry.pk for entry, _ in found]
    assert items_for(Entry.objects.on_board(), set()) == []


@pytest.mark.parametrize("level", [2, 3])
def test_what_suits_an_institute_rests_on_the_board_alone(level, new_entry, new_capability, provider, organiser):
    """The board of a confidential need without its lines: whatever these ask for, the institute is told the same."""
    new_capability()
    entry = new_entry("selected", level=level)
    post_items(entry.challenge, actor=organiser)
    before = items_for(Entry.objects.on_board(), fresh(provider).provider_ids)
    entry.need.lines.all().delete()
    Need.objects.filter(pk=entry.need_id).update(problem="别的", title="别的", goal="别的", discipline="other")
    after = items_for(Entry.objects.on_board(), fresh(provider).provider_ids)
    assert [(each.pk, card.score, card.parts, card.terms) for each, card in before] == [
        (each.pk, card.score, card.parts, card.terms) for each, card in after
    ]
    assert load(entry).board_lines == []


def test_needs_nobody_covers_are_flagged_from_the_call_on(new_entry, new_capability):
    near = new_capability(
        lines=[{"measurand": "长度示值误差", "range_text": "(0~10) mm", "uncertainty_text": "U=9 mm (k=2)"}]
    )
    other = {"object_name": "呼吸机", "measurand": "潮气量", "range_text": "50~2000 mL", "accuracy_text": "±5 %"}
    fresh_need = new_entry(title="还没有比对").need
    lost = new_entry(lines=[other], public_title="呼吸机校准", public_text="潮气量校准").need
    propose_for_need(lost)
    found = coverage_of([fresh_need, lost])
    assert [(found[need.pk].is_known, found[need.pk].is_covered) for need in (fresh_need, lost)] == [
        (False, False),
        (True, False),
    ]
    assert describe_coverage(lost).startswith("目前没有机构能覆盖")
    assert describe_coverage(fresh_need) == ""
    assert near.title == "坐标测量机"


def test_a_need_that_somebody_covers_is_not_flagged(new_entry, capability):
    need = new_entry().need
    propose_for_need(need)
    covered = coverage_of([need])[need.pk]
    assert (covered.is_known, covered.is_covered, covered.nearest, describe_coverage(need)) == (True, True, "", "")


# --- Duplicates ---------------------------------------------------------------------------------------------------


def test_the_same_need_in_other_words_is_found_with_the_reasons(new_entry, organiser):
    one = new_entry(public_title="三坐标测量机现场校准", public_text="一台三坐标，示值误差要校准。")
    other = new_entry(public_title="坐标测量机校准", public_text="车间坐标测量机校准，行程 500 mm。")
    line = {"object_name": "呼吸机", "measurand": "潮气量", "range_text": "50~2000 mL", "accuracy_text": "±5 %"}
    new_entry(public_title="呼吸机校准", public_text="潮气量校准。", lines=[line])
    [twin] = find_twins(Entry.objects.for_list().get(pk=one.pk), fresh(organiser))
    assert (twin.entry, twin.is_same_enterprise, twin.is_same_need) == (other, True, False)
    assert "坐标测量机" in twin.terms
    assert twin.ranges == ("长度 0~500 mm",)


def test_the_same_need_in_another_challenge_is_found_whatever_it_says(new_entry, new_challenge, organiser, owner):
    entry = new_entry("on_board")
    again = enter_need(new_challenge(name="下一届"), entry.need, actor=fresh(owner), consents=True)
    [twin] = find_twins(Entry.objects.for_list().get(pk=again.pk), fresh(organiser))
    assert (twin.entry, twin.is_same_need) == (entry, True)


def test_entries_of_foreign_challenges_are_compared_once_they_are_on_the_board(
    new_entry, new_challenge, distant_organiser, new_need, owner
):
    own = new_challenge(name="自己的")
    Challenge.objects.filter(pk=own.pk).update(organiser=distant_organiser.authorities[0])
    entry = enter_need(Challenge.objects.get(pk=own.pk), new_need("published"), actor=fresh(owner), consents=True)
    entry = Entry.objects.for_list().get(pk=entry.pk)
    new_entry()
    assert find_twins(entry, fresh(distant_organiser)) == []
    posted = new_entry("on_board")
    [twin] = find_twins(entry, fresh(distant_organiser))
    assert (twin.entry, twin.is_same_enterprise) == (posted, False)


def document(text, title="需求"):
    return NeedDocument(key=title, title=title, text=text)


def test_a_document_is_most_like_itself():
    texts = ["数字压力计 60 MPa 校准，介质为油", "呼吸机潮气量校准", "数字压力计校准"]
    documents = [document(text, title=text) for text in texts]
    shares = [share for share, _ in compare(documents[0], documents)]
    assert shares[0] == pytest.approx(1)
    assert shares[0] > shares[2] > shares[1]


def ranges(text):
    return read_line(Cells(object="压力计", measurand="压力", range=text)).ranges[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0~60 MPa", "0~60 MPa", True),
        ("0~60 MPa", "0~60000 kPa", True),
        ("0~60 MPa", "0~100 MPa", True),
        ("0~60 MPa", "0~200 MPa", False),
        ("0~60 MPa", "60~100 MPa", False),
        ("20 MPa", "20 MPa", True),
        ("20 MPa", "25 MPa", False),
    ],
)
def test_ranges_are_the_same_when_they_have_most_in_common(one, other, same):
    assert is_same_range(ranges(one), ranges(other)) == same
