"""A need against an index of capabilities: ranked pairings with their reasons.

Pure functions of need, index and weights: the same input gives the same order, equal scores go by key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matching.engine.documents import CapabilityKind, NeedDocument
from matching.engine.index import Candidate, Index
from matching.engine.judging import judge_pair
from matching.engine.profile import Profile, profile_need
from matching.engine.scoring import Lead, Pairing, Weights, compare_pairings, load_weights, score_pairing
from matching.engine.verdicts import PairVerdict

# Judging a pair costs far more than comparing its words, so only the nearest are judged.
JUDGED = 60

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
    profile = profile_need(need)

    def rank(kind: CapabilityKind) -> tuple[Pairing, ...]:
        candidates = index.candidates(need, profile, kind, limit=JUDGED)
        pairings = [_pair(need, profile, candidate, weights, judge) for candidate in candidates]
        return tuple(sorted(pairings, key=lambda pairing: (-pairing.score, pairing.key))[:limit])

    return Match(existing=rank(CapabilityKind.SERVICE), research=rank(CapabilityKind.RESEARCH))


def explain_one(
    need: NeedDocument, index: Index, key: str, *, weights: Weights | None = None, judge: Judge = judge_pair
) -> Pairing:
    """The pairing of a need with one given capability, even if it ranks low: 「为什么不是我」."""
    profile = profile_need(need)
    return _pair(need, profile, index.candidate(profile, key), weights, judge)


def why_next_lower(pairings: Sequence[Pairing]) -> tuple[Lead, ...]:
    """For each pairing of a ranking but the last, why it stands above the next."""
    return tuple(compare_pairings(better, other) for better, other in pairwise(pairings))


def _pair(need: NeedDocument, profile: Profile, candidate: Candidate, weights: Weights | None, judge: Judge) -> Pairing:
    verdict = judge(need.lines, candidate.document.lines, required=need.required or None)
    return score_pairing(need, profile, candidate, verdict, weights or load_weights())
