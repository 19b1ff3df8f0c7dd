"""The lines that a need in plain words asks for, as cells to take over.

    statements asked for → drafts by object and quantity → tolerances shared → repeats joined → what accompanies → cells

What is not asked for (oil at 50 ℃, a belt at 30 m/min) accompanies a draft: as a parameter where measurements are
stated at it, else as a condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from matching.engine.facts import Cells, Item, ItemKind, Role
from matching.engine.objects import FEATURE, SCALE, Named, kinds_named
from matching.engine.statements import OF_ENERGY, SPANS, Statements, are_related, kind_of
from matching.engine.units import KINDS


def draft_lines(text: str) -> tuple[Cells, ...]:
    """The cells of the lines that a need in plain words asks for, in its order.

    >>> [(cells.object, cells.range, cells.accuracy, cells.conditions) for cells in draft_lines(
    ...     "涡轮流量计校准 400 L/min\\n涡轮流量计 20~400 L/min，油温 50 ℃，±1 %")]
    [('涡轮流量计', '20~400 L/min', '±1 %', '50 ℃')]
    """
    need = _Need(text)
    drafts = need.drafts()
    return tuple(need.cells(draft, alone=len(drafts) == 1) for draft in drafts)


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


class _Need(Statements):
    """A need in plain words, drawn up line by line."""

    def drafts(self) -> list[_Draft]:
        """A draft for each object and quantity asked for, in the order of the text."""
        asked = [item for item in self.spans if self._is_asked(item)]
        if not asked:
            first = next((item for item in self.spans if self._is_first_asked(item)), None)
            asked = [item for item in self.spans if first and item.quantity == first.quantity]
        drafts: list[_Draft] = []
        for item in asked:
            if not drafts or not self._continues(drafts[-1], item):
                drafts.append(_Draft(self._object_of(item), self._measured_by(item), self._sentence(item)))
            drafts[-1].spans.append(item)
        drafts = list(self._without_parameters(drafts))
        self._share_accuracy(drafts)
        drafts = list(self._without_parameters(drafts))
        drafts = self._merge(sorted(drafts, key=lambda draft: draft.place))
        drafts = [each for draft in drafts for each in self._for_each_object(draft)]
        rated = [draft for draft in drafts if self._is_rating(draft, drafts)]
        drafts = [draft for draft in drafts if draft not in rated]
        for item in self.spans:
            if item not in asked or any(item in draft.spans for draft in rated):
                self._accompany(drafts, item)
        return drafts

    def _is_first_asked(self, item: Item) -> bool:
        """Whether it is asked for where nothing else is."""
        return self._may_be_asked(item) and item.quantity != "time" and not self._is_signal(item)

    def _is_rating(self, draft: _Draft, drafts: Sequence[_Draft]) -> bool:
        """Whether it only tells which device it is, beside what has a tolerance: 7 千瓦充电桩，电能 ±2 %."""
        is_size = bool(draft.spans) and all(item.nominal for item in draft.spans) and not draft.accuracy
        is_own = draft.thing is not None and are_related(draft.quantity, draft.thing.quantity)
        is_named = any(draft.quantity in kinds_named(self._clause(item)) for item in draft.spans)
        others = (other for other in drafts if other is not draft and other.quantity != draft.quantity)
        return is_size and not is_own and not is_named and any(other.accuracy for other in others)

    # --- What belongs together -----------------------------------------------------------------------------------

    def _measured_by(self, item: Item) -> str | None:
        """What is measured over that span: of a meter of electrical energy no voltage and no current."""
        thing = self._object_of(item)
        is_meter = thing is not None and thing.quantity == "energy" and item.quantity in OF_ENERGY
        return "energy" if is_meter else item.quantity

    def _continues(self, draft: _Draft, item: Item) -> bool:
        """Whether the item goes on listing what the draft measures, before a tolerance is told."""
        end = draft.spans[-1].span[1]
        is_told = any(end <= other.span[0] < item.span[0] for other in self.accuracy)
        is_same = draft.quantity == self._measured_by(item) and draft.thing == self._object_of(item)
        return is_same and not is_told and draft.sentence == self._sentence(item)

    def _without_parameters(self, drafts: list[_Draft]) -> Iterator[_Draft]:
        """The drafts without those that state at what others of their sentence are measured; these join them.

        What stands before all of them holds for all: 1 kHz：电容 …，电感 …
        """
        mains = [draft for draft in drafts if not any(self._is_stated_at(other, draft) for other in drafts)]
        for draft in drafts:
            joined = [other for other in mains if self._is_stated_at(other, draft)]
            before = [other for other in joined if other.place < draft.place]
            setting = next((other for other in drafts if self._sets(draft, other)), None)
            for main in before[-1:] or joined:
                main.parameters += draft.spans
            if joined:
                continue
            if setting:
                setting.conditions += draft.spans
            else:
                yield draft

    def _sets(self, draft: _Draft, main: _Draft) -> bool:
        """Whether the draft is a value that the object of `main` is set to as it measures: 负载 50 Ω, 1000 V 摇表."""
        is_measured = main.thing is not None and are_related(main.thing.quantity, main.quantity)
        is_own = is_measured and main.quantity != draft.quantity
        is_told = bool(main.accuracy) or any(not item.nominal for item in main.spans)
        is_near = main.sentence == draft.sentence and _are_same(main.thing, draft.thing)
        is_value = bool(draft.spans) and all(item.nominal for item in draft.spans) and not draft.accuracy
        return is_own and is_told and is_near and is_value

    def _is_stated_at(self, main: _Draft, draft: _Draft) -> bool:
        """Whether the draft tells at what `main` is measured: no word asks for it, or its object measures `main`."""
        is_near = main.sentence == draft.sentence and _are_same(main.thing, draft.thing)
        if self._has_tolerance(draft):
            return False
        if not is_near or draft.accuracy or main.quantity not in _STATED_AT.get(draft.quantity or "", ()):
            return False
        is_main = bool(main.thing and main.thing.quantity == main.quantity) and draft.quantity == "frequency"
        is_named = any(draft.quantity in kinds_named(self._clause(item)) for item in draft.spans)
        return is_main or not is_named or draft.quantity == "wavelength"

    def _has_tolerance(self, draft: _Draft) -> bool:
        """Whether its sentence tells a tolerance in its own unit: 1520~1570 nm，波长 ±0.05 nm."""
        told = (item for item in self.accuracy if self._sentence(item) == draft.sentence)
        return any(kind_of(item) == draft.quantity for item in told)

    def _share_accuracy(self, drafts: list[_Draft]) -> None:
        """Give the tolerances told in one go to the drafts before them, by their quantity, else in turn."""
        for told in self._told_at_once():
            for item in told:
                draft = self._draft_for(item, told, drafts)
                if draft is None:
                    thing = self._object_of(item)
                    quantity = self._named_by(item) or kind_of(item) or (thing and thing.quantity) or None
                    draft = _Draft(thing, quantity, self._sentence(item))
                    drafts.append(draft)
                draft.accuracy.append(item)
                if len(told) == 1 and kind_of(item) is None:
                    for other in self._listed_with(draft, drafts):
                        other.accuracy.append(item)

    def _named_by(self, item: Item) -> str | None:
        """The quantity that the words right before a tolerance in per cent name: 阻抗 ±20 %."""
        return next(iter(kinds_named(self._clause(item))), None) if kind_of(item) is None else None

    def _listed_with(self, draft: _Draft, drafts: Sequence[_Draft]) -> Iterator[_Draft]:
        """The drafts that share one tolerance in per cent with the last of their list: 0~5 V、0.1~100 A，±0.1 %FS."""
        for other in drafts:
            is_listed = other is not draft and other.sentence == draft.sentence and _are_same(other.thing, draft.thing)
            has_range = any(not item.nominal for item in other.spans) and other.quantity not in _NO_PROPORTION
            if is_listed and has_range and not other.accuracy and other.spans[0].span < draft.spans[0].span:
                yield other

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
        named = self._named_by(item)
        fitting = [draft for draft in drafts if draft.spans and _may_bound(item, draft.quantity)]
        if named:
            fitting = [draft for draft in fitting if named not in _STATED_AT.get(draft.quantity or "", ())]
        if bracketed := [draft for draft in drafts if self._is_in_brackets_behind(item, draft)]:
            # Behind a band of frequencies it is of what is measured there.
            is_of_band = kind_of(item) in _STATED_AT.get(bracketed[-1].quantity or "", ())
            return None if is_of_band else bracketed[-1]
        near = [draft for draft in fitting if draft.sentence == self._sentence(item)]
        before = [draft for draft in near if draft.place < item.span[0]]
        behind = [draft for draft in near if draft.place > item.span[0]]
        thing = self._object_of(item)
        if behind and thing and thing.start >= item.span[1]:
            return behind[0]
        waiting = [draft for draft in before if not draft.accuracy or draft.accuracy[0] in told]
        peers = [other for other in told if other.kind is item.kind and kind_of(other) == kind_of(item)]
        if len(peers) == len(waiting) > 1:
            return waiting[peers.index(item)]
        earlier = [draft for draft in fitting if draft.place < item.span[0] and not draft.accuracy]
        return next(iter((*before[-1:], *behind[:1], *earlier[-1:])), None)

    def _is_in_brackets_behind(self, item: Item, draft: _Draft) -> bool:
        """Whether it stands in brackets right behind a range of the draft: (1~300) A（±0.1%）."""
        ends = [span.span[1] for span in draft.spans]
        return any(self.text[end : item.span[0] + 1].strip() in _OPEN_BRACKETS for end in ends if end <= item.span[0])

    def _for_each_object(self, draft: _Draft) -> Iterator[_Draft]:
        """A draft for each object of a list that shares a range: 压力计和变送器，0~60 MPa，0.05 级和 0.1 级."""
        things: list[Named] = []
        for thing in reversed(self.things):
            if thing == draft.thing or (things and _IS_LISTED.fullmatch(self.text, thing.end, things[0].start)):
                things.insert(0, thing)
        kinds = {(item.kind, kind_of(item)) for item in draft.accuracy}
        if len(things) == len(draft.accuracy) > len(kinds) == 1:
            for thing, item in zip(things, draft.accuracy, strict=True):
                yield replace(draft, thing=thing, accuracy=[item])
        else:
            yield draft

    def _merge(self, drafts: Iterable[_Draft]) -> list[_Draft]:
        """The drafts with repeats joined to the first; what has neither range nor quantity is no line."""
        merged: list[_Draft] = []
        for draft in drafts:
            first = next((other for other in merged if self._say_the_same(other, draft)), None)
            if first:
                if self._is_retold(first, draft):
                    first.spans = []
                first.take(draft)
            else:
                merged.append(draft)
        return [draft for draft in merged if draft.spans or (draft.quantity and draft.accuracy)]

    def _say_the_same(self, one: _Draft, other: _Draft) -> bool:
        """Whether they speak of one object and quantity, and the ranges of one lie within those of the other."""
        is_one_object = _are_same(one.thing, other.thing)
        if not one.spans or not other.spans:
            kinds = {one.quantity, other.quantity}
            # How far a frequency is off is told as part of it: 10 MHz，频率准确度 U ≤ 5×10⁻¹³.
            return is_one_object and (len(kinds) == 1 or None in kinds or kinds == {"frequency", "frequency_offset"})
        if one.quantity != other.quantity:
            return False
        if self._is_retold(one, other):
            return True
        lies_within, holds = _lies_within(one.spans, other.spans), _lies_within(other.spans, one.spans)
        is_repeat = (lies_within and holds) or ((lies_within or holds) and not (one.accuracy and other.accuracy))
        return is_one_object and (is_repeat or _is_size(one, other) or _is_size(other, one))

    def _is_retold(self, title: _Draft, draft: _Draft) -> bool:
        """Whether the text retells the range of the title, which may name the object in other words."""
        is_title = title.place < self.text.find("\n") and not title.accuracy
        return is_title and any(_lies_within([item], draft.spans) for item in title.spans)

    def _accompany(self, drafts: list[_Draft], item: Item) -> None:
        """Add what is not asked for to the draft it stands with, as a parameter or as a condition."""
        near = [draft for draft in drafts if draft.sentence == self._sentence(item)]
        if item.role is Role.PARAMETER or len(drafts) == 1:
            near = near or drafts
        before = [draft for draft in near if draft.place < item.span[0]]
        if not before and _FOR_ALL.match(self.text, item.span[1]):
            for other in near[1:]:
                if other.quantity in _STATED_AT.get(item.quantity or "", ()):
                    other.parameters.append(item)
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
        if draft.quantity == "energy" and any(item.quantity in OF_ENERGY for item in draft.spans):
            measurand = "电能"
        feature = draft.thing and FEATURE.match(self.text, draft.thing.end)
        if feature and draft.quantity in kinds_named(feature[0]):
            measurand = feature[0]
        told = [found.lastgroup for item in draft.spans if (found := _IN_FULL.search(self._words_around(item)))]
        if told and draft.quantity in ("voltage", "current"):
            measurand = {"direct": "直流", "alternating": "交流"}.get(told[0] or "", "") + measurand
        elif told and draft.quantity == "pressure":
            measurand = {"absolute": "绝对"}.get(told[0] or "", "") + measurand
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

    def _words_around(self, item: Item) -> str:
        """The words before an item and those in brackets right behind it: 1 Pa~133 kPa（绝压）."""
        behind = _BRACKET.match(self.text, item.span[1])
        return self._clause(item) + (behind[0] if behind else "")

    def _raw(self, item: Item) -> str:
        """The words of an item with those around it that say how to read it: HRC 20~67, U≤5 %（k=2）, 每小时 800 吨."""
        start, end = item.span
        if item.kind is ItemKind.MPE and item in self.spans:
            return item.raw[max(item.raw.find("±"), 0) :]
        if item.quantity == "mass" and (found := _PER_TIME.search(self.text, 0, start)):
            return f"{item.raw}/{found[1]}"
        if item.kind in SPANS and (found := _SCALE_BEFORE.search(self.text, 0, start)):
            return f"{found[0].strip()} {item.raw}"
        if item.kind is ItemKind.MPE and item.relative is False and item.si_unit == "1":
            # What says that a per cent is of the quantity itself belongs to the tolerance.
            start -= 2 * self.text.endswith("绝对", 0, start)
            behind = _BRACKET.match(self.text, end)
            return self.text[start : behind.end() if behind else end]
        if item.kind is ItemKind.RESOLUTION and item.raw[:1].isdigit():
            return f"分度值{item.raw}"
        if item.quantity == "wavelength" and item.raw[:1].isdigit():
            return f"波长 {item.raw}"
        if item.kind is ItemKind.UNCERTAINTY and (found := _FACTOR_BEHIND.match(self.text, end)):
            return item.raw + found[0]
        return item.raw


def _are_same(one: Named | None, other: Named | None) -> bool:
    if one is None or other is None:
        return True
    return one.term == other.term or one.name in other.name or other.name in one.name


def _is_size(named: _Draft, draft: _Draft) -> bool:
    """Whether a draft names the device by the upper end of what another asks for: 160 MPa 数字压力表, 0～160 MPa."""
    ends = {item.high for item in draft.spans if item.kind is ItemKind.RANGE and not item.nominal}
    return all(item.nominal and item.high in ends for item in named.spans)


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


def _may_bound(item: Item, quantity: str | None) -> bool:
    """Whether a tolerance can be one of that quantity; a relative one or a class can be of any."""
    kind = kind_of(item)
    if kind is None or quantity is None or are_related(kind, quantity):
        return kind is None or quantity is not None
    return item.kind is ItemKind.UNCERTAINTY and KINDS[kind].si_unit == KINDS[quantity].si_unit != "1"


def _same_tolerance(item: Item) -> tuple[object, ...]:
    return item.kind, item.low, item.high, item.formula, item.grade, item.reference


def _join(parts: Iterable[str]) -> str:
    return "、".join(dict.fromkeys(part for part in parts if part))


# Of these nothing is told in per cent of a reading.
_NO_PROPORTION = frozenset((None, "temperature", "dew_point", "relative_humidity", "ph", "frequency", "time"))
_IN_FULL = re.compile(
    r"(?P<direct>直流|(?<![A-Za-z])DC[VIA]?(?![A-Za-z]))|(?P<alternating>交流|工频|(?<![A-Za-z])AC[VIA]?(?![A-Za-z]))|(?P<absolute>绝对?压)"
)
# What is said before a colon holds for all behind it: 1 kHz：电容 …，电感 …
_FOR_ALL = re.compile(r"\s*(?:下|时|条件下)?[:：]")
_BRACKET = re.compile(r"\s*[（(][^（）()]{1,8}[）)]")
_IS_LISTED = re.compile(r"\s*[、和与及]\s*")
_OPEN_BRACKETS = ("(", "（", "(±", "（±")
_SCALE_BEFORE = re.compile(rf"(?:{SCALE.pattern})\s*(?:硬度)?[值为:：]*\s*$")
_PER_TIME = re.compile(r"每(小时|分钟|秒)[一-龥]{0,3}\s*$")
_FACTOR_BEHIND = re.compile(r"\s*(?:[（(]\s*k\s*[=＝]\s*\d(?:\.\d+)?\s*[）)]|[，,]\s*k\s*[=＝]\s*\d(?:\.\d+)?)")
# At which quantity (first) others are measured: the frequency of a voltage, the tube voltage of a dose.
_STATED_AT = {
    "frequency": frozenset(
        ("voltage", "current", "power", "power_level", "attenuation", "noise_figure", "impedance", "reflection",
         "vswr", "modulation", "distortion", "voltage_level", "field_level", "antenna_gain",
         "antenna_factor", "hearing_level", "sound_sensitivity", "radar_cross_section", "conductance", "capacitance",
         "inductance", "phase", "magnetic_flux_density", "electric_field", "acceleration", "speed", "force",
         "sound_pressure_level")
    ),
    "wavelength": frozenset(
        ("optical_power", "power", "power_level", "attenuation", "transmittance", "reflectance", "absorbance",
         "irradiance", "energy")
    ),
    "current": frozenset(("resistance", "energy")),
    "voltage": frozenset(("air_kerma", "air_kerma_rate", "absorbed_dose", "dose_equivalent", "energy")),
    "pressure": frozenset(("flow_volume", "flow_mass")),
}  # fmt: skip
