from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line, Verdict, from_json, to_json
from matching.engine.index import build_index
from matching.engine.profile import profile_need
from matching.engine.scoring import (
    CodeMatch,
    Evidence,
    Pairing,
    Part,
    PartCode,
    SharedTerm,
    compare_pairings,
    find_evidence,
    keep_above_zero,
    load_weights,
    score_pairing,
    show_terms,
    weigh,
)
from matching.engine.verdicts import (
    CoverageCheck,
    KindCheck,
    LineVerdict,
    PairVerdict,
    ParametersCheck,
    UncertaintyCheck,
)

WEIGHTS = load_weights()
NEED = NeedDocument("n", "地磅检定 JJG 539-2006", discipline="力学", region="330100")
CAPABILITY = CapabilityDocument("c", "省院", "电子汽车衡", "JJG 539-2016")


UNKNOWN, FAIL = PairVerdict(Verdict.UNKNOWN), PairVerdict(Verdict.FAIL)


def score(need=NEED, capability=CAPABILITY, verdict=UNKNOWN):
    profile = profile_need(need)
    (candidate,) = build_index([capability]).candidates_among(profile, [capability.key], limit=1)
    pairing = score_pairing(need, profile, candidate, verdict, WEIGHTS)
    return show_terms(pairing, need, profile, candidate, WEIGHTS)


def evidence(code, need=NEED, capability=CAPABILITY, verdict=UNKNOWN):
    """One kind of evidence, for a pair as close as can be."""
    profile = profile_need(need)
    (candidate,) = build_index([capability]).candidates_among(profile, [capability.key], limit=1)
    same = replace(candidate, words=1.0, characters=1.0, meaning_of_words=1.0, meaning_of_characters=0.0)
    return next(each for each in find_evidence(need, profile, same, verdict) if each.code is code)


def part(pairing, code):
    return next(part for part in pairing.parts if part.code is code)


def test_the_gains_make_a_hundred_and_no_weight_is_negative():
    assert set(WEIGHTS.gains) == set(PartCode)
    assert sum(WEIGHTS.gains.values()) == pytest.approx(100, abs=0.5)
    assert min(*WEIGHTS.gains.values(), *WEIGHTS.losses.values()) >= 0


def test_the_parts_come_in_order_and_add_up_to_the_score():
    pairing = score()
    assert [part.code for part in pairing.parts] == list(PartCode)
    assert round(sum(part.points for part in pairing.parts), 2) == pairing.score


def test_a_standard_in_common_counts_and_keeps_both_editions():
    pairing = score()
    assert (evidence(PartCode.CODE), pairing.codes) == (
        Evidence(PartCode.CODE, 1.0, ("JJG 539",)),
        (CodeMatch("JJG 539", "2006", "2016"),),
    )


@pytest.mark.parametrize(
    ("need", "capability", "same"),
    [("2006", "2016", False), ("2016", "2016", True), ("", "2016", True), ("2006", "", True)],
)
def test_an_edition_left_open_is_no_other_edition(need, capability, same):
    assert CodeMatch("JJG 539", need, capability).is_same_edition is same


LINE = LineVerdict(
    Verdict.PASS,
    Line(Cells()),
    KindCheck(Verdict.PASS),
    CoverageCheck(Verdict.PASS),
    ParametersCheck(Verdict.PASS),
    UncertaintyCheck(Verdict.PASS),
)
PASS = PairVerdict(Verdict.PASS, (LINE,), (True,))


@pytest.mark.parametrize(
    ("lines", "verdict", "strength"), [(1, PASS, 1.0), (2, PASS, 0.5), (1, UNKNOWN, 0.0), (1, FAIL, -1.0)]
)
def test_figures_count_by_the_lines_they_serve_and_silence_costs_nothing(lines, verdict, strength):
    need = replace(NEED, lines=(LINE.need,) * lines)
    assert evidence(PartCode.MEASUREMENT, need, verdict=verdict) == Evidence(PartCode.MEASUREMENT, strength)


def test_what_goes_with_an_object_counts_only_as_far_as_both_speak_of_the_same():
    need = replace(NEED, lines=(LINE.need,))
    other = CapabilityDocument("c", "省院", "通用卡尺", discipline="力学", region="330100")
    assert [part(score(need, other, PASS), code).points for code in (PartCode.MEASUREMENT, PartCode.REGION)] == [0, 0]


@given(st.lists(st.floats(-1, 1), min_size=len(PartCode), max_size=len(PartCode)), st.sampled_from(list(PartCode)))
def test_stronger_evidence_never_lowers_the_score(strengths, raised):
    weaker = [Evidence(code, strength) for code, strength in zip(PartCode, strengths, strict=True)]
    stronger = [replace(each, strength=1.0) if each.code is raised else each for each in weaker]
    totals = [sum(part.points for part in weigh(each, WEIGHTS)) for each in (weaker, stronger)]
    assert totals[0] <= totals[1] + 0.005


@pytest.mark.parametrize(
    ("points", "kept"),
    [
        ((30.0, -20.0), (30.0, -20.0)),
        ((12.0, -20.0, -4.0), (12.0, -12.0, 0.0)),
        ((0.0, -5.0), (0.0, 0.0)),
        ((1.004,), (1.0,)),
    ],
)
def test_no_deduction_takes_more_than_there_is(points, kept):
    parts = keep_above_zero([Part(PartCode.TEXT, value) for value in points])
    assert tuple(part.points for part in parts) == kept


@pytest.mark.parametrize(
    ("stated", "offered", "strength"),
    [("力学", "力学", 1.0), ("力学", "热学", 0.0), ("", "热学", 1.0)],
)
def test_disciplines_are_compared_as_stated_else_as_the_words_tell(stated, offered, strength):
    need, capability = replace(NEED, discipline=stated), replace(CAPABILITY, discipline=offered)
    assert evidence(PartCode.DISCIPLINE, need, capability).strength == strength


@pytest.mark.parametrize(
    ("asked", "offered", "expected"),
    [
        (("field",), ("lab", "field"), Evidence(PartCode.CONDITION, 1.0, ("mode:field",))),
        (("online",), ("lab",), Evidence(PartCode.CONDITION, -1.0, ("mode:online",))),
        (("online",), (), Evidence(PartCode.CONDITION)),
        ((), ("lab",), Evidence(PartCode.CONDITION)),
        (("lab",), ("field",), Evidence(PartCode.CONDITION)),
    ],
)
def test_conditions_count_when_both_sides_name_them(asked, offered, expected):
    need, capability = replace(NEED, modes=asked), replace(CAPABILITY, modes=offered)
    assert evidence(PartCode.CONDITION, need, capability) == expected


def test_another_medium_costs_less_than_a_mode_that_is_not_offered():
    need, capability = replace(NEED, text="介质为油"), replace(CAPABILITY, text="介质为水")
    assert evidence(PartCode.CONDITION, need, capability) == Evidence(PartCode.CONDITION, -1 / 3, ("medium:oil",))


def test_force_that_is_only_measured_at_rest_is_as_grave_as_a_mode_that_is_not_offered():
    need = replace(NEED, text="要做动态力校准")
    capability = replace(CAPABILITY, lines=(Line(Cells(object="力传感器"), quantity="force"),))
    assert evidence(PartCode.CONDITION, need, capability) == Evidence(PartCode.CONDITION, -1.0, ("motion:dynamic",))


@pytest.mark.parametrize(
    ("asked", "held", "expected"),
    [
        (("cnas",), ("cnas", "cma"), Evidence(PartCode.CREDENTIAL, 1.0, ("cnas",))),
        (("cnas", "cma"), ("cnas",), Evidence(PartCode.CREDENTIAL, -0.5, ("cma",))),
        ((), ("cnas",), Evidence(PartCode.CREDENTIAL)),
    ],
)
def test_credentials_count_when_they_are_asked_for(asked, held, expected):
    need, capability = replace(NEED, credentials=asked), replace(CAPABILITY, credentials=held)
    assert evidence(PartCode.CREDENTIAL, need, capability) == expected


def test_research_needs_no_credential():
    need, capability = replace(NEED, credentials=("cnas",)), replace(CAPABILITY, kind=CapabilityKind.RESEARCH)
    assert evidence(PartCode.CREDENTIAL, need, capability) == Evidence(PartCode.CREDENTIAL)


@pytest.mark.parametrize(
    ("region", "regions", "modes", "expected"),
    [
        ("330100", (), (), Evidence(PartCode.REGION, 1.0, ("same_city",))),
        ("330200", (), (), Evidence(PartCode.REGION, 0.5, ("same_province",))),
        ("310000", (), (), Evidence(PartCode.REGION)),
        ("", (), (), Evidence(PartCode.REGION)),
        ("330200", ("330000",), ("field",), Evidence(PartCode.REGION, 0.5, ("same_province",))),
        ("330200", ("330200",), ("field",), Evidence(PartCode.REGION, -1.0, ("not_served",))),
        ("330200", ("330200",), (), Evidence(PartCode.REGION, 0.5, ("same_province",))),
    ],
)
def test_near_is_better_and_who_must_come_but_does_not_loses(region, regions, modes, expected):
    capability = replace(CAPABILITY, region=region, regions=regions)
    assert evidence(PartCode.REGION, replace(NEED, modes=modes), capability) == expected


def test_a_shared_term_names_the_word_of_each_side():
    shared = score().terms[0]
    assert (shared.term, shared.need_word, shared.capability_word) == ("汽车衡", "地磅", "电子汽车衡")


def test_the_shared_terms_add_up_to_the_text_part_but_for_what_is_too_small_to_show():
    pairing = score()
    shown = sum(shared.points for shared in pairing.terms)
    assert 0.9 * part(pairing, PartCode.TEXT).points <= shown <= part(pairing, PartCode.TEXT).points + 0.05


def test_a_condition_that_is_not_offered_outweighs_figures_that_pass():
    need = replace(NEED, modes=("online",), lines=(LINE.need,))
    pairing = score(need, replace(CAPABILITY, modes=("lab",)), PASS)
    assert (pairing.missed, pairing.verdict.verdict, pairing.outcome) == (("mode:online",), Verdict.PASS, Verdict.FAIL)


def test_a_pairing_of_an_earlier_version_is_read_and_compared():
    now = score()
    stored = to_json(replace(now, parts=(Part(PartCode.TEXT, 40.0),), score=40.0))
    stored.pop("missed", None)
    earlier = from_json(Pairing, stored)
    lead = compare_pairings(now, earlier)
    assert (earlier.missed, round(sum(part.points for part in lead.parts), 2)) == ((), lead.points)


def test_a_lead_names_the_widest_gap_first_and_the_terms_only_the_better_has():
    better, other = score(), score(capability=CapabilityDocument("d", "市所", "JJG 539-2006"))
    lead = compare_pairings(better, other)
    assert lead.points == round(better.score - other.score, 2)
    assert round(sum(part.points for part in lead.parts), 2) == lead.points
    assert [abs(part.points) for part in lead.parts] == sorted((abs(part.points) for part in lead.parts), reverse=True)
    assert [shared.need_word for shared in lead.terms if isinstance(shared, SharedTerm)] == ["地磅"]
