from dataclasses import replace
from itertools import pairwise, permutations

import pytest

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line, Verdict
from matching.engine.index import build_index
from matching.engine.match import (
    GAP,
    Aspect,
    Gap,
    Match,
    explain_best,
    find_gap,
    match,
    score_gap,
    why_next_lower,
)
from matching.engine.scoring import load_weights
from matching.engine.verdicts import PairVerdict
from tests.matching.engine.by_hand import line, mpe, span, u

NEED = NeedDocument("n", "地磅检定", "60吨地磅，要上门", lines=(Line(Cells(object="地磅"), quantity="mass"),))
CAPABILITIES = (
    CapabilityDocument("near", "省院", "电子汽车衡", modes=("field",)),
    CapabilityDocument("lab", "市所", "电子汽车衡", modes=("lab",)),
    CapabilityDocument("dynamic", "省院", "动态公路车辆自动衡器"),
    CapabilityDocument("caliper", "市所", "通用卡尺"),
    CapabilityDocument("study", "大学", "汽车衡远程校准方法研究", kind=CapabilityKind.RESEARCH),
)


def judge_nothing(lines, rows, *, required=None):
    return PairVerdict(Verdict.UNKNOWN)


def rank(need=NEED, capabilities=CAPABILITIES, **options):
    return match(need, build_index(capabilities), judge=judge_nothing, **options)


def keys(pairings):
    return [pairing.key for pairing in pairings]


def test_services_and_research_are_ranked_apart():
    found = rank()
    assert (keys(found.existing), keys(found.research)) == (["near", "lab", "dynamic"], ["study"])


def test_the_limit_holds_for_each_list():
    found = rank(limit=1)
    assert (keys(found.existing), keys(found.research)) == (["near"], ["study"])


def test_what_fails_the_measurement_check_falls_back():
    def judge(lines, rows, *, required=None):
        return PairVerdict(Verdict.FAIL if rows else Verdict.UNKNOWN)

    able = replace(CAPABILITIES[1], key="able")
    unable = replace(CAPABILITIES[1], key="unable", lines=(Line(Cells(object="电子汽车衡"), quantity="mass"),))
    assert keys(match(NEED, build_index([unable, able]), judge=judge).existing) == ["able", "unable"]


def test_wishes_are_told_from_requirements():
    seen = []

    def judge(lines, rows, *, required=None):
        seen.append(required)
        return PairVerdict(Verdict.UNKNOWN)

    index = build_index(CAPABILITIES[:1])
    match(NEED, index, judge=judge)
    match(replace(NEED, required=(False,)), index, judge=judge)
    assert seen == [None, (False,)]


def test_a_capability_is_judged_by_the_lines_that_concern_it():
    seen = {}

    def judge(lines, rows, *, required=None):
        seen[rows[0].cells.object] = ([line.cells.object for line in lines], required)
        return PairVerdict(Verdict.UNKNOWN)

    objects = ("地磅", "拉力机", "导管架")
    need = NeedDocument(
        "n",
        "地磅、拉力机送检",
        lines=tuple(Line(Cells(object=word), quantity="mass") for word in objects),
        required=(True, False, True),
    )
    index = build_index(
        CapabilityDocument(word, "省院", word, lines=(Line(Cells(object=word), quantity="mass"),))
        for word in ("电子汽车衡", "万能试验机", "通用卡尺")
    )
    match(need, index, judge=judge)
    assert seen == {
        "电子汽车衡": (["地磅"], (True,)),
        "万能试验机": (["拉力机"], (False,)),
        "通用卡尺": (list(objects), (True, False, True)),
    }


def test_the_same_input_in_any_order_gives_the_same_match():
    twins = [replace(CAPABILITIES[0], key=key) for key in ("b", "a", "c")]
    assert [keys(rank(capabilities=order).existing) for order in permutations(twins)] == [["a", "b", "c"]] * 6
    assert rank() == rank()


def test_only_the_nearest_are_judged():
    seen = []

    def judge(lines, rows, *, required=None):
        seen.append(rows)
        return PairVerdict(Verdict.UNKNOWN)

    capabilities = [CapabilityDocument(f"{number:03}", "省院", "电子汽车衡") for number in range(300)]
    match(NEED, build_index(capabilities), judge=judge)
    assert len(seen) == 60


def test_one_capability_is_explained_as_it_is_in_the_ranking():
    index = build_index(CAPABILITIES)
    found = match(NEED, index, judge=judge_nothing)
    for pairing in (*found.existing, *found.research):
        assert explain_best(NEED, index, [pairing.key], judge=judge_nothing) == pairing


def test_a_capability_that_shares_nothing_is_explained_too():
    pairing = explain_best(NEED, build_index(CAPABILITIES), ["caliper"], judge=judge_nothing)
    assert (pairing.score, pairing.terms, pairing.codes) == (0.0, (), ())


def test_each_pairing_but_the_last_says_why_it_stands_above_the_next():
    existing = rank().existing
    leads = why_next_lower(existing)
    assert [lead.points for lead in leads] == [
        round(better.score - other.score, 2) for better, other in pairwise(existing)
    ]
    assert leads[0].parts[0].details == ("mode:field",)


def test_taking_away_a_shown_term_lowers_the_score():
    index = build_index(CAPABILITIES)
    for need in (NEED, replace(NEED, title="汽车衡和卡尺", text="我司有地磅。卡尺、汽车衡要检定，最好能远程校准")):
        for pairing in (*rank(need).existing, *rank(need).research):
            for shared in pairing.terms:
                poorer = replace(need, title=_without(need.title, shared), text=_without(need.text, shared), lines=())
                lowered = explain_best(poorer, index, [pairing.key], judge=judge_nothing)
                assert lowered.score < pairing.score


def _without(text, shared):
    return text.replace(shared.need_word, " ")


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "1e999", "NaN", "。" * 1000])
def test_a_need_without_words_has_no_match(text):
    found = rank(NeedDocument("n", text, text))
    assert found == Match(gap_score=found.gap_score, gap=Gap(found.gap_score, Aspect.OBJECT))


def test_a_need_that_somebody_serves_is_no_gap():
    need = replace(NEED, lines=(line("mass", span("0", "60", "t", "mass"), mpe("60", "kg")),))
    able = replace(CAPABILITIES[0], lines=(line("mass", span("0", "100", "t", "mass"), u("10", "kg")),))
    found = match(need, build_index([able, *CAPABILITIES[3:]]))
    assert (found.gap, found.gap_score < GAP) == (None, True)


def test_a_need_that_the_nearest_cannot_serve_is_a_gap():
    need = replace(NEED, lines=(line("mass", span("0", "60", "t", "mass"), mpe("60", "kg")),))
    coarse = replace(CAPABILITIES[0], lines=(line("mass", span("0", "100", "t", "mass"), u("50", "kg")),))
    found = match(need, build_index([coarse, *CAPABILITIES[3:]]))
    assert (found.gap.aspect, found.gap.nearest) == (Aspect.UNCERTAINTY, "near")


def test_a_need_nobody_serves_names_what_comes_nearest_and_that_its_object_is_unknown():
    found = rank(NeedDocument("n", "汽车漆面光泽和色差的比对"))
    assert found.gap == Gap(found.gap_score, Aspect.OBJECT, nearest="lab")


@pytest.mark.parametrize(
    ("asked", "offered", "aspect"),
    [
        (line("mass", span("0", "500", "t", "mass")), line("mass", span("0", "100", "t", "mass")), None),
        (line("mass", span("200", "500", "t", "mass")), line("mass", span("0", "100", "t", "mass")), Aspect.RANGE),
        (line("length", span("0", "1", "m", "length")), line("mass", span("0", "100", "t", "mass")), Aspect.OBJECT),
        (
            line("mass", span("0", "90", "t", "mass"), u("1", "g")),
            line("mass", span("0", "100", "t", "mass"), u("1", "kg")),
            Aspect.UNCERTAINTY,
        ),
    ],
)
def test_a_gap_names_the_line_and_the_aspect_that_is_missing(asked, offered, aspect):
    need = NeedDocument("n", "汽车衡", lines=(asked,))
    (pairing,) = match(need, build_index([CapabilityDocument("c", "省院", "汽车衡", lines=(offered,))])).existing
    gap = find_gap(pairing, 0.9)
    assert gap == Gap(0.9, aspect or Aspect.OBJECT, "c", line=asked if aspect else None)


def test_a_condition_that_nobody_offers_is_what_is_missing():
    need = replace(NEED, lines=(), modes=("online",))
    (pairing,) = rank(need, CAPABILITIES[1:2]).existing
    assert find_gap(pairing, 0.9) == Gap(0.9, Aspect.CONDITION, "lab", missed=pairing.missed)


def test_a_better_pairing_makes_a_gap_less_likely():
    best, worse = rank().existing[:1], rank().existing[-1:]
    assert score_gap(best, load_weights()) < score_gap(worse, load_weights()) < score_gap((), load_weights())
