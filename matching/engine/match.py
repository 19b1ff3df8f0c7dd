"""A need against an index of capabilities: ranked pairings with their reasons.

Pure functions of need, index and weights: the same input gives the same order, equal scores go by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, compress, pairwise
from math import exp

from matching.engine.documents import CapabilityKind, NeedDocument
from matching.engine.facts import Line, Verdict
from matching.engine.index import Candidate, Index
from matching.engine.judging import judge_pair
from matching.engine.profile import Profile, profile_need
from matching.engine.scoring import (
    Evidence,
    Lead,
    Pairing,
    Weights,
    compare_pairings,
    find_evidence,
    load_weights,
    score_pairing,
    serving,
    show_terms,
)
from matching.engine.terms import terms_of
from matching.engine.verdicts import LineVerdict, PairVerdict

# Judging a pair costs far more than comparing its words, so only the nearest are judged.
JUDGED = 60
# A line concerns a capability that shares at least this part of what the best line shares with it.
CONCERNED = 0.5
# From this gap score on a need is said to be served by nobody.
GAP = 0.5

Judge = Callable[..., PairVerdict]


class Aspect(StrEnum):
    """What is missing most where nobody can serve a need."""

    OBJECT = "object"
    RANGE = "range"
    UNCERTAINTY = "uncertainty"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Gap:
    """That nobody can serve a need: how sure this is, from 0 to 1, and what is missing where it comes nearest.

    `nearest` is the key of that capability, `line` the line of the need it does not serve, `missed` the
    conditions it does not offer.
    """

    score: float
    aspect: Aspect
    nearest: str = ""
    line: Line | None = None
    missed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The best pairings of a need: with existing capabilities, and apart from them with research.

    `gap_score` says how likely it is that nobody can serve the need; `gap` is there from one half on.
    """

    existing: tuple[Pairing, ...] = ()
    research: tuple[Pairing, ...] = ()
    gap_score: float = 1.0
    gap: Gap | None = None


def match(
    need: NeedDocument, index: Index, *, limit: int = 10, weights: Weights | None = None, judge: Judge = judge_pair
) -> Match:
    """The best pairings of a need, at most `limit` of each list."""
    inquiry = _inquire(need, weights, judge)

    found = index.candidates(need, inquiry.profile, limit=JUDGED)

    ranked = {kind: inquiry.rank(found[kind]) for kind in CapabilityKind}
    pairings = [pairing for pairing, _ in chain.from_iterable(ranked.values())]
    score = score_gap(pairings, inquiry.weights)
    gap = find_gap(min(pairings, key=_rank, default=None), score) if score >= GAP else None
    existing, research = (tuple(map(inquiry.show, ranked[kind][:limit])) for kind in CapabilityKind)
    return Match(existing, research, score, gap)


def score_gap(pairings: Iterable[Pairing], weights: Weights) -> float:
    """How likely it is that nobody can serve a need that has these pairings: 0 surely served, 1 surely not."""
    best = max((serving(pairing.parts) for pairing in pairings), default=0.0)
    return round(1 / (1 + exp((best - weights.served_at) / weights.served_by)), 4)


def find_gap(nearest: Pairing | None, score: float) -> Gap:
    """What is missing where a need comes nearest to being served."""
    if nearest is None:
        return Gap(score, Aspect.OBJECT)
    failing = next((line for line in nearest.verdict.counted if line.verdict is Verdict.FAIL), None)
    if failing is not None:
        return Gap(score, _missing(failing), nearest.key, failing.need, nearest.missed)
    return Gap(score, Aspect.CONDITION if nearest.missed else Aspect.OBJECT, nearest.key, missed=nearest.missed)


def _missing(line: LineVerdict) -> Aspect:
    if line.kind.verdict is Verdict.FAIL:
        return Aspect.OBJECT
    if Verdict.FAIL in (line.coverage.verdict, line.parameters.verdict):
        return Aspect.RANGE
    return Aspect.UNCERTAINTY


def explain_best(
    need: NeedDocument,
    index: Index,
    keys: Iterable[str],
    *,
    weights: Weights | None = None,
    judge: Judge = judge_pair,
) -> Pairing | None:
    """The best pairing of a need among given capabilities, even if it ranks low: 「为什么不是我」."""
    inquiry = _inquire(need, weights, judge)
    ranked = inquiry.rank(index.candidates_among(inquiry.profile, keys, limit=JUDGED))
    return inquiry.show(ranked[0]) if ranked else None


def gather_evidence(need: NeedDocument, index: Index, *, judge: Judge = judge_pair) -> dict[str, tuple[Evidence, ...]]:
    """What speaks for and against each candidate of a need, by key, in the order of the keys."""
    inquiry = _inquire(need, None, judge)
    candidates = chain.from_iterable(index.candidates(need, inquiry.profile, limit=JUDGED).values())
    found = {
        candidate.document.key: find_evidence(need, inquiry.profile, candidate, inquiry.judge_lines(candidate))
        for candidate in candidates
    }
    return dict(sorted(found.items()))


def why_next_lower(pairings: Sequence[Pairing]) -> tuple[Lead, ...]:
    """For each pairing of a ranking but the last, why it stands above the next."""
    return tuple(compare_pairings(better, other) for better, other in pairwise(pairings))


@dataclass(frozen=True, slots=True)
class _Inquiry:
    """A need, read once for all its candidates. `objects` are the terms of each line's object."""

    need: NeedDocument
    profile: Profile
    objects: tuple[dict[str, float], ...]
    weights: Weights
    judge: Judge

    def rank(self, candidates: Iterable[Candidate]) -> list[tuple[Pairing, Candidate]]:
        """The candidates with their pairings, the best first."""
        pairs = ((self.pair(candidate), candidate) for candidate in candidates)
        return sorted(pairs, key=lambda pair: _rank(pair[0]))

    def pair(self, candidate: Candidate) -> Pairing:
        """The pairing with a candidate, without the words that both share."""
        return score_pairing(self.need, self.profile, candidate, self.judge_lines(candidate), self.weights)

    def show(self, pair: tuple[Pairing, Candidate]) -> Pairing:
        """The pairing with the words that both share, which only those that are shown need."""
        return show_terms(pair[0], self.need, self.profile, pair[1], self.weights)

    def judge_lines(self, candidate: Candidate) -> PairVerdict:
        """The verdict of a candidate on the lines that concern it."""
        concerned = find_concerned(self.objects, candidate.profile.terms)
        return self.judge(
            tuple(compress(self.need.lines, concerned)),
            candidate.document.lines,
            required=tuple(compress(self.need.required, concerned)) or None,
        )


def _inquire(need: NeedDocument, weights: Weights | None, judge: Judge) -> _Inquiry:
    objects = tuple(terms_of(line.cells.object) for line in need.lines)
    return _Inquiry(need, profile_need(need), objects, weights or load_weights(), judge)


def _rank(pairing: Pairing) -> tuple[float, str]:
    return -pairing.score, pairing.key


def find_concerned(objects: Sequence[Mapping[str, float]], capability: Mapping[str, float]) -> tuple[bool, ...]:
    """Which lines of a need speak of what a capability is about; all of them if none does.

    A need for 地磅 and 拉力机 is met by two capabilities, and neither fails for the other's line.

    >>> find_concerned([{"汽车衡": 1.0}, {"万能试验机": 1.0}], {"汽车衡": 1.0})
    (True, False)
    """
    shared = [
        max((min(weight, capability.get(term, 0.0)) for term, weight in terms.items()), default=0.0)
        for terms in objects
    ]
    least = CONCERNED * max(shared, default=0.0)
    return tuple(overlap >= least for overlap in shared)
