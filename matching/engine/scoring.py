"""The score of a pairing: one part for each kind of evidence, and the score is the sum of its parts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import resources

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Verdict
from matching.engine.index import Candidate
from matching.engine.profile import Profile
from matching.engine.verdicts import PairVerdict

ON_SITE = frozenset({"field", "online", "in_situ"})
# A shared term is shown when it carries this share of the text part.
SHOWN_SHARE = 0.03


class PartCode(StrEnum):
    """The kinds of evidence, in the order in which they are shown."""

    TEXT = "text"
    MEASUREMENT = "measurement"
    CODE = "code"
    DISCIPLINE = "discipline"
    CONDITION = "condition"
    CREDENTIAL = "credential"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Part:
    """Points for one kind of evidence, and what they were given or taken for (conditions, credentials …)."""

    code: PartCode
    points: float = 0.0
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SharedTerm:
    """A term both sides have, its share of the text part, and the word each side used for it."""

    term: str
    points: float
    need_word: str
    capability_word: str


@dataclass(frozen=True, slots=True)
class CodeMatch:
    """A standard both sides name, with the edition each names ('' when none)."""

    code: str
    need_edition: str = ""
    capability_edition: str = ""

    @property
    def is_same_edition(self) -> bool:
        """Whether the editions agree, or one side leaves its edition open."""
        return self.need_edition == self.capability_edition or not (self.need_edition and self.capability_edition)


@dataclass(frozen=True, slots=True)
class Pairing:
    """A need and a capability: score from 0 to 100, the parts that add up to it, and the evidence."""

    key: str
    provider: str
    score: float
    parts: tuple[Part, ...]
    terms: tuple[SharedTerm, ...]
    codes: tuple[CodeMatch, ...]
    verdict: PairVerdict


@dataclass(frozen=True, slots=True)
class Lead:
    """Why one pairing stands above another: the parts by which they differ, the widest gap first."""

    points: float
    parts: tuple[Part, ...]
    terms: tuple[SharedTerm, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """The most points each kind of evidence can give; what ends in `_fails` is taken when it speaks against."""

    version: str
    text: float
    measurement: float
    measurement_fails: float
    code: float
    discipline: float
    condition: float
    condition_fails: float
    credential: float
    region: float


@cache
def load_weights() -> Weights:
    """The weights in use."""
    data = (resources.files("matching.engine") / "data" / "weights.json").read_text(encoding="utf-8")
    return Weights(**json.loads(data))


def score_pairing(
    need: NeedDocument, profile: Profile, candidate: Candidate, verdict: PairVerdict, weights: Weights
) -> Pairing:
    """The pairing of a need, with its profile, and a candidate whose measurements have been judged."""
    capability = candidate.document
    codes = match_codes(profile, candidate.profile)
    text_points = weights.text * score_similarity(candidate.similarity)
    parts = keep_above_zero(
        (
            Part(PartCode.TEXT, text_points),
            _score_measurement(need, verdict, text_points, weights),
            _score_codes(codes, weights),
            _score_discipline(need, profile, candidate, weights),
            _score_conditions(profile, candidate.profile, weights),
            _score_credentials(need, capability, weights),
            _score_region(need, profile, capability, weights),
        )
    )
    return Pairing(
        key=capability.key,
        provider=capability.provider,
        score=round(sum(part.points for part in parts), 2),
        parts=parts,
        terms=_shared_terms(profile, candidate, text_points),
        codes=codes,
        verdict=verdict,
    )


def score_similarity(similarity: float) -> float:
    """The share of the text points that a similarity of words is worth.

    Once both sides plainly speak of the same object, a few words more say little and the figures decide.

    >>> [round(score_similarity(similarity), 2) for similarity in (0.1, 0.5, 0.8, 1.0)]
    [0.19, 0.75, 0.96, 1.0]
    """
    return 1 - (1 - similarity) ** 2


def keep_above_zero(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts to a hundredth, where no deduction takes more than is there.

    >>> [part.points for part in keep_above_zero([Part(PartCode.TEXT, 12.0), Part(PartCode.MEASUREMENT, -20.0)])]
    [12.0, -12.0]
    """
    rounded = [replace(part, points=round(part.points, 2)) for part in parts]
    left = round(sum(part.points for part in rounded if part.points > 0), 2)
    kept = []
    for part in rounded:
        if part.points < 0:
            taken = min(-part.points, left)
            left = round(left - taken, 2)
            part = replace(part, points=0.0 - taken)
        kept.append(part)
    return tuple(kept)


def compare_pairings(better: Pairing, other: Pairing) -> Lead:
    """Why the first pairing stands above the second."""
    gaps = [
        replace(ours, points=round(ours.points - theirs.points, 2))
        for ours, theirs in zip(better.parts, other.parts, strict=True)
    ]
    known = {shared.term for shared in other.terms}
    return Lead(
        points=round(better.score - other.score, 2),
        parts=tuple(sorted((gap for gap in gaps if gap.points), key=lambda gap: -abs(gap.points))),
        terms=tuple(shared for shared in better.terms if shared.term not in known),
    )


def match_codes(need: Profile, capability: Profile) -> tuple[CodeMatch, ...]:
    """The standards both sides name, by number; the editions may differ."""
    return tuple(
        CodeMatch(code, edition, capability.codes[code])
        for code, edition in sorted(need.codes.items())
        if code in capability.codes
    )


def _shared_terms(profile: Profile, candidate: Candidate, points: float) -> tuple[SharedTerm, ...]:
    """The words of the need that the capability shares, each with all the terms it led to."""
    by_word: dict[str, list[tuple[str, float]]] = {}
    for term, share in candidate.shares:
        by_word.setdefault(profile.words.get(term, term), []).append((term, share))
    shared = [
        SharedTerm(
            term=terms[0][0],
            points=round(points * sum(share for _, share in terms) / candidate.similarity, 2),
            need_word=word,
            capability_word=candidate.profile.words.get(terms[0][0], terms[0][0]),
        )
        for word, terms in by_word.items()
    ]
    shared.sort(key=lambda term: (-term.points, term.term))
    return tuple(term for term in shared if term.points >= SHOWN_SHARE * points)


def _score_measurement(need: NeedDocument, verdict: PairVerdict, text_points: float, weights: Weights) -> Part:
    """Silence costs nothing, and figures that fit count no more than the words that say they are about the same.

    Lines of the need that do not concern the capability are not in the verdict: they give no points.
    """
    if verdict.verdict is Verdict.FAIL:
        return Part(PartCode.MEASUREMENT, -weights.measurement_fails)
    points = weights.measurement * verdict.share * len(verdict.lines) / max(len(need.lines), 1)
    if points > text_points:
        return Part(PartCode.MEASUREMENT, text_points, ("other_object",))
    return Part(PartCode.MEASUREMENT, points)


def _score_codes(codes: tuple[CodeMatch, ...], weights: Weights) -> Part:
    return Part(PartCode.CODE, weights.code if codes else 0.0, tuple(match.code for match in codes))


def _score_discipline(need: NeedDocument, profile: Profile, candidate: Candidate, weights: Weights) -> Part:
    """Stated disciplines are compared if both sides state one, else those the words point to."""
    asked, offered = need.discipline, candidate.document.discipline
    if not (asked and offered):
        asked, offered = profile.discipline, candidate.profile.discipline
    same = bool(asked) and asked == offered
    return Part(PartCode.DISCIPLINE, weights.discipline if same else 0.0, (asked,) if same else ())


def _score_conditions(need: Profile, capability: Profile, weights: Weights) -> Part:
    """A way of measuring that is not offered weighs as much as figures that fail, another medium only warns.

    A group that either side leaves open counts nothing.
    """
    compared = [
        (f"{group}:{value}", bool(set(asked) & set(capability.conditions[group])))
        for group, asked in need.conditions.items()
        if group in capability.conditions
        for value in asked
    ]
    if missed := tuple(condition for condition, is_met in compared if not is_met):
        is_grave = any(condition.startswith("mode:") for condition in missed)
        return Part(PartCode.CONDITION, -(weights.condition_fails if is_grave else weights.condition), missed)
    met = tuple(condition for condition, _ in compared)
    return Part(PartCode.CONDITION, weights.condition if met else 0.0, met)


def _score_credentials(need: NeedDocument, capability: CapabilityDocument, weights: Weights) -> Part:
    if capability.kind is CapabilityKind.RESEARCH:
        return Part(PartCode.CREDENTIAL)
    missing = tuple(name for name in need.credentials if name not in capability.credentials)
    if missing:
        return Part(PartCode.CREDENTIAL, -weights.credential * len(missing) / len(need.credentials), missing)
    return Part(PartCode.CREDENTIAL, weights.credential if need.credentials else 0.0, need.credentials)


def _score_region(need: NeedDocument, profile: Profile, capability: CapabilityDocument, weights: Weights) -> Part:
    """Near is better; who must come but does not serve the place loses as much."""
    if not need.region:
        return Part(PartCode.REGION)
    on_site = ON_SITE & set(profile.conditions.get("mode", ()))
    if on_site and capability.regions and not any(_covers(region, need.region) for region in capability.regions):
        return Part(PartCode.REGION, -weights.region, ("not_served",))
    if capability.region[:4] == need.region[:4]:
        return Part(PartCode.REGION, weights.region, ("same_city",))
    if capability.region[:2] == need.region[:2]:
        return Part(PartCode.REGION, weights.region / 2, ("same_province",))
    return Part(PartCode.REGION)


def _covers(region: str, place: str) -> bool:
    """Whether a division of GB/T 2260 holds another.

    >>> _covers("330000", "330100"), _covers("330200", "330100")
    (True, False)
    """
    return place.startswith(region.removesuffix("00").removesuffix("00"))
