"""What the words of a need or a capability say: weighted terms and characters, standards, discipline, conditions.

A profile depends on one document alone, so it can be stored with the row it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from matching.engine.conditions import NAMES, Conditions, read_demands, read_media, read_refusals
from matching.engine.documents import CapabilityDocument, NeedDocument
from matching.engine.facts import Line
from matching.engine.focus import SET_ASIDE, weigh_clauses
from matching.engine.objects import find_objects
from matching.engine.terms import Entry, Terms, codes_of, join_terms, read_characters, read_terms, surfaces, vocabulary

# How much a word counts by the place where it stands.
TITLE = 1.0
OBJECT = 1.0
MEASURAND = 0.6
TEXT = 0.5
# What stands in a clause that is set aside weighs less, and is no condition: 不需要上门.
LEAST_CONDITION = 0.1
# Who names one of these beside another of its group says what does not do: 用水标的系数不准，要求用油标.
ORDINARY = frozenset({"static", "gas", "water"})
# Whoever would send the device in is served on site as well: the laboratory is no condition.
UNBINDING = frozenset({"", "lab"})
# These are measured at rest unless a scope says otherwise: whoever measures 动态力 says so.
AT_REST = frozenset({"force", "torque", "pressure", "mass", "temperature"})
UNDER_WATER = re.compile("水听器|水声|换能器")
CLAUSE = re.compile(r"[^，。；：、,.;:（）()\s]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """The words of one document, read.

    `words` holds for a canonical term the word that the document uses for it, `codes` for a standard the
    edition ('' when none is given), `conditions` for a group ("mode", "medium" …) the values named.
    """

    terms: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    characters: dict[str, float] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    discipline: str = ""
    conditions: dict[str, tuple[str, ...]] = field(default_factory=dict)


def profile_need(need: NeedDocument) -> Profile:
    """What the words of a need say; its background counts less than its request."""
    profile = _profile(need.title, weigh_clauses(need.text), need.lines)
    asked = "，".join([need.title, *(clause for clause, weight in weigh_clauses(need.text) if weight > SET_ASIDE)])
    conditions = _join(profile.conditions, read_refusals(f"{need.title}，{need.text}"), read_media(asked))
    conditions |= {"mode": need.modes} if any(need.modes) else {}
    binding = {group: _binding(values) for group, values in conditions.items()}
    return replace(profile, conditions={group: values for group, values in binding.items() if values})


def profile_capability(capability: CapabilityDocument) -> Profile:
    """What the words of a capability say."""
    profile = _profile(capability.title, [(capability.text, 1.0)], capability.lines)
    usual = {"motion": ("static",)} if any(line.quantity in AT_REST for line in capability.lines) else {}
    usual |= {"depth": ("ambient",)} if UNDER_WATER.search(f"{capability.title}{capability.text}") else {}
    # Who comes may also measure on line, or without dismounting, and says so in words.
    said = "；".join((capability.title, capability.text, *(line.cells.note for line in capability.lines)))
    modes = (*capability.modes, *profile.conditions.get("mode", ()), *read_refusals(said).get("mode", ()))
    modes = tuple(dict.fromkeys(modes))
    conditions = _join(profile.conditions, read_demands(said), read_media(said))
    if (media := _media_of_all(capability)) is not None:
        conditions = {**conditions, "medium": media}
    named = {group: values for group, values in conditions.items() if values}
    return replace(profile, conditions=usual | named | ({"mode": modes} if modes else {}))


def _media_of_all(capability: CapabilityDocument) -> tuple[str, ...] | None:
    """The media that hold for all of its rows, where some are for a device of their own: gauges, also for oxygen."""
    usual = [line.cells for line in capability.lines if not find_objects(line.cells.measurand)]
    if not usual or len(usual) == len(capability.lines):
        return None
    notes = (spell_out_media(f"{cells.conditions}；{cells.note}") for cells in usual)
    return _media_in("；".join((capability.title, capability.text, *notes)))


def _media_in(text: str) -> tuple[str, ...]:
    return _join(read_conditions(read_terms([(text, 1.0)])), read_media(text)).get("medium", ())


def _join(*found: Conditions) -> Conditions:
    """All conditions by group."""
    groups = dict.fromkeys(chain.from_iterable(found))
    return {group: tuple(sorted({value for each in found for value in each.get(group, ())})) for group in groups}


def _binding(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of a group that a need insists on."""
    values = tuple(value for value in values if value not in UNBINDING)
    return tuple(value for value in values if value not in ORDINARY) or values


def _profile(title: str, text: Iterable[tuple[str, float]], lines: Sequence[Line]) -> Profile:
    cells = [line.cells for line in lines]
    fields = [
        ([(title, 1.0)], TITLE),
        # A line's object often repeats the title word for word: that says nothing more.
        ([(cell.object, 1.0) for cell in cells if cell.object != title], OBJECT),
        ([(cell.measurand, 1.0) for cell in cells], MEASURAND),
        ([("；".join((*line.codes, line.cells.codes)), 1.0) for line in lines], OBJECT),
        (list(text), TEXT),
        ([(spell_out_media(f"{cell.conditions}；{cell.note}"), 1.0) for cell in cells], TEXT),
    ]
    distinct = [(list(dict.fromkeys(texts)), weight) for texts, weight in fields]
    terms = join_terms((read_terms(texts), weight) for texts, weight in distinct)
    return Profile(
        terms=terms.weights,
        words=terms.words,
        characters=join_terms((Terms(read_characters(texts)), weight) for texts, weight in distinct).weights,
        codes=codes_of("\n".join(text for texts, _ in distinct for text, _ in texts)),
        discipline=guess_discipline(terms.weights),
        conditions=read_conditions(terms),
    )


def spell_out_media(note: str) -> str:
    """The note of a row, in which a medium may stand alone, with that medium said in full.

    >>> spell_out_media("水，静态质量法"), spell_out_media("水平方向")
    ('水介质，静态质量法', '水平方向')
    """
    return CLAUSE.sub(lambda clause: _spell_out(clause[0]), note)


def _spell_out(clause: str) -> str:
    full = f"{clause}介质"
    return full if full in surfaces() and clause not in surfaces() else clause


def guess_discipline(weights: dict[str, float]) -> str:
    """The discipline most of the vocabulary's terms belong to, '' when there is none.

    >>> guess_discipline({"坐标测量机": 1.0, "温度": 0.4})
    '几何量'
    """
    totals: dict[str, float] = {}
    for term, weight in weights.items():
        entry = vocabulary().get(term)
        if entry and entry.kind in ("instrument", "measurand", "material"):
            totals[entry.discipline] = totals.get(entry.discipline, 0.0) + weight
    return max(totals, key=lambda discipline: (totals[discipline], discipline), default="")


def read_conditions(terms: Terms) -> dict[str, tuple[str, ...]]:
    """The conditions among the terms, by group: how and where is measured, medium, temperature.

    >>> read_conditions(read_terms([("介质为油，上门", 1.0)]))
    {'medium': ('oil',), 'mode': ('field',)}
    """
    found: dict[str, list[str]] = {}
    for term, weight in terms.weights.items():
        entry = vocabulary().get(term)
        if entry is None or entry.kind != "condition" or weight < LEAST_CONDITION:
            continue
        if not _is_part_of_another(entry, terms.words.get(term, term)):
            found.setdefault(entry.group, []).append(entry.value)
    return {group: tuple(sorted(values)) for group, values in found.items()}


def name_condition(group: str, value: str) -> str:
    """The vocabulary's word for a condition, the value itself if there is none.

    >>> name_condition("motion", "dynamic")
    '动态测量'
    """
    conditions = (entry for entry in vocabulary().values() if entry.kind == "condition")
    known = (entry.term for entry in conditions if (entry.group, entry.value) == (group, value))
    return next(known, NAMES.get((group, value), value))


def _is_part_of_another(entry: Entry, word: str) -> bool:
    """Whether the word that led to a condition means another of its group: 液化天然气 is no 天然气."""
    meant = [vocabulary()[term] for term in surfaces().get(word.lower(), ())]
    return entry not in meant and any(other.group == entry.group for other in meant)
