from dataclasses import replace

import pytest

from matching.engine.evaluation import (
    Answer,
    Case,
    Difference,
    answer_plainly,
    area_under_curve,
    bootstrap,
    compare_rankings,
    count_gaps,
    measure_all,
    measure_gaps,
    measure_ranking,
    measure_verdicts,
    merge_lists,
    verdict_word,
)
from matching.engine.facts import Verdict
from matching.engine.match import Match
from matching.engine.scoring import Pairing
from matching.engine.verdicts import PairVerdict

CASE = Case("n1", ("easy",), {"a": 3, "b": 2, "c": 1, "d": 0}, {"a": "covers", "c": "fails"})
GAP_CASE = Case("n2", ("nobody",), {"c": 1, "d": 0})
PERFECT = Answer(("a", "b", "c", "d"), {"a": "covers", "c": "partial"}, gap=0.1)
EMPTY = Answer(())


def pairing(key, score, verdict=Verdict.UNKNOWN):
    return Pairing(key, "某所", score, (), (), (), PairVerdict(verdict))


@pytest.mark.parametrize(
    ("ranking", "values"),
    [
        ("abcd", [1.0, 1.0, 1.0, 1.0, 1.0]),
        ("bacd", [0.8428, 1.0, 1.0, 1.0, 0.0]),
        ("dcba", [0.5478, 1.0, 0.3333, 0.0, 0.0]),
        ("xyz", [0.0, 0.0, 0.0, 0.0, 0.0]),
        ("", [0.0, 0.0, 0.0, 0.0, 0.0]),
        ("xxxxxxxxxxa", [0.0, 0.0, 0.0909, 0.0, 0.0]),
    ],
)
def test_a_ranking_is_measured_by_its_grades(ranking, values):
    assert list(measure_ranking(CASE, list(ranking)).values()) == values


def test_rankings_are_compared_need_by_need_with_the_baseline():
    compared = compare_rankings([CASE], {"n1": PERFECT}, {"n1": EMPTY})
    assert (compared["needs"], compared["ndcg@10"], compared["baseline_ndcg@10"]) == (1, 1.0, 0.0)
    assert compared["difference_ndcg@10"] == [1.0, 1.0, 1.0]


def test_the_interval_holds_the_mean_and_is_the_same_each_time():
    differences = [0.4, -0.1, 0.2, 0.3, 0.0, 0.1]
    first = bootstrap(differences)
    assert first == bootstrap(differences)
    assert first.mean == 0.15
    assert first.low < 0.15 < first.high
    assert bootstrap([0.0]) == Difference(0.0, 0.0, 0.0)


def test_gaps_count_for_detection_and_not_for_the_ranking():
    answers = {"n1": PERFECT, "n2": Answer(("c",), gap=0.8)}
    measured = measure_all([CASE, GAP_CASE], answers, {"n1": EMPTY, "n2": EMPTY})
    assert (measured["needs"], measured["gaps"], measured["overall"]["needs"]) == (2, 1, 1)
    assert list(measured["by_tag"]) == ["easy"]
    assert (measured["gap_auroc"], measured["baseline_gap_auroc"]) == (1.0, 0.5)
    assert measured["gaps_reported"] == {"right": 1, "wrong": 0}


def test_a_gap_reported_for_a_need_that_is_served_is_wrong():
    assert count_gaps([CASE], {"n1": Answer((), gap=1.0)}) == {"right": 0, "wrong": 1}


def test_verdicts_are_compared_with_what_was_stated_and_silence_is_unknown():
    assert measure_verdicts([CASE], {"n1": PERFECT}) == {"pairs": 2, "accuracy": 0.5, "confused": {"fails→partial": 1}}
    silent = {"pairs": 2, "accuracy": 0.0, "confused": {"covers→unknown": 1, "fails→unknown": 1}}
    assert measure_verdicts([CASE], {"n1": EMPTY}) == silent
    assert measure_verdicts([GAP_CASE], {"n2": EMPTY}) == {"pairs": 0, "accuracy": None, "confused": {}}


def test_without_gaps_there_is_no_curve():
    assert measure_gaps([CASE], {"n1": PERFECT}) is None
    assert area_under_curve([], [0.1]) is None
    assert area_under_curve([0.2], [0.1, 0.2, 0.3]) == 0.5


def test_both_lists_are_one_ranking_with_equal_scores_by_key():
    found = Match(existing=(pairing("b", 50), pairing("c", 20)), research=(pairing("a", 50),))
    assert [one.key for one in merge_lists(found)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("verdict", "missed", "word"),
    [
        (Verdict.PASS, (), "covers"),
        (Verdict.PARTIAL, (), "partial"),
        (Verdict.FAIL, (), "fails"),
        (Verdict.UNKNOWN, (), "unknown"),
        (Verdict.PASS, ("mode:online",), "fails"),
    ],
)
def test_a_verdict_is_that_of_figures_and_conditions(verdict, missed, word):
    assert verdict_word(replace(pairing("a", 40, verdict), missed=missed)) == word


def test_the_baseline_ranks_by_shared_words_and_leaves_out_what_shares_none():
    capabilities = {"scale": "电子汽车衡 检定", "furnace": "箱式电阻炉 温度", "clock": "原子钟"}
    answers = answer_plainly({"n": "电子汽车衡 期间核查", "m": "外星语言"}, capabilities, limit=5)
    assert (answers["n"].ranking, answers["m"]) == (("scale",), Answer((), gap=1.0))
    assert 0 < answers["n"].gap < 1
