"""How well a ranking serves its needs: metrics over graded cases, and the plain baseline to compare with.

A grade says how well a capability serves a need: 3 fully, 2 in part or likely, 1 the same object but it does not
serve, 0 unrelated; what nobody graded counts as 0. A capability is useful from grade 2 on. A need with no useful
capability is a gap: its ranking is not scored, since no order of it would help, but recognising it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Any

from matching.engine.facts import Verdict
from matching.engine.match import GAP, Match
from matching.engine.scoring import Pairing

USEFUL = 2
TOP = 10
RESAMPLES = 2000
# A long need says what it is about at its beginning.
READ_BY_BASELINE = 600
VERDICT_WORDS = {
    Verdict.PASS: "covers",
    Verdict.PARTIAL: "partial",
    Verdict.FAIL: "fails",
    Verdict.UNKNOWN: "unknown",
}
MEASURES = ("ndcg@10", "r@10", "mrr", "p@1", "full@1")


@dataclass(frozen=True, slots=True)
class Case:
    """A need as it was judged: the grade of each judged capability, and the verdict where one was stated."""

    need: str
    tags: tuple[str, ...] = ()
    grades: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_gap(self) -> bool:
        """Whether nobody serves the need."""
        return max(self.grades.values(), default=0) < USEFUL


@dataclass(frozen=True, slots=True)
class Answer:
    """What a ranker says of a need: capabilities best first, verdicts, and how sure it is that nobody serves it."""

    ranking: tuple[str, ...]
    verdicts: Mapping[str, str] = field(default_factory=dict)
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference over needs and the ends of its paired bootstrap interval (95 %)."""

    mean: float
    low: float
    high: float


# --- From the engine's result ----------------------------------------------------------------------------------


def merge_lists(found: Match) -> tuple[Pairing, ...]:
    """Existing capabilities and research as one ranking, equal scores by key."""
    return tuple(sorted((*found.existing, *found.research), key=lambda pairing: (-pairing.score, pairing.key)))


def verdict_word(pairing: Pairing) -> str:
    """The verdict of a pairing in the words of a run: covers, partial, fails, unknown."""
    return VERDICT_WORDS[pairing.outcome]


# --- One need --------------------------------------------------------------------------------------------------


def measure_ranking(case: Case, ranking: Sequence[str]) -> dict[str, float]:
    """The measures of one ranking of a need that somebody serves.

    nDCG has the gain 2^grade − 1; recall, reciprocal rank and P@1 ask for useful capabilities, full@1 for a first
    place of grade 3 or, where there is none, of the highest grade.

    >>> measure_ranking(Case("n", grades={"a": 3, "b": 2, "c": 1}), ["c", "a"])
    {'ndcg@10': 0.5767, 'r@10': 0.5, 'mrr': 0.5, 'p@1': 0.0, 'full@1': 0.0}
    """
    grades = [case.grades.get(key, 0) for key in ranking]
    ideal = _discounted_gain(sorted(case.grades.values(), reverse=True))
    useful = sum(grade >= USEFUL for grade in case.grades.values())
    first = next((place for place, grade in enumerate(grades, start=1) if grade >= USEFUL), None)
    best = max(case.grades.values())
    values = (
        _discounted_gain(grades) / ideal,
        sum(grade >= USEFUL for grade in grades[:TOP]) / useful,
        1 / first if first else 0.0,
        float(first == 1),
        float(bool(grades) and grades[0] == best),
    )
    return dict(zip(MEASURES, (round(value, 4) for value in values), strict=True))


def _discounted_gain(grades: Sequence[int]) -> float:
    return float(sum((2**grade - 1) / log2(place + 1) for place, grade in enumerate(grades[:TOP], start=1)))


# --- Many needs ------------------------------------------------------------------------------------------------


def measure_all(cases: Sequence[Case], answers: Mapping[str, Answer], baseline: Mapping[str, Answer]) -> dict[str, Any]:
    """All figures as JSON data: rankings overall and by tag against the baseline, verdicts, gaps."""
    served = [case for case in cases if not case.is_gap]
    tags = list(dict.fromkeys(tag for case in served for tag in case.tags))
    return {
        "needs": len(cases),
        "gaps": len(cases) - len(served),
        "overall": compare_rankings(served, answers, baseline),
        "by_tag": {
            tag: compare_rankings([case for case in served if tag in case.tags], answers, baseline) for tag in tags
        },
        "verdicts": measure_verdicts(cases, answers),
        "gap_auroc": measure_gaps(cases, answers),
        "baseline_gap_auroc": measure_gaps(cases, baseline),
        "gaps_reported": count_gaps(cases, answers),
    }


def compare_rankings(
    cases: Sequence[Case], answers: Mapping[str, Answer], baseline: Mapping[str, Answer]
) -> dict[str, Any]:
    """The mean of each measure for the engine and the baseline, and their difference with its interval."""
    if not cases:
        return {"needs": 0}
    ours = [measure_ranking(case, answers[case.need].ranking) for case in cases]
    theirs = [measure_ranking(case, baseline[case.need].ranking) for case in cases]
    result: dict[str, Any] = {"needs": len(cases)}
    for measure in MEASURES:
        gains = [mine[measure] - other[measure] for mine, other in zip(ours, theirs, strict=True)]
        difference = bootstrap(gains)
        result[measure] = round(sum(one[measure] for one in ours) / len(cases), 4)
        result[f"baseline_{measure}"] = round(sum(one[measure] for one in theirs) / len(cases), 4)
        result[f"difference_{measure}"] = [difference.mean, difference.low, difference.high]
    return result


def bootstrap(differences: Sequence[float]) -> Difference:
    """The mean of paired differences with the 95 % interval of resampled needs; the same input gives the same ends.

    >>> bootstrap([0.5, 0.5])
    Difference(mean=0.5, low=0.5, high=0.5)
    """
    from numpy import asarray, percentile
    from numpy.random import default_rng

    values = asarray(differences, dtype=float)
    samples = default_rng(0).integers(0, len(values), size=(RESAMPLES, len(values)))
    low, high = percentile(values[samples].mean(axis=1), [2.5, 97.5])
    return Difference(round(float(values.mean()), 4), round(float(low), 4), round(float(high), 4))


def measure_verdicts(cases: Iterable[Case], answers: Mapping[str, Answer]) -> dict[str, Any]:
    """The share of stated verdicts that were given, and how often which was given for which."""
    pairs = [
        (stated, answers[case.need].verdicts.get(key, "unknown"))
        for case in cases
        for key, stated in case.verdicts.items()
    ]
    confused: dict[str, int] = {}
    for stated, given in pairs:
        if stated != given:
            confused[f"{stated}→{given}"] = confused.get(f"{stated}→{given}", 0) + 1
    accuracy = round(sum(stated == given for stated, given in pairs) / len(pairs), 4) if pairs else None
    return {"pairs": len(pairs), "accuracy": accuracy, "confused": dict(sorted(confused.items()))}


def measure_gaps(cases: Iterable[Case], answers: Mapping[str, Answer]) -> float | None:
    """How well the gap scores tell needs that nobody serves from the others: the area under the ROC curve."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    for case in cases:
        scores[case.is_gap].append(answers[case.need].gap)
    return area_under_curve(scores[True], scores[False])


def count_gaps(cases: Iterable[Case], answers: Mapping[str, Answer]) -> dict[str, int]:
    """How many needs are reported as gaps, rightly and wrongly."""
    reported = [case.is_gap for case in cases if answers[case.need].gap >= GAP]
    return {"right": sum(reported), "wrong": len(reported) - sum(reported)}


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """How often a positive scores above a negative, ties counting half; None if either is missing.

    >>> area_under_curve([0.9, 0.5], [0.5, 0.1])
    0.875
    """
    if not positive or not negative:
        return None
    wins = sum((one > other) + 0.5 * (one == other) for one in positive for other in negative)
    return round(wins / (len(positive) * len(negative)), 4)


# --- The plain baseline ----------------------------------------------------------------------------------------


def answer_plainly(needs: Mapping[str, str], capabilities: Mapping[str, str], *, limit: int) -> dict[str, Answer]:
    """What jieba words and TF-IDF give: capabilities by cosine, a gap where even the nearest is far."""
    import logging

    import jieba
    from numpy import argsort
    from sklearn.feature_extraction.text import TfidfVectorizer

    def words(text: str) -> list[str]:
        return [word for word in jieba.lcut(text) if len(word.strip()) > 1]

    jieba.setLogLevel(logging.ERROR)
    asked = {key: text[:READ_BY_BASELINE] for key, text in needs.items()}
    vectorizer = TfidfVectorizer(analyzer=words, sublinear_tf=True)
    vectors = vectorizer.fit_transform([*capabilities.values(), *asked.values()])
    offered, wanted = vectors[: len(capabilities)], vectors[len(capabilities) :]
    keys = list(capabilities)
    answers = {}
    for row, key in enumerate(asked):
        similarities = (offered @ wanted[row].T).toarray().ravel()
        order = argsort(-similarities, kind="stable")[:limit]
        ranking = tuple(keys[place] for place in order if similarities[place] > 0)
        answers[key] = Answer(ranking, gap=round(1.0 - float(similarities.max(initial=0.0)), 4))
    return answers
