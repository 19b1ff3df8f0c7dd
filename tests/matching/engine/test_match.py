from dataclasses import replace
from itertools import pairwise, permutations

import pytest

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line, Verdict
from matching.engine.index import build_index
from matching.engine.match import Match, explain_best, match, why_next_lower
from matching.engine.verdicts import PairVerdict

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


def test_taking_away_the_strongest_word_lowers_the_score():
    best = rank().existing[0]
    for shared in best.terms[:1]:
        poorer = replace(NEED, title=NEED.title.replace(shared.need_word, ""), text="", lines=())
        lowered = explain_best(poorer, build_index(CAPABILITIES), [best.key], judge=judge_nothing)
        assert lowered.score < best.score


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "1e999", "NaN", "。" * 1000])
def test_a_need_without_words_has_no_match(text):
    assert rank(NeedDocument("n", text, text)) == Match()
