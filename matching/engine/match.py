"""A need against an index of capabilities: ranked pairings with their reasons.

Pure functions of need, index and weights: the same input gives the same order, equal scores go by key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, pairwise

from matching.engine.documents import CapabilityKind, NeedDocument
from matching.engine.index import Candidate, Index
from matching.engine.judging import judge_pair
from matching.engine.profile import Profile, profile_need
from matching.engine.scoring import Lead, Pairing, Weights, compare_pairings, load_weights, score_pairing
from matching.engine.terms import terms_of
from matching.engine.verdicts import PairVerdict

# Judging a pair costs far more than comparing its words, so only the nearest are judged.
JUDGED = 60
# A line concerns a capability that shares at least this part of what the best line shares with it.
CONCERNED = 0.5

Judge = Callable[..., PairVerdict]


@dataclass(frozen=True, slots=True)
class Match:
    """The best pairings of a need: with existing capabilities, and apart from them with research."""

    existing: tuple[Pairing, ...] = ()
    research: tuple[Pairing, ...] = ()


def match(
    need: NeedDocument, index: Index, *, limit: int = 10, weights: Weights | None = None, judge: Judge = judge_pair
) -> Match:
    """The best pairings of a need, at most `limit` of each list."""
    inquiry = _inquire(need, weights, judge)

    def rank(kind: CapabilityKind) -> tuple[Pairing, ...]:
        candidates = index.candidates(need, inquiry.profile, kind, limit=JUDGED)
        return tuple(sorted(map(inquiry.pair, candidates), key=_rank)[:limit])

    return Match(existing=rank(CapabilityKind.SERVICE), research=rank(CapabilityKind.RESEARCH))


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
    pairings = map(inquiry.pair, index.candidates_among(inquiry.profile, keys, limit=JUDGED))
    return min(pairings, key=_rank, default=None)


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

    def pair(self, candidate: Candidate) -> Pairing:
        """The pairing with a candidate, judged by the lines that concern it."""
        concerned = find_concerned(self.objects, candidate.profile.terms)
        verdict = self.judge(
            tuple(compress(self.need.lines, concerned)),
            candidate.document.lines,
            required=tuple(compress(self.need.required, concerned)) or None,
        )
        return score_pairing(self.need, self.profile, candidate, verdict, self.weights)


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
