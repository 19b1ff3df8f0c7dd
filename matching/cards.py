"""Pairings as people read them: the same facts and words for pages, API and command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.enums import MeasuringMode
from matching.engine import explain
from matching.engine.facts import Cells, from_json
from matching.engine.laws import FAR
from matching.engine.match import Aspect, Gap, Match, why_next_lower
from matching.engine.profile import name_condition
from matching.engine.scoring import CodeMatch, Lead, Pairing, PartCode, SharedTerm
from matching.engine.units import find_kind, find_unit, from_si
from matching.engine.verdicts import LineVerdict, Scale
from matching.enums import Verdict
from matching.models import Proposal
from matching.workflow import INTERNAL, OF_ENTERPRISE
from needs.disclosure import DisclosedNeed
from needs.enums import Sight
from providers.models import Capability

# The ends of an interval; None where an end is not stated.
Ends = tuple[float | None, float | None]

PART_LABELS = {
    PartCode.TEXT: "用词",
    PartCode.CHARACTERS: "用字",
    PartCode.MEANING: "语义",
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
class Step:
    """One entry of a proposal's history as its reader may see it."""

    label: str
    reason_label: str
    note: str
    actor: str
    created_at: datetime


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
    missed: list[str]
    asked: int
    proposal: Proposal | None = None
    lead: str = ""


def cards_for(proposals: list[Proposal]) -> list[Card]:
    """The cards of one need's proposals, each saying why the next stands lower."""
    pairings = [from_json(Pairing, proposal.pairing) for proposal in proposals]
    return [
        make_card(pairing, proposal.capability, proposal=proposal, lead=lead)
        for proposal, pairing, lead in zip(proposals, pairings, describe_leads(pairings), strict=True)
    ]


def history_of(proposal: Proposal, need: DisclosedNeed) -> list[Step]:
    """What happened to a proposal, for whoever is shown this much of its need."""
    steps = []
    for event in proposal.events.select_related("actor"):
        if event.action in INTERNAL and need.sight != Sight.FULL:
            continue
        # Whoever is not told the enterprise's name is not told its people's either.
        is_nameless = event.action in OF_ENTERPRISE and not need.organisation_name
        actor = "企业" if is_nameless else str(event.actor or "系统")
        steps.append(Step(event.label, event.reason_label, event.note, actor, event.created_at))
    return steps


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
    verdict = pairing.outcome
    return Card(
        capability=capability,
        score=pairing.score,
        verdict=verdict,
        verdict_display=Verdict(verdict).label,
        parts=[(part.code, PART_LABELS[part.code], part.points) for part in pairing.parts if part.points],
        terms=pairing.terms,
        codes=pairing.codes,
        lines=[make_line_card(line) for line in pairing.verdict.lines],
        missed=[describe_condition(code) for code in pairing.missed],
        asked=pairing.asked,
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


def describe_gap(gap: Gap | None) -> str:
    """That nobody can serve a need, what comes nearest and what it lacks; empty where somebody can."""
    if gap is None:
        return ""
    cells = gap.line.cells if gap.line else Cells()
    wanted = " ".join(filter(None, [cells.object, cells.range, cells.accuracy]))
    lacking = {
        Aspect.OBJECT: "没有机构公布这类对象或参量的测量能力",
        Aspect.RANGE: "测量范围不够",
        Aspect.UNCERTAINTY: "不确定度达不到要求",
        Aspect.CONDITION: f"不提供所要求的条件（{'、'.join(map(describe_condition, gap.missed))}）",
    }[gap.aspect]
    nearest = Capability.objects.select_related("organisation").filter(pk=gap.nearest or None).first()
    came = f"最接近的是{nearest.organisation.name}的“{nearest.title}”，" if nearest else ""
    return f"目前没有机构能覆盖{'：' + wanted if wanted else '这条需求'}。{came}{lacking}。"


def describe_condition(code: str) -> str:
    """A condition in words: 在线 for mode:online, 动态测量 for motion:dynamic."""
    group, _, value = code.partition(":")
    is_mode = group == "mode" and value in MeasuringMode.values
    return MeasuringMode(value).label if is_mode else name_condition(group, value)


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
