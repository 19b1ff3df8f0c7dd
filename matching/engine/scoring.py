"""The score of a pairing: what speaks for and against it, weighed, and the score is the sum of the parts.

candidate + verdict → evidence (a strength from −1 to 1 of each kind) → parts (points) → Pairing
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Verdict, from_json
from matching.engine.index import Candidate, SharedWeight
from matching.engine.profile import Profile
from matching.engine.verdicts import PairVerdict

ON_SITE = frozenset({"field", "online", "in_situ"})
# The groups of conditions that say in which way is measured.
WAYS = ("mode:", "motion:")
# A shared term is shown when it carries this many points.
SHOWN_POINTS = 0.5


class PartCode(StrEnum):
    """The kinds of evidence, in the order in which they are shown."""

    TEXT = "text"
    CHARACTERS = "characters"
    MEANING = "meaning"
    MEASUREMENT = "measurement"
    CODE = "code"
    DISCIPLINE = "discipline"
    CONDITION = "condition"
    CREDENTIAL = "credential"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How strongly one kind of evidence speaks for a pairing (up to 1) or against it (down to −1), and why."""

    code: PartCode
    strength: float = 0.0
    details: tuple[str, ...] = ()


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
    """A need and a capability: score from 0 to 100, the parts that add up to it, and the evidence.

    `missed` are the conditions asked for that the capability does not offer, such as "mode:online". `asked`
    counts the lines the need was given, of which the verdict holds those that concern the capability.
    """

    key: str
    provider: str
    score: float
    parts: tuple[Part, ...]
    terms: tuple[SharedTerm, ...]
    codes: tuple[CodeMatch, ...]
    verdict: PairVerdict
    missed: tuple[str, ...] = ()
    asked: int = 0

    @property
    def outcome(self) -> Verdict:
        """The verdict of figures and conditions: what is not done the way it is needed does not serve.

        Who serves some of the lines serves the need in part.
        """
        if self.missed:
            return Verdict.FAIL
        serves_some = self.verdict.verdict is Verdict.PASS and len(self.verdict.lines) < self.asked
        return Verdict.PARTIAL if serves_some else self.verdict.verdict


@dataclass(frozen=True, slots=True)
class Lead:
    """Why one pairing stands above another: the parts by which they differ, the widest gap first."""

    points: float
    parts: tuple[Part, ...]
    terms: tuple[SharedTerm, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """The most points each kind of evidence can give, and the most it can take when it speaks against.

    A need is as likely served as not when the best of `serving` is `served_at` points; each `served_by` points more
    make it e times as likely. `evaluation` holds the figures that justify the weights.
    """

    version: str
    gains: dict[str, float]
    losses: dict[str, float]
    served_at: float
    served_by: float
    evaluation: dict[str, Any] = field(default_factory=dict)

    def points(self, evidence: Evidence) -> float:
        """What the evidence is worth: more the stronger it is."""
        return evidence.strength * (self.gains if evidence.strength > 0 else self.losses).get(evidence.code, 0.0)


@cache
def load_weights() -> Weights:
    """The weights in use."""
    data = (resources.files("matching.engine") / "data" / "weights.json").read_text(encoding="utf-8")
    weights: Weights = from_json(Weights, json.loads(data))
    return weights


def find_evidence(
    need: NeedDocument, profile: Profile, candidate: Candidate, verdict: PairVerdict
) -> tuple[Evidence, ...]:
    """What speaks for and against pairing a need, with its profile, and a candidate that has been judged."""
    capability, closeness = candidate.document, candidate.closeness
    return (
        Evidence(PartCode.TEXT, candidate.words),
        Evidence(PartCode.CHARACTERS, candidate.characters),
        Evidence(PartCode.MEANING, candidate.meaning),
        *(
            # What goes with an object counts only as far as both sides speak of the same one.
            Evidence(each.code, each.strength * closeness, each.details)
            for each in (
                _compare_measurements(need, verdict),
                _compare_codes(match_codes(profile, candidate.profile)),
                _compare_disciplines(need, profile, candidate),
                _compare_conditions(profile, candidate.profile),
                _compare_credentials(need, capability),
                _compare_regions(need, profile, capability),
            )
        ),
    )


def score_pairing(
    need: NeedDocument, profile: Profile, candidate: Candidate, verdict: PairVerdict, weights: Weights
) -> Pairing:
    """The pairing of a need, with its profile, and a candidate whose measurements have been judged."""
    evidence = find_evidence(need, profile, candidate, verdict)
    parts = weigh(evidence, weights)
    return Pairing(
        key=candidate.document.key,
        provider=candidate.document.provider,
        score=add_up(parts),
        parts=parts,
        terms=(),
        codes=match_codes(profile, candidate.profile),
        verdict=verdict,
        missed=find_missed(profile, candidate.profile),
        asked=len(need.required),
    )


def weigh(evidence: Iterable[Evidence], weights: Weights) -> tuple[Part, ...]:
    """The evidence in points."""
    return keep_above_zero(Part(each.code, weights.points(each), each.details) for each in evidence)


def keep_above_zero(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The parts to a hundredth, where no deduction takes more than is there.

    >>> [part.points for part in keep_above_zero([Part(PartCode.TEXT, 12.0), Part(PartCode.MEASUREMENT, -20.0)])]
    [12.0, -12.0]
    """
    rounded = [Part(part.code, round(part.points, 2), part.details) for part in parts]
    left = round(sum(part.points for part in rounded if part.points > 0), 2)
    kept = []
    for part in rounded:
        if part.points < 0:
            taken = min(-part.points, left)
            left = round(left - taken, 2)
            part = Part(part.code, 0.0 - taken, part.details)
        kept.append(part)
    return tuple(kept)


def compare_pairings(better: Pairing, other: Pairing) -> Lead:
    """Why the first pairing stands above the second; they may have been scored by different versions."""
    theirs = {part.code: part.points for part in other.parts}
    gaps = [replace(part, points=round(part.points - theirs.get(part.code, 0.0), 2)) for part in better.parts]
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


def show_terms(
    pairing: Pairing, need: NeedDocument, profile: Profile, candidate: Candidate, weights: Weights
) -> Pairing:
    """The pairing with the words of the need that raise its score, each with the terms it led to.

    A word is shown where the score would be lower without it, and where it carries enough of the text part. Without
    it the rest of the need may come nearer, and what speaks against the pairing weighs less.
    """
    evidence = find_evidence(need, profile, candidate, pairing.verdict)
    by_word: dict[str, list[SharedWeight]] = {}
    for weight in candidate.shared:
        by_word.setdefault(profile.words.get(weight.term, weight.term), []).append(weight)
    shown = []
    for word, terms in by_word.items():
        points = round(pairing.parts[0].points * sum(term.similarity for term in terms) / candidate.words, 2)
        if points >= SHOWN_POINTS and _score_without(terms, evidence, candidate, weights) < pairing.score:
            term = terms[0].term
            shown.append(SharedTerm(term, points, word, candidate.profile.words.get(term, term)))
    return replace(pairing, terms=tuple(sorted(shown, key=lambda shared: (-shared.points, shared.term))))


def _score_without(
    terms: Sequence[SharedWeight], evidence: Iterable[Evidence], candidate: Candidate, weights: Weights
) -> float:
    """The score if the need did not have the word that led to these terms, all else being as it is."""
    fewer = candidate.without(terms)
    nearer = {PartCode.TEXT: fewer.words, PartCode.CHARACTERS: fewer.characters, PartCode.MEANING: fewer.meaning}
    share = fewer.closeness / candidate.closeness
    left = (Evidence(each.code, nearer.get(each.code, each.strength * share)) for each in evidence)
    return add_up(weigh(left, weights))


def add_up(parts: Iterable[Part]) -> float:
    """The score that the parts make."""
    return round(sum(part.points for part in parts), 2)


def serving(parts: Sequence[Part]) -> float:
    """How far a pairing speaks for the need being served: its score, in which figures that fit count twice.

    It does not where figures or conditions speak against it, however near the object is.

    >>> serving([Part(PartCode.TEXT, 12.0), Part(PartCode.MEASUREMENT, 8.0)])
    28.0
    >>> serving([Part(PartCode.TEXT, 12.0), Part(PartCode.MEASUREMENT, -8.0)])
    0.0
    """
    points = {part.code: part.points for part in parts}
    figures = points.get(PartCode.MEASUREMENT, 0.0)
    is_against = min(figures, points.get(PartCode.CONDITION, 0.0)) < 0
    return 0.0 if is_against else round(add_up(parts) + figures, 2)


def _compare_measurements(need: NeedDocument, verdict: PairVerdict) -> Evidence:
    """Silence costs nothing; a part speaks for the capability from one half on.

    Lines that do not concern the capability are not in the verdict and say nothing for it.
    """
    if verdict.verdict is Verdict.FAIL:
        return Evidence(PartCode.MEASUREMENT, -1.0)
    share = verdict.share * len(verdict.lines) / max(len(need.lines), 1)
    return Evidence(PartCode.MEASUREMENT, 2 * share - 1 if verdict.verdict is Verdict.PARTIAL else share)


def _compare_codes(codes: tuple[CodeMatch, ...]) -> Evidence:
    return Evidence(PartCode.CODE, 1.0 if codes else 0.0, tuple(match.code for match in codes))


def _compare_disciplines(need: NeedDocument, profile: Profile, candidate: Candidate) -> Evidence:
    """Stated disciplines are compared if both sides state one, else those the words point to."""
    asked, offered = need.discipline, candidate.document.discipline
    if not (asked and offered):
        asked, offered = profile.discipline, candidate.profile.discipline
    same = bool(asked) and asked == offered
    return Evidence(PartCode.DISCIPLINE, 1.0 if same else 0.0, (asked,) if same else ())


def find_missed(need: Profile, capability: Profile) -> tuple[str, ...]:
    """The conditions that the need asks for and the capability, which names others of their group, does not."""
    return tuple(condition for condition, is_met in _conditions(need, capability) if not is_met)


def _conditions(need: Profile, capability: Profile) -> list[tuple[str, bool]]:
    """The conditions of the groups that both sides name, and whether the capability offers one asked for."""
    return [
        (f"{group}:{value}", bool(set(asked) & set(capability.conditions[group])))
        for group, asked in need.conditions.items()
        if group in capability.conditions
        for value in asked
    ]


def _compare_conditions(need: Profile, capability: Profile) -> Evidence:
    """A way of measuring that is not offered is grave, another medium less so; what is left open counts nothing."""
    if missed := find_missed(need, capability):
        is_grave = any(condition.startswith(WAYS) for condition in missed)
        return Evidence(PartCode.CONDITION, -1.0 if is_grave else -1 / 3, missed)
    met = tuple(condition for condition, _ in _conditions(need, capability))
    return Evidence(PartCode.CONDITION, 1.0 if met else 0.0, met)


def _compare_credentials(need: NeedDocument, capability: CapabilityDocument) -> Evidence:
    if capability.kind is CapabilityKind.RESEARCH:
        return Evidence(PartCode.CREDENTIAL)
    missing = tuple(name for name in need.credentials if name not in capability.credentials)
    if missing:
        return Evidence(PartCode.CREDENTIAL, -len(missing) / len(need.credentials), missing)
    return Evidence(PartCode.CREDENTIAL, 1.0 if need.credentials else 0.0, need.credentials)


def _compare_regions(need: NeedDocument, profile: Profile, capability: CapabilityDocument) -> Evidence:
    """Near is better; who must come but does not serve the place loses as much."""
    if not need.region:
        return Evidence(PartCode.REGION)
    on_site = ON_SITE & set(profile.conditions.get("mode", ()))
    if on_site and capability.regions and not any(_covers(region, need.region) for region in capability.regions):
        return Evidence(PartCode.REGION, -1.0, ("not_served",))
    if capability.region[:4] == need.region[:4]:
        return Evidence(PartCode.REGION, 1.0, ("same_city",))
    if capability.region[:2] == need.region[:2]:
        return Evidence(PartCode.REGION, 0.5, ("same_province",))
    return Evidence(PartCode.REGION)


def _covers(region: str, place: str) -> bool:
    """Whether a division of GB/T 2260 holds another.

    >>> _covers("330000", "330100"), _covers("330200", "330100")
    (True, False)
    """
    return place.startswith(region.removesuffix("00").removesuffix("00"))
