"""Pairings as people read them: the same facts and words for pages, API and command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from matching.engine import explain
from matching.engine.facts import from_json
from matching.engine.laws import FAR
from matching.engine.match import Match, why_next_lower
from matching.engine.scoring import CodeMatch, Lead, Pairing, PartCode, SharedTerm
from matching.engine.units import find_kind, find_unit, from_si
from matching.engine.verdicts import LineVerdict, Scale
from matching.enums import Verdict
from matching.models import Proposal
from providers.models import Capability

# The ends of an interval; None where an end is not stated.
Ends = tuple[float | None, float | None]

PART_LABELS = {
    PartCode.TEXT: "用词",
    PartCode.MEASUREMENT: "指标",
    PartCode.CODE: "规范",
    PartCode.DISCIPLINE: "专业",
    PartCode.CONDITION: "条件",
    PartCode.CREDENTIAL: "资质",
    PartCode.REGION: "地域",
}


@dataclass(frozen=True)
class RangeDrawing:
    """The needed and the offered range in one unit, to be drawn to scale."""

    need: list[Ends]
    offered: list[Ends]
    uncovered: list[Ends]
    unit: str
    axis: str


@dataclass(frozen=True)
class LineCard:
    """One measurement line and what was found about it."""

    label: str
    verdict: str
    verdict_display: str
    sentence: str
    derivation: tuple[str, ...]
    drawing: RangeDrawing | None
    facts: LineVerdict


@dataclass(frozen=True)
class Card:
    """A pairing with its reasons."""

    capability: Capability
    score: float
    verdict: str
    verdict_display: str
    parts: list[tuple[str, str, float]]
    terms: tuple[SharedTerm, ...]
    codes: tuple[CodeMatch, ...]
    lines: list[LineCard]
    proposal: Proposal | None = None
    lead: str = ""


def cards_for(proposals: list[Proposal]) -> list[Card]:
    """The cards of one need's proposals, each saying why the next stands lower."""
    pairings = [from_json(Pairing, proposal.pairing) for proposal in proposals]
    return [
        make_card(pairing, proposal.capability, proposal=proposal, lead=lead)
        for proposal, pairing, lead in zip(proposals, pairings, describe_leads(pairings), strict=True)
    ]


def cards_of_match(found: Match) -> tuple[list[Card], list[Card]]:
    """The cards of a match that is not stored: existing capabilities, and research."""
    keys = [pairing.key for pairing in (*found.existing, *found.research)]
    capabilities = {str(each.pk): each for each in Capability.objects.filter(pk__in=keys).for_list()}

    def cards(pairings):
        leads = describe_leads(pairings)
        return [make_card(each, capabilities[each.key], lead=lead) for each, lead in zip(pairings, leads, strict=True)]

    return cards(found.existing), cards(found.research)


def make_card(pairing: Pairing, capability: Capability, *, proposal: Proposal | None = None, lead: str = "") -> Card:
    """A pairing in words and drawings."""
    verdict = pairing.verdict.verdict
    return Card(
        capability=capability,
        score=pairing.score,
        verdict=verdict,
        verdict_display=Verdict(verdict).label,
        parts=[(part.code, PART_LABELS[part.code], part.points) for part in pairing.parts if part.points],
        terms=pairing.terms,
        codes=pairing.codes,
        lines=[make_line_card(line) for line in pairing.verdict.lines],
        proposal=proposal,
        lead=lead,
    )


def make_line_card(line: LineVerdict) -> LineCard:
    """One line's verdict in words, with its range drawn."""
    cells = line.need.cells
    return LineCard(
        label=" ".join(filter(None, [cells.object, cells.measurand])),
        verdict=line.verdict,
        verdict_display=Verdict(line.verdict).label,
        sentence=explain.short(line),
        derivation=explain.derivation(line),
        drawing=draw(line),
        facts=line,
    )


def draw(line: LineVerdict) -> RangeDrawing | None:
    """The range bars of a line, in the unit the need was written in."""
    coverage = line.coverage
    if not (coverage.needed and coverage.offered and coverage.quantity):
        return None
    symbol = next((item.unit for item in line.need.ranges if item.unit), None)
    unit = find_unit(symbol or find_kind(coverage.quantity).si_unit)

    def ends(intervals) -> list[Ends]:
        return [(_shown(each.low, unit), _shown(each.high, unit)) for each in intervals]

    return RangeDrawing(
        need=ends(coverage.needed),
        offered=ends(coverage.offered),
        uncovered=ends(coverage.uncovered),
        unit=unit.symbol if unit else find_kind(coverage.quantity).si_unit,
        axis="log" if coverage.scale == Scale.LOG else "linear",
    )


def describe_leads(pairings: Sequence[Pairing]) -> list[str]:
    """For each pairing why it stands above the next, in words; nothing for the last."""
    return [*(_describe(lead) for lead in why_next_lower(pairings)), ""] if pairings else []


def _describe(lead: Lead) -> str:
    if not lead.parts:
        return "与下一条得分相同，按编号排列。"
    gaps = "，".join(f"{PART_LABELS[part.code]} {part.points:+.1f}" for part in lead.parts[:3])
    return f"比下一条高 {lead.points:.1f} 分：{gaps}。".replace("-", "−")


def _shown(value: Decimal, unit) -> float | None:
    """The value in that unit; None for an end that is not stated."""
    return None if abs(value) >= FAR else float(from_si(value, unit) if unit else value)
