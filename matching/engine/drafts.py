"""The lines that a need in plain words asks for, as cells to take over.

    statements → asked for or beside it → drafts by object and quantity → tolerances shared → repeats joined → cells

What is asked for is what the named instrument measures, what a word names, or what has a tolerance of its own. The
rest (oil at 50 ℃, a belt at 30 m/min) accompanies it: as a parameter where measurements are stated at it, else as a
condition. Symptoms (差 15 度) and what is set aside are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from matching.engine.facts import Cells, Item, ItemKind, Role
from matching.engine.focus import blank_aside
from matching.engine.objects import SCALE, Named, find_objects, kinds_named
from matching.engine.quantities import read
from matching.engine.units import KINDS

ACCURACY = (ItemKind.UNCERTAINTY, ItemKind.MPE, ItemKind.ACCURACY_CLASS, ItemKind.RESOLUTION)
SPANS = (ItemKind.RANGE, ItemKind.LIMIT)


def draft_lines(text: str) -> tuple[Cells, ...]:
    """The cells of the lines that a need in plain words asks for, in its order.

    >>> [(cells.object, cells.range, cells.accuracy, cells.conditions) for cells in draft_lines(
    ...     "涡轮流量计校准 400 L/min\\n涡轮流量计 20~400 L/min，油温 50 ℃，±1 %")]
    [('涡轮流量计', '20~400 L/min', '±1 %', '50 ℃')]
    """
    need = _Need(text)
    drafts = need.drafts()
    return tuple(need.cells(draft, alone=len(drafts) == 1) for draft in drafts)


def as_force(item: Item) -> Item:
    """5 吨 of a tensile tester is the force of that mass under standard gravity."""
    if item.quantity != "mass":
        return item
    low, high = (end and end * GRAVITY for end in (item.low, item.high))
    return replace(item, quantity="force", low=low, high=high, si_unit="N", unit="kN")


@dataclass(slots=True)
class _Draft:
    """What a text says of one object and quantity; `sentence` is the place where its sentence begins."""

    thing: Named | None
    quantity: str | None
    sentence: int
    spans: list[Item] = field(default_factory=list)
    accuracy: list[Item] = field(default_factory=list)
    parameters: list[Item] = field(default_factory=list)
    conditions: list[Item] = field(default_factory=list)

    @property
    def place(self) -> int:
        return min(item.span[0] for item in (*self.spans, *self.accuracy))

    def take(self, other: _Draft) -> None:
        """Join what another draft says again; where only the other has a range, it is about the other's object."""
        if other.spans and not (self.spans and self.accuracy):
            self.thing, self.sentence = other.thing or self.thing, other.sentence
        self.quantity = other.quantity if other.spans else self.quantity
        self.spans = list({(item.low, item.high): item for item in (*self.spans, *other.spans)}.values())
        self.accuracy += other.accuracy
        self.parameters += other.parameters
        self.conditions += other.conditions


class _Need:
    """A need in plain words: what is asked to be measured, how well, and what accompanies it."""

    def __init__(self, text: str) -> None:
        self.text = blank_aside(text)
        self.things = find_objects(self.text)
        items = [self._as_measured(item) for item in read(self.text).items if not self._is_symptom(item)]
        self.codes = [item for item in items if item.kind is ItemKind.CODE]
        signed = {(item.low, item.high) for item in items if self._is_signed_range(item)}
        self.spans = [item for item in items if item.kind in SPANS or (item.low, item.high) in signed]
        self.accuracy = [item for item in items if item.kind in ACCURACY and item not in self.spans]

    def drafts(self) -> list[_Draft]:
        """A draft for each object and quantity asked for, in the order of the text."""
        asked = [item for item in self.spans if self._is_asked(item)]
        if not asked:
            first = next((item for item in self.spans if self._may_be_asked(item) and item.quantity != "time"), None)
            asked = [item for item in self.spans if first and item.quantity == first.quantity]
        drafts: list[_Draft] = []
        for item in asked:
            if not drafts or not self._continues(drafts[-1], item):
                drafts.append(_Draft(self._object_of(item), item.quantity, self._sentence(item)))
            drafts[-1].spans.append(item)
        drafts = list(self._without_parameters(drafts))
        self._share_accuracy(drafts)
        drafts = list(self._without_parameters(drafts))
        drafts = self._merge(sorted(drafts, key=lambda draft: draft.place))
        for item in self.spans:
            if item not in asked:
                self._accompany(drafts, item)
        return drafts

    # --- What one statement is about -----------------------------------------------------------------------------

    def _sentence(self, item: Item) -> int:
        return max(self.text.rfind(mark, 0, item.span[0]) for mark in _SENTENCE_MARKS) + 1

    def _clause(self, item: Item) -> str:
        """The words before the item, back to the last sign."""
        words = self.text[self._sentence(item) : item.span[0]]
        return _CLAUSE_SIGN.split(words.rstrip("（(：: "))[-1]

    def _object_of(self, item: Item) -> Named | None:
        """The object that the item describes (300 公斤台秤), else the last one before it, else the next one."""
        start, end = item.span
        before = [thing for thing in self.things if thing.end <= start]
        behind = [thing for thing in self.things if thing.start >= end]
        if behind and _DESCRIBES.fullmatch(self.text, end, behind[0].start):
            return behind[0]
        sentence = self._sentence(item)
        near = [self._in_full(thing) for thing in before if thing.start >= sentence]
        close = [thing for thing in behind if not _SENTENCE_END.search(self.text, end, thing.start)]
        return next(iter((*near[-1:], *close[:1], *before[-1:], *behind[:1])), None)

    def _in_full(self, thing: Named) -> Named:
        """The thing by its longer name, where it was named before: of 轴振探头 and 探头 the first."""
        if thing.quantity:
            return thing
        return next(
            (other for other in self.things if other.start < thing.start and other.name.endswith(thing.name)), thing
        )

    def _as_measured(self, item: Item) -> Item:
        """The item as its object makes it: 60 度 of a furnace, 5 吨 of a tensile tester, 18G of a spectrum analyser."""
        thing = self._object_of(item)
        if item.kind not in (*SPANS, ItemKind.MPE) or not item.quantity or not thing or not thing.quantity:
            return item
        if thing.quantity == "force" and item.kind in SPANS:
            return as_force(item)
        is_plain = thing.quantity == item.quantity or KINDS[thing.quantity].parent
        if is_plain or item.quantity in kinds_named(self._clause(item)):
            return item
        is_short = item.raw[-1] in "Gg" and thing.quantity in _MEASURED_BY_BAND
        meant = "frequency" if is_short else thing.quantity
        again = read(item.raw + "Hz" * is_short, words=KINDS[meant].label).items
        fitting = (other for other in again if other.kind is item.kind and other.quantity == meant)
        return next((replace(other, span=item.span) for other in fitting), item)

    def _is_symptom(self, item: Item) -> bool:
        """Whether it tells how far off something is: 差 15 度, 偏 3 公分."""
        return item.kind in SPANS and bool(_OFF.search(self._clause(item)))

    def _is_signed_range(self, item: Item) -> bool:
        """Whether ± gives a range: its tolerance stands in brackets behind, ±10 N·m（±0.3%）, or ±800 kV 分压器."""
        if item.kind is not ItemKind.MPE or not item.raw.startswith("±") or item.relative is not False:
            return False
        thing = self._object_of(item)
        is_described = thing is not None and thing.start >= item.span[1] and item.quantity in _SIGNED
        return is_described or bool(_BRACKETED_TOLERANCE.match(self.text, item.span[1]))

    def _may_be_asked(self, item: Item) -> bool:
        """Whether it is no condition; the working temperature of a furnace is what is measured there."""
        thing = self._object_of(item)
        if item.role is Role.CONDITION:
            is_own = thing is not None and _are_related(item.quantity, thing.quantity)
            return is_own and bool(_OPERATION.search(self._clause(item)))
        return item.role is Role.MEASURAND

    def _is_asked(self, item: Item) -> bool:
        """Whether the item is to be measured: its object measures it, or a word or a tolerance of its own says so."""
        thing, clause = self._object_of(item), self._clause(item)
        if not self._may_be_asked(item):
            return False
        if thing and _are_related(item.quantity, thing.quantity):
            return True
        if _SETTING.search(clause):
            return False
        sentence = self._sentence(item)
        tolerances = {_kind_of(other) for other in self.accuracy if self._sentence(other) == sentence}
        words = clause + (thing.name.replace("温湿", "温度") if thing else "")
        is_open = not (thing and thing.quantity) and item.quantity != "time"
        is_said = item.quantity in kinds_named(words) or item.quantity in tolerances
        return is_said or is_open or item.quantity not in _SURROUNDINGS

    # --- What belongs together -----------------------------------------------------------------------------------

    def _continues(self, draft: _Draft, item: Item) -> bool:
        """Whether the item goes on listing what the draft measures, before a tolerance is told."""
        end = draft.spans[-1].span[1]
        is_told = any(end <= other.span[0] < item.span[0] for other in self.accuracy)
        is_same = draft.quantity == item.quantity and draft.thing == self._object_of(item)
        return is_same and not is_told and draft.sentence == self._sentence(item)

    def _without_parameters(self, drafts: list[_Draft]) -> Iterator[_Draft]:
        """The drafts without those that state at what another one of their sentence is measured; these join it."""
        for draft in drafts:
            main = next((other for other in drafts if self._is_stated_at(other, draft)), None)
            if main and not draft.accuracy:
                main.parameters += draft.spans
            else:
                yield draft

    def _is_stated_at(self, main: _Draft, draft: _Draft) -> bool:
        """Whether the draft tells at what `main` is measured: no word asks for it, or its object measures `main`."""
        is_near = main.sentence == draft.sentence and _are_same(main.thing, draft.thing)
        if not is_near or main.quantity not in _STATED_AT.get(draft.quantity or "", ()):
            return False
        is_main = bool(main.thing and main.thing.quantity == main.quantity) and draft.quantity == "frequency"
        is_named = any(draft.quantity in kinds_named(self._clause(item)) for item in draft.spans)
        return is_main or not is_named or draft.quantity == "wavelength"

    def _share_accuracy(self, drafts: list[_Draft]) -> None:
        """Give the tolerances told in one go to the drafts before them, by their quantity, else in turn."""
        for told in self._told_at_once():
            for item in told:
                draft = self._draft_for(item, told, drafts)
                if draft is None:
                    thing = self._object_of(item)
                    draft = _Draft(thing, _kind_of(item) or (thing and thing.quantity) or None, self._sentence(item))
                    drafts.append(draft)
                draft.accuracy.append(item)

    def _told_at_once(self) -> Iterator[list[Item]]:
        """The tolerances between one range and the next."""
        told: list[Item] = []
        for item in sorted((*self.spans, *self.accuracy), key=lambda item: item.span):
            if item not in self.accuracy and told:
                yield told
                told = []
            elif item in self.accuracy:
                told.append(item)
        if told:
            yield told

    def _draft_for(self, item: Item, told: Sequence[Item], drafts: Sequence[_Draft]) -> _Draft | None:
        fitting = [draft for draft in drafts if draft.spans and _may_bound(item, draft.quantity)]
        if bracketed := [draft for draft in drafts if self._is_in_brackets_behind(item, draft)]:
            return bracketed[-1]
        near = [draft for draft in fitting if draft.sentence == self._sentence(item)]
        before = [draft for draft in near if draft.place < item.span[0]]
        behind = [draft for draft in near if draft.place > item.span[0]]
        thing = self._object_of(item)
        if behind and thing and thing.start >= item.span[1]:
            return behind[0]
        waiting = [draft for draft in before if not draft.accuracy or draft.accuracy[0] in told]
        peers = [other for other in told if other.kind is item.kind and _kind_of(other) == _kind_of(item)]
        if len(peers) == len(waiting) > 1:
            return waiting[peers.index(item)]
        earlier = [draft for draft in fitting if draft.place < item.span[0] and not draft.accuracy]
        return next(iter((*before[-1:], *behind[:1], *earlier[-1:])), None)

    def _is_in_brackets_behind(self, item: Item, draft: _Draft) -> bool:
        """Whether it is the tolerance of the range before it, and not of what is measured in that band."""
        if _kind_of(item) in _STATED_AT.get(draft.quantity or "", ()):
            return False
        ends = [span.span[1] for span in draft.spans]
        return any(self.text[end : item.span[0] + 1].strip() in _OPEN_BRACKETS for end in ends if end <= item.span[0])

    def _merge(self, drafts: Iterable[_Draft]) -> list[_Draft]:
        """The drafts with repeats joined to the first; what has neither range nor quantity is no line."""
        merged: list[_Draft] = []
        for draft in drafts:
            first = next((other for other in merged if self._say_the_same(other, draft)), None)
            if first:
                if self._is_title(first) and draft.spans:
                    first.spans = []
                first.take(draft)
            else:
                merged.append(draft)
        return [draft for draft in merged if draft.spans or (draft.quantity and draft.accuracy)]

    def _say_the_same(self, one: _Draft, other: _Draft) -> bool:
        """Whether they speak of one object and quantity, and the ranges of one lie within those of the other.

        A title names the object in other words than the text, so that its range alone tells it.
        """
        is_one_object = _are_same(one.thing, other.thing)
        if not one.spans or not other.spans:
            return is_one_object and (one.quantity == other.quantity or None in (one.quantity, other.quantity))
        if one.quantity != other.quantity:
            return False
        if self._is_title(one) and not one.accuracy:
            return any(_lies_within([item], other.spans) for item in one.spans)
        lies_within, holds = _lies_within(one.spans, other.spans), _lies_within(other.spans, one.spans)
        is_repeat = (lies_within and holds) or ((lies_within or holds) and not (one.accuracy and other.accuracy))
        return is_one_object and is_repeat

    def _is_title(self, draft: _Draft) -> bool:
        """Whether the draft stands in the first line of several."""
        return draft.place < self.text.find("\n")

    def _accompany(self, drafts: list[_Draft], item: Item) -> None:
        """Add what is not asked for to the draft it stands with, as a parameter or as a condition."""
        near = [draft for draft in drafts if draft.sentence == self._sentence(item)]
        if item.role is Role.PARAMETER or len(drafts) == 1:
            near = near or drafts
        before = [draft for draft in near if draft.place < item.span[0]]
        draft = next(iter((*before[-1:], *near[:1])), None)
        if draft is None or any(other.quantity == item.quantity and _contains(other, item) for other in draft.spans):
            return
        is_parameter = item.role is Role.PARAMETER or draft.quantity in _STATED_AT.get(item.quantity or "", ())
        (draft.parameters if is_parameter else draft.conditions).append(item)

    # --- The cells -------------------------------------------------------------------------------------------------

    def cells(self, draft: _Draft, *, alone: bool) -> Cells:
        """The raw cells of a draft, as they stand in the text."""
        codes = (code for code in self.codes if alone or self._sentence(code) == draft.sentence)
        accuracy = {_same_tolerance(item): self._raw(item) for item in draft.accuracy}
        kind = KINDS.get(draft.quantity or "")
        measurand = kind.label if kind else ""
        if draft.quantity == "temperature" and any("均匀" in item.raw for item in draft.accuracy):
            measurand = "温度均匀性"
        return Cells(
            object=draft.thing.name if draft.thing else "",
            measurand=measurand,
            range=_join(self._raw(item) for item in _without_points((*draft.spans, *draft.parameters))),
            accuracy=_join(accuracy.values()),
            conditions=_join(self._raw(item) for item in draft.conditions),
            codes=_join(item.code or "" for item in codes),
        )

    def _raw(self, item: Item) -> str:
        """The words of an item with those around it that say how to read it: HRC 20~67, U≤5 %（k=2）, 每小时 800 吨."""
        start, end = item.span
        if item.quantity == "mass" and (found := _PER_TIME.search(self.text, 0, start)):
            return f"{item.raw}/{found[1]}"
        if item.kind in SPANS and (found := _SCALE_BEFORE.search(self.text, 0, start)):
            return f"{found[0].strip()} {item.raw}"
        if item.kind is ItemKind.UNCERTAINTY and (found := _FACTOR_BEHIND.match(self.text, end)):
            return item.raw + found[0]
        return item.raw


def _are_same(one: Named | None, other: Named | None) -> bool:
    if one is None or other is None:
        return True
    return one.term == other.term or one.name in other.name or other.name in one.name


def _lies_within(inner: Iterable[Item], outer: Sequence[Item]) -> bool:
    return all(any(_contains(wide, item) for wide in outer) for item in inner)


def _contains(wide: Item, item: Item) -> bool:
    ends = [end for end in (item.low, item.high) if end is not None]
    return all((wide.low is None or wide.low <= end) and (wide.high is None or end <= wide.high) for end in ends)


def _without_points(spans: Sequence[Item]) -> list[Item]:
    """The spans without the points and limits that lie within a range among them: 4 m of (0~4000) mm."""
    ranges = [item for item in spans if item.kind is ItemKind.RANGE and not item.nominal]
    return [
        item
        for item in spans
        if item in ranges or not any(wide.quantity == item.quantity and _contains(wide, item) for wide in ranges)
    ]


def _kind_of(item: Item) -> str | None:
    """The quantity a tolerance is stated in, if it is stated in one."""
    return None if item.relative or item.kind is ItemKind.ACCURACY_CLASS else item.quantity


def _may_bound(item: Item, quantity: str | None) -> bool:
    """Whether a tolerance can be one of that quantity; a relative one or a class can be of any."""
    kind = _kind_of(item)
    if kind is None or quantity is None or _are_related(kind, quantity):
        return kind is None or quantity is not None
    return item.kind is ItemKind.UNCERTAINTY and KINDS[kind].si_unit == KINDS[quantity].si_unit != "1"


def _are_related(one: str | None, other: str | None) -> bool:
    """Whether two kinds are one, one a case of the other, or told by the same instruments."""
    mine, theirs = KINDS.get(one or ""), KINDS.get(other or "")
    if mine is None or theirs is None or one == other:
        return mine is not None and one == other
    is_case = mine.parent == other or theirs.parent == one or (mine.parent is not None and mine.parent == theirs.parent)
    are_levels = mine.si_unit.startswith("dB") and theirs.si_unit.startswith("dB")
    return is_case or are_levels or any({one, other} <= kin for kin in _KIN)


def _same_tolerance(item: Item) -> tuple[object, ...]:
    return item.kind, item.low, item.high, item.formula, item.grade, item.reference


def _join(parts: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(part for part in parts if part))


GRAVITY = Decimal("9.80665")
_SENTENCE_MARKS = "。；;！!？?\n"
_SENTENCE_END = re.compile(f"[{_SENTENCE_MARKS}]")
_CLAUSE_SIGN = re.compile("[，,：:（(、]")
# What stands between a value and the object it describes: 300 公斤的台秤, 0.05 级、(0~60) MPa 油介质数字压力计.
_DESCRIBES = re.compile(r"[)）\s]*的?(?:(?![与和及或])[一-龥 ]){0,4}(?<![台只支块套把个件条用])")
_OFF = re.compile(
    r"(?:(?<![误偏温压公允级比角时落])差了?|偏[高低大小移]?了?|(?<![最不太])[高低轻快慢]了?)"
    r"(?:大?约|大概|将近|出|上下|有|到|好几|不到)*\s*$"
)
_BRACKETED_TOLERANCE = re.compile(r"\s*[（(]\s*±")
_OPEN_BRACKETS = ("(", "（", "(±", "（±")
_OPERATION = re.compile("(?:工作|使用|工艺|运行)温度")
_SETTING = re.compile(
    "[油水气烟]温|[布带车走线]速|节拍|介质|工作(?:压力|频率)|[测试][试验]电压|激励|运行|管电压|气源|预冷|[热冷]态|水深|采样"
)
_SCALE_BEFORE = re.compile(rf"(?:{SCALE.pattern})\s*(?:硬度)?[值为:：]*\s*$")
_PER_TIME = re.compile(r"每(小时|分钟|秒)[一-龥]{0,3}\s*$")
_FACTOR_BEHIND = re.compile(r"\s*[（(，,]\s*k\s*[=＝]\s*\d(?:\.\d+)?\s*[）)]?")
# Kinds that set the scene as often as they are asked for.
_SURROUNDINGS = frozenset(
    ("temperature", "pressure", "time", "speed", "rotational_speed", "acceleration", "length", "angle", "voltage",
     "frequency", "wavelength")
)  # fmt: skip
# Kinds that one instrument tells beside each other.
_KIN = (
    {"flow_volume", "flow_mass"},
    {"mass", "flow_mass"},
    {"power", "power_level", "optical_power"},
    {"ratio", "turns_ratio", "current"},
    {"ratio", "turns_ratio", "voltage"},
    {"density", "volume_fraction", "mass_fraction"},
)
# Kinds that go both ways, so that ± before an object tells its range.
_SIGNED = frozenset(("voltage", "current", "force", "torque", "angle", "speed"))
_MEASURED_BY_BAND = frozenset(("frequency", "power_level", "noise_figure", "attenuation", "voltage", "reflection"))
# At which quantity (first) others are measured: the frequency of a voltage, the tube voltage of a dose.
_STATED_AT = {
    "frequency": frozenset(
        ("voltage", "current", "power", "power_level", "attenuation", "noise_figure", "impedance", "resistance",
         "capacitance", "inductance", "phase", "magnetic_flux_density", "electric_field", "acceleration", "speed",
         "force", "sound_pressure_level")
    ),
    "wavelength": frozenset(
        ("optical_power", "power", "power_level", "attenuation", "transmittance", "reflectance", "absorbance")
    ),
    "voltage": frozenset(("air_kerma", "air_kerma_rate", "absorbed_dose", "dose_equivalent", "resistance")),
    "pressure": frozenset(("flow_volume", "flow_mass")),
}  # fmt: skip
