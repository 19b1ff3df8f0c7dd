from dataclasses import replace

import pytest

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line, Verdict
from matching.engine.index import build_index
from matching.engine.profile import profile_need
from matching.engine.scoring import (
    CodeMatch,
    Part,
    PartCode,
    SharedTerm,
    compare_pairings,
    keep_above_zero,
    load_weights,
    score_pairing,
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
    return score_pairing(need, profile, candidate, verdict, WEIGHTS)


def part(pairing, code):
    return next(part for part in pairing.parts if part.code is code)


def test_the_weights_make_a_hundred():
    assert sum(getattr(WEIGHTS, code.value) for code in PartCode) == 100


def test_the_parts_come_in_order_and_add_up_to_the_score():
    pairing = score()
    assert [part.code for part in pairing.parts] == list(PartCode)
    assert round(sum(part.points for part in pairing.parts), 2) == pairing.score


def test_a_standard_in_common_counts_and_keeps_both_editions():
    pairing = score()
    assert (part(pairing, PartCode.CODE), pairing.codes) == (
        Part(PartCode.CODE, WEIGHTS.code, ("JJG 539",)),
        (CodeMatch("JJG 539", "2006", "2016"),),
    )


@pytest.mark.parametrize(
    ("need", "capability", "same"),
    [("2006", "2016", False), ("2016", "2016", True), ("", "2016", True), ("2006", "", True)],
)
def test_an_edition_left_open_is_no_other_edition(need, capability, same):
    assert CodeMatch("JJG 539", need, capability).is_same_edition is same


def test_silence_about_measurements_costs_nothing_and_a_failed_check_costs_points():
    unknown, failed = score(verdict=UNKNOWN), score(verdict=FAIL)
    assert part(unknown, PartCode.MEASUREMENT).points == 0
    assert part(failed, PartCode.MEASUREMENT).points == -WEIGHTS.measurement_fails
    assert round(unknown.score - failed.score, 2) == WEIGHTS.measurement_fails


def test_figures_that_fit_count_no_more_than_the_words():
    line = LineVerdict(
        Verdict.PASS,
        Line(Cells()),
        KindCheck(Verdict.PASS),
        CoverageCheck(Verdict.PASS),
        ParametersCheck(Verdict.PASS),
        UncertaintyCheck(Verdict.PASS),
    )
    passed = PairVerdict(Verdict.PASS, (line,), (True,))
    same = score(replace(NEED, lines=(line.need,)), verdict=passed)
    other = score(replace(NEED, lines=(line.need,)), CapabilityDocument("c", "省院", "通用卡尺"), passed)
    one_of_two = score(replace(NEED, lines=(line.need, line.need)), verdict=passed)
    assert [part(pairing, PartCode.MEASUREMENT) for pairing in (same, other, one_of_two)] == [
        Part(PartCode.MEASUREMENT, WEIGHTS.measurement),
        Part(PartCode.MEASUREMENT, 0.0, ("other_object",)),
        Part(PartCode.MEASUREMENT, WEIGHTS.measurement / 2),
    ]


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
    ("stated", "offered", "points"),
    [("力学", "力学", WEIGHTS.discipline), ("力学", "热学", 0), ("", "热学", WEIGHTS.discipline)],
)
def test_disciplines_are_compared_as_stated_else_as_the_words_tell(stated, offered, points):
    pairing = score(replace(NEED, discipline=stated), replace(CAPABILITY, discipline=offered))
    assert part(pairing, PartCode.DISCIPLINE).points == points


@pytest.mark.parametrize(
    ("asked", "offered", "expected"),
    [
        (("field",), ("lab", "field"), Part(PartCode.CONDITION, WEIGHTS.condition, ("mode:field",))),
        (("online",), ("lab",), Part(PartCode.CONDITION, -WEIGHTS.condition_fails, ("mode:online",))),
        (("online",), (), Part(PartCode.CONDITION)),
        ((), ("lab",), Part(PartCode.CONDITION)),
        (("lab",), ("field",), Part(PartCode.CONDITION)),
    ],
)
def test_conditions_count_when_both_sides_name_them(asked, offered, expected):
    assert part(score(replace(NEED, modes=asked), replace(CAPABILITY, modes=offered)), PartCode.CONDITION) == expected


def test_another_medium_costs_less_than_a_mode_that_is_not_offered():
    need, capability = replace(NEED, text="介质为油"), replace(CAPABILITY, text="介质为水")
    assert part(score(need, capability), PartCode.CONDITION) == Part(
        PartCode.CONDITION, -WEIGHTS.condition, ("medium:oil",)
    )


@pytest.mark.parametrize(
    ("asked", "held", "expected"),
    [
        (("cnas",), ("cnas", "cma"), Part(PartCode.CREDENTIAL, WEIGHTS.credential, ("cnas",))),
        (("cnas", "cma"), ("cnas",), Part(PartCode.CREDENTIAL, -WEIGHTS.credential / 2, ("cma",))),
        ((), ("cnas",), Part(PartCode.CREDENTIAL)),
    ],
)
def test_credentials_count_when_they_are_asked_for(asked, held, expected):
    pairing = score(replace(NEED, credentials=asked), replace(CAPABILITY, credentials=held))
    assert part(pairing, PartCode.CREDENTIAL) == expected


def test_research_needs_no_credential():
    need, capability = replace(NEED, credentials=("cnas",)), replace(CAPABILITY, kind=CapabilityKind.RESEARCH)
    assert part(score(need, capability), PartCode.CREDENTIAL) == Part(PartCode.CREDENTIAL)


@pytest.mark.parametrize(
    ("region", "regions", "modes", "expected"),
    [
        ("330100", (), (), Part(PartCode.REGION, WEIGHTS.region, ("same_city",))),
        ("330200", (), (), Part(PartCode.REGION, WEIGHTS.region / 2, ("same_province",))),
        ("310000", (), (), Part(PartCode.REGION)),
        ("", (), (), Part(PartCode.REGION)),
        ("330200", ("330000",), ("field",), Part(PartCode.REGION, WEIGHTS.region / 2, ("same_province",))),
        ("330200", ("330200",), ("field",), Part(PartCode.REGION, -WEIGHTS.region, ("not_served",))),
        ("330200", ("330200",), (), Part(PartCode.REGION, WEIGHTS.region / 2, ("same_province",))),
    ],
)
def test_near_is_better_and_who_must_come_but_does_not_loses(region, regions, modes, expected):
    capability = replace(CAPABILITY, region=region, regions=regions)
    assert part(score(replace(NEED, modes=modes), capability), PartCode.REGION) == expected


def test_a_shared_term_names_the_word_of_each_side():
    shared = score().terms[0]
    assert (shared.term, shared.need_word, shared.capability_word) == ("汽车衡", "地磅", "电子汽车衡")


def test_the_shared_terms_add_up_to_the_text_part_but_for_what_is_too_small_to_show():
    pairing = score()
    shown = sum(shared.points for shared in pairing.terms)
    assert 0.9 * part(pairing, PartCode.TEXT).points <= shown <= part(pairing, PartCode.TEXT).points + 0.05


def test_a_lead_names_the_widest_gap_first_and_the_terms_only_the_better_has():
    better, other = score(), score(capability=CapabilityDocument("d", "市所", "JJG 539-2006"))
    lead = compare_pairings(better, other)
    assert lead.points == round(better.score - other.score, 2)
    assert round(sum(part.points for part in lead.parts), 2) == lead.points
    assert [abs(part.points) for part in lead.parts] == sorted((abs(part.points) for part in lead.parts), reverse=True)
    assert [shared.need_word for shared in lead.terms if isinstance(shared, SharedTerm)] == ["地磅"]
