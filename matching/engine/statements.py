"""The statements of a need in plain words: what each is about, and whether it is asked for.

Asked for is what the named instrument measures, what a word names, or what has a tolerance of its own; a bare range of
temperature, pressure or time beside it sets the scene. Symptoms (差 15 度) and what is set aside are left out.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from matching.engine.facts import Item, ItemKind, Role
from matching.engine.focus import blank_aside
from matching.engine.objects import Named, find_objects, kinds_named
from matching.engine.quantities import read
from matching.engine.units import KINDS

ACCURACY = (ItemKind.UNCERTAINTY, ItemKind.MPE, ItemKind.ACCURACY_CLASS, ItemKind.RESOLUTION)
SPANS = (ItemKind.RANGE, ItemKind.LIMIT)


def as_force(item: Item) -> Item:
    """5 吨 of a tensile tester is the force of that mass under standard gravity."""
    if item.quantity != "mass":
        return item
    low, high = (end and end * GRAVITY for end in (item.low, item.high))
    return replace(item, quantity="force", low=low, high=high, si_unit="N", unit="kN")


def kind_of(item: Item) -> str | None:
    """The quantity a tolerance is stated in, if it is stated in one."""
    return None if item.relative or item.kind is ItemKind.ACCURACY_CLASS else item.quantity


def are_related(one: str | None, other: str | None) -> bool:
    """Whether two kinds are one, one a case of the other, or told by the same instruments."""
    mine, theirs = KINDS.get(one or ""), KINDS.get(other or "")
    if mine is None or theirs is None or one == other:
        return mine is not None and one == other
    is_case = mine.parent == other or theirs.parent == one or (mine.parent is not None and mine.parent == theirs.parent)
    are_levels = mine.si_unit.startswith("dB") and theirs.si_unit.startswith("dB")
    return is_case or are_levels or any({one, other} <= kin for kin in _KIN)


class Statements:
    """What a need states: spans, tolerances and codes, each with the object and the words it stands with."""

    def __init__(self, text: str) -> None:
        self.text = blank_aside(text)
        self.things = find_objects(self.text)
        # A bare per cent is what the instrument measures, if that has no other unit: 雾度计 1~30 %.
        ratios = {thing.quantity for thing in self.things if thing.quantity and KINDS[thing.quantity].si_unit == "1"}
        words = " ".join(KINDS[quantity].label for quantity in sorted(ratios))
        told = (item for item in read(self.text, words=words).items if not self._is_scenery(item))
        items = [self._as_measured(item) for item in told if not self._is_symptom(item)]
        self.codes = [item for item in items if item.kind is ItemKind.CODE]
        ends = {(item.quantity, item.high) for item in items if item.kind in SPANS and not item.nominal}
        signed = {(item.low, item.high) for item in items if self._is_signed_range(item, items)}
        spans = [item for item in items if item.kind in SPANS or (item.low, item.high) in signed]
        # ±800 kV 分压器，50～800 kV: where a range is told too, the sign only belongs to the name of the device.
        self.spans = [item for item in spans if item.kind in SPANS or (item.quantity, item.high) not in ends]
        self.accuracy = [item for item in items if item.kind in ACCURACY and item not in spans]

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
        earlier = (other for other in self.things if other.start < thing.start and other.name.endswith(thing.name))
        return next((other for other in earlier if other.quantity or not thing.quantity), thing)

    def _as_measured(self, item: Item) -> Item:
        """The item as its object makes it: 60 度 of a furnace, 5 吨 of a tensile tester, 18G of a spectrum analyser."""
        thing = self._object_of(item)
        if item.kind not in (*SPANS, ItemKind.MPE) or not item.quantity or not thing or not thing.quantity:
            return item
        if thing.quantity == "force" and item.kind in SPANS:
            return as_force(item)
        if item.unit == "ppm" and thing.quantity == "mass_concentration":
            # Of what is dissolved in water a part per million by mass is a milligram in a litre.
            told = read(item.raw.lower().replace("ppm", "mg/L")).items
            return next((replace(other, span=item.span) for other in told if other.kind is item.kind), item)
        if item.unit in (None, "1") and (unit := _CUSTOMARY.get(thing.quantity)):
            bare = read(f"{item.raw} {unit}", words=KINDS[thing.quantity].label).items
            return next((replace(other, span=item.span) for other in bare if other.kind is item.kind), item)
        is_plain = thing.quantity == item.quantity or KINDS[thing.quantity].parent
        if is_plain or item.quantity in kinds_named(self._clause(item)):
            return item
        is_short = item.raw[-1] in "Gg" and thing.quantity in _MEASURED_BY_BAND
        meant = "frequency" if is_short else thing.quantity
        again = read(item.raw + "Hz" * is_short, words=KINDS[meant].label).items
        fitting = (other for other in again if other.kind is item.kind and other.quantity == meant)
        return next((replace(other, span=item.span) for other in fitting), item)

    def _is_scenery(self, item: Item) -> bool:
        """Whether it tells of the plant or of more than is used: 220 kV 变电站, 300 MW 机组, 220 g（用到 200 g）."""
        return item.kind in SPANS and bool(_SCENERY.match(self.text, item.span[1]))

    def _is_signal(self, item: Item) -> bool:
        """Whether it is what a transmitter gives out, not what it measures: 4~20 mA of a pressure transmitter."""
        thing = self._object_of(item)
        if thing is None or not _TRANSMITS.search(thing.name):
            return False
        is_other = bool(thing.quantity) and not are_related(item.quantity, thing.quantity)
        return is_other and (item.quantity, item.low, item.high) in _SIGNALS

    def _is_symptom(self, item: Item) -> bool:
        """Whether it tells how far off something is: 差 15 度, 偏 3 公分."""
        return item.kind in SPANS and bool(_OFF.search(self._clause(item)))

    def _is_signed_range(self, item: Item, items: list[Item]) -> bool:
        """Whether ± gives a range: its tolerance stands behind, ±30°，允差 ±0.05°, or ±800 kV 分压器."""
        if item.kind is not ItemKind.MPE or item.relative is not False or not _SIGN.search(item.raw):
            return False
        thing = self._object_of(item)
        sentence = self._sentence(item)
        told = [one for one in items if one.quantity == item.quantity and self._sentence(one) == sentence]
        if item.quantity in _SIGNED and item is told[0] and any(_is_narrower(one, item) for one in told[1:]):
            return True
        is_described = thing is not None and thing.start >= item.span[1] and item.quantity in _SIGNED
        return is_described or bool(_BRACKETED_TOLERANCE.match(self.text, item.span[1]))

    def _may_be_asked(self, item: Item) -> bool:
        """Whether it is no condition; the working temperature of a furnace is what is measured there."""
        thing = self._object_of(item)
        if item.role is Role.CONDITION:
            is_own = thing is not None and are_related(item.quantity, thing.quantity)
            return is_own and bool(_OPERATION.search(self._clause(item)))
        return item.role is Role.MEASURAND

    def _is_asked(self, item: Item) -> bool:
        """Whether the item is to be measured: its object measures it, or a word or a tolerance of its own says so."""
        if any(_is_right_behind(tolerance, item) for tolerance in self.accuracy):
            return True
        if not self._may_be_asked(item) or self._is_signal(item):
            return False
        thing, clause = self._object_of(item), self._clause(item)
        if thing and are_related(item.quantity, thing.quantity):
            return True
        if _SETTING.search(clause):
            return False
        if _MEASURING.search(clause):
            return True
        sentence = self._sentence(item)
        tolerances = {kind_of(other) for other in self.accuracy if self._sentence(other) == sentence}
        words = clause + (thing.name.replace("温湿", "温度") if thing else "")
        is_open = not (thing and thing.quantity) and item.quantity != "time"
        is_said = item.quantity in kinds_named(words) or item.quantity in tolerances
        return is_said or is_open or item.quantity not in _SURROUNDINGS


def _is_right_behind(tolerance: Item, item: Item) -> bool:
    """Whether a tolerance of the same kind follows the item at once: 20~60 ℃ ±0.5 ℃."""
    return 0 <= tolerance.span[0] - item.span[1] <= 2 and kind_of(tolerance) == item.quantity


# A meter of electrical energy has no range of its own: it is told by these (JJG 596).
OF_ENERGY = frozenset(("voltage", "current", "power_factor"))


def _is_narrower(tolerance: Item, item: Item) -> bool:
    """Whether it is a tolerance of what goes as far as the item."""
    if tolerance.kind not in (ItemKind.MPE, ItemKind.UNCERTAINTY) or tolerance.high is None or item.high is None:
        return False
    return bool(tolerance.relative) or tolerance.high <= item.high / 10


GRAVITY = Decimal("9.80665")
_SENTENCE_MARKS = "。；;！!？?\n"
_SENTENCE_END = re.compile(f"[{_SENTENCE_MARKS}]")
_CLAUSE_SIGN = re.compile("[，,：:（(、]")
# What stands between a value and the object it describes: 300 公斤的台秤, 0.05 级、(0~60) MPa 油介质数字压力计.
_DESCRIBES = re.compile(r"[)）\s]*的?(?:(?![与和及或])[一-龥 ]){0,4}(?<![台只支块套把个件条用])")
_OFF = re.compile(
    r"(?:(?<![误偏温压公允级比角时落])差了?|偏[高低大小移]?了?|(?<![最不太波阶标扬])[高低轻快慢]了?)"
    r"(?:大?约|大概|将近|出|上下|有|到|好几|不到)*\s*$"
)
_SIGN = re.compile("^(?:±|正负|偏差在? ?±)")
_BRACKETED_TOLERANCE = re.compile(r"\s*[（(]\s*±")
_OPERATION = re.compile("(?:工作|使用|工艺|运行)温度")
_SETTING = re.compile(
    "[油水气烟]温|[布带车走线]速|节拍|介质|工作(?:压力|频率)|[测试][试验]电压|激励|运行|管电压|气源|预冷|[热冷]态|水深|采样|[黏粘]度"
)
_MEASURING = re.compile(r"(?:量程|测量范围)(?:为|是)?\s*$")
_SCENERY = re.compile(
    r"[)）\s]*(?:[等电]?级)?的?(?:变电站|换流站|母线|[高低进出一二]?[压线次]?侧(?![面向头])|发?电?机组|配电|电网|线路(?!板))"
    r"|[，,（(\s]*(?:实际|平时|日常|只|最多|主要|常)*使?用到"
)
# Kinds that set the scene as often as they are asked for.
_SURROUNDINGS = frozenset(
    ("temperature", "pressure", "time", "speed", "rotational_speed", "acceleration", "length", "angle", "voltage",
     "frequency", "wavelength")
)  # fmt: skip
_TRANSMITS = re.compile("变送|传感|探头|远传|[压温差流]变$|[位度量]计$")
# The signals of process instruments (GB/T 3369): 4~20 mA and its like.
_SIGNALS = frozenset(
    (quantity, Decimal(low), Decimal(high))
    for quantity, low, high in (
        ("current", "0.004", "0.02"), ("current", "0", "0.02"), ("current", "0", "0.01"),
        ("voltage", "1", "5"), ("voltage", "0", "5"), ("voltage", "0", "10"),
    )
)  # fmt: skip
# Kinds that one instrument tells beside each other.
_KIN = (
    {"flow_volume", "flow_mass"},
    {"mass", "flow_mass"},
    {"acceleration", "speed"},
    {"power", "power_level", "optical_power"},
    {"ratio", "turns_ratio", "current"},
    {"ratio", "turns_ratio", "voltage"},
    {"density", "volume_fraction", "mass_fraction"},
)
# Kinds that go both ways, so that ± before an object tells its range.
_SIGNED = frozenset(("voltage", "current", "force", "torque", "angle", "speed", "time"))
# The unit of a bare number on the scale of an instrument: 比重计 1.10~1.30, 高低温箱（-40~150）.
_CUSTOMARY = {"density": "g/cm³", "temperature": "℃"}
_MEASURED_BY_BAND = frozenset(("frequency", "power_level", "noise_figure", "attenuation", "voltage", "reflection"))
