"""Uncertainty: what a need requires and what a row offers, both as expanded uncertainty U with k = 2 over x.

    need → Accuracy (U stated, MPE / ρ, class → MPE / ρ)      row → Accuracy (U brought to k = 2)
    both as laws over stretches of the axis → compared piece by piece → UncertaintyCheck

Sources: JJF 1059.1-2012 (U = k·u, k = 2 for p ≈ 95 %), JJF 1094-2002 5.3.1 (U ≤ MPEV/3, otherwise 待定区),
ANSI/NCSL Z540.3 (TUR), ILAC-P14 and CNAS-GL025 (forms of a CMC: value, range with interpolation, function).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from matching.engine.accuracy_classes import find_class_laws
from matching.engine.coverage import is_level_unit, is_plausible
from matching.engine.facts import Item, ItemKind, Line
from matching.engine.laws import CELSIUS_ZERO, FAR, Law, line_between
from matching.engine.objects import find_objects
from matching.engine.verdicts import Assumption, Basis, Interval, Reason

# Everything is compared with k = 2, which is also taken where no k is stated (JJF 1059.1-2012 4.5.2).
COVERAGE_FACTOR = Decimal(2)
_SAYS_RELATIVE = re.compile("相对|读数|示值|[Rr]el|RD|rdg")


@dataclass(frozen=True, slots=True)
class Bound:
    """One statement of accuracy: laws over stretches; of several over one piece, which one holds is unclear."""

    laws: tuple[Law, ...]
    item: Item


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What U must not exceed, or what U is offered: all bounds together, or the `reason` why there are none.

    What a need requires rests on a `basis`, with the ρ and the source that led to it; `hint` is a resolution.
    """

    bounds: tuple[Bound, ...] = ()
    basis: Basis | None = None
    ratio: Decimal = Decimal(1)
    assumptions: frozenset[Assumption] = frozenset()
    source: str = ""
    reason: Reason | None = None
    item: Item | None = None
    hint: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Ground:
    """What a statement of accuracy refers to: the quantity's unit and zero, and the ranges it stands beside."""

    unit: str | None
    zero: Decimal
    ranges: tuple[Interval, ...]
    descending: tuple[bool, ...]
    is_per_cent: bool = False

    @property
    def full_scale(self) -> Decimal | None:
        """The largest reading, counted from zero; of one-sided and missing ranges there is none."""
        return max((abs(end - self.zero) for one in self.ranges for end in (one.low, one.high)), default=None)

    @property
    def span(self) -> Decimal | None:
        """The distance between the ends of the range."""
        if not self.ranges:
            return None
        return max(one.high for one in self.ranges) - min(one.low for one in self.ranges)

    @property
    def parts(self) -> tuple[Ground, ...]:
        """The ground of each range alone."""
        if len(self.ranges) < 2 or len(self.ranges) != len(self.descending):
            return (self,)
        pairs = zip(self.ranges, self.descending, strict=True)
        return tuple(replace(self, ranges=(one,), descending=(way,)) for one, way in pairs)

    @property
    def scales(self) -> tuple[Ground, ...]:
        """The grounds with a full scale of their own: of several ranges each, of nominal points only all together."""
        return (self,) if any(one.low == one.high for one in self.ranges) else self.parts

    def limit(self, laws: Iterable[Law]) -> tuple[Law, ...]:
        """The laws over the stretch of the only range."""
        return tuple(law.between(self.ranges[0].low, self.ranges[0].high) for law in laws)

    @property
    def class_scale(self) -> Decimal | None:
        """The full scale of a class: the span, counted from zero where the range lies on one side of it.

        A thermometer has no natural zero, so its class refers to the span (JJG 226, JJF 1183).
        """
        if not self.ranges or self.zero:
            return self.span
        low, high = min(one.low for one in self.ranges), max(one.high for one in self.ranges)
        return max(high, Decimal(0)) - min(low, Decimal(0))


def ground_of(line: Line, ranges: Sequence[Interval]) -> Ground:
    """The ground of a line's accuracy; Celsius readings count from 273.15 K."""
    first = next(iter(line.ranges), None)
    is_celsius = line.quantity == "temperature" and (first is None or first.unit != "K")
    closed = [item for item in line.ranges if item.low is not None and item.high is not None]
    descending = tuple(item.descending for item in closed)
    unit = first.si_unit if first else None
    is_per_cent = first is not None and first.unit == "%"
    return Ground(unit, CELSIUS_ZERO if is_celsius else Decimal(0), tuple(ranges), descending, is_per_cent)


# --- What is required ----------------------------------------------------------------------------------------


def required_accuracy(need: Line, ground: Ground, ratio: Decimal) -> Accuracy:
    """U_req(x): the stated U, else the MPE or tolerance over 2ρ, else the MPE of the class, else unknown."""
    items = [item for item in need.accuracy if is_plausible(item)]
    resolution = next((item for item in items if item.kind is ItemKind.RESOLUTION), None)
    stated, errors, classes = (
        _fitting((item for item in items if item.kind is kind), ground)
        for kind in (ItemKind.UNCERTAINTY, ItemKind.MPE, ItemKind.ACCURACY_CLASS)
    )
    if stated:
        return replace(_from_uncertainty(stated, ground), item=stated[0])
    if errors:
        return replace(_from_mpe(errors, ground, ratio, resolution), item=errors[0])
    if classes:
        return replace(_from_class(classes[0], need, ground, ratio), item=classes[0])
    if resolution:
        return Accuracy(reason=Reason.RESOLUTION_ONLY, item=resolution, hint=resolution.high)
    return Accuracy(reason=Reason.NEED_ACCURACY_UNSTATED)


def _from_uncertainty(items: list[Item], ground: Ground) -> Accuracy:
    """U ≤ U0 with k0 requires 2·U0/k0."""
    bounds, assumptions, reason = _bounds(items, ground, None)
    if any(_coverage_factor(item) is None for item in items):
        assumptions = assumptions | {Assumption.NEED_K_ASSUMED}
    return Accuracy(bounds, Basis.UNCERTAINTY, assumptions=assumptions, reason=reason)


def _from_mpe(items: list[Item], ground: Ground, ratio: Decimal, resolution: Item | None) -> Accuracy:
    """An MPE ±M or a tolerance [T_L, T_U] requires M/ρ or (T_U − T_L)/(2ρ) (JJF 1094-2002: ρ = 3)."""
    bounds, assumptions, reason = _bounds(items, ground, resolution)
    bounds = tuple(replace(bound, laws=tuple(law.scaled(1 / ratio) for law in bound.laws)) for bound in bounds)
    return Accuracy(bounds, Basis.MPE, ratio, assumptions | {Assumption.RATIO_RULE}, reason=reason)


def _from_class(item: Item, need: Line, ground: Ground, ratio: Decimal) -> Accuracy:
    """The MPE that the tables give for this class of this object, over ρ."""
    cells = need.cells
    words = " ".join((cells.object, _terms_for(cells.object), cells.measurand, cells.range, cells.accuracy))
    bounds, source = [], ""
    for scale in ground.scales:
        laws, source = find_class_laws(words, need.quantity, item.grade or "", scale.class_scale)
        if not laws:
            reason = Reason.FULL_SCALE_UNSTATED if source else Reason.CLASS_NOT_IN_TABLE
            return Accuracy(basis=Basis.ACCURACY_CLASS, source=source, reason=reason)
        laws = tuple(law.scaled(1 / ratio) for law in laws)
        bounds.append(Bound(laws if scale is ground else scale.limit(laws), item))
    assumptions = frozenset({Assumption.CLASS_TABLE, Assumption.RATIO_RULE})
    return Accuracy(tuple(bounds), Basis.ACCURACY_CLASS, ratio, assumptions, source)


@lru_cache(maxsize=4096)
def _terms_for(name: str) -> str:
    """The terms of the trade for the objects that a name contains: 压力变送器 for 压变."""
    return " ".join(thing.term for thing in find_objects(name))


# --- What is offered -----------------------------------------------------------------------------------------


def offered_accuracy(row: Line, ground: Ground, device: Ground | None = None) -> Accuracy:
    """U_C(x) = 2·U/k of a row. An MPE or the class of the laboratory's standard is no evidence of U.

    U in per cent of full scale is of the `device` to be calibrated, where one is given.
    """
    items = _fitting((item for item in row.accuracy if item.kind is ItemKind.UNCERTAINTY), ground)
    if not items:
        return Accuracy(reason=Reason.OFFERED_ACCURACY_UNSTATED)
    if device and len(items) == 1 and _is_of_full_scale(items[0]):
        bounds, assumptions, reason = _bounds_by_device(items[0], device)
    else:
        bounds, assumptions, reason = _bounds(items, ground, None)
    if len(bounds) > 1 and len(bounds) != len(ground.ranges):
        # Which of several U belongs to which part of the range is not known, so each may hold anywhere.
        bounds = (Bound(tuple(law for bound in bounds for law in bound.laws), bounds[0].item),)
    if any(_coverage_factor(item) is None for item in items):
        assumptions = assumptions | {Assumption.OFFERED_K_ASSUMED}
    return Accuracy(bounds, assumptions=assumptions, reason=reason)


def device_of(need: Line, ground: Ground) -> Ground | None:
    """The ground of the device a need speaks of, if it tells how good the device is by a class or in per cent."""
    is_told = any(item.relative or item.kind is ItemKind.ACCURACY_CLASS or item.formula for item in need.accuracy)
    return ground if is_told and ground.ranges else None


def _bounds_by_device(item: Item, device: Ground) -> tuple[tuple[Bound, ...], frozenset[Assumption], Reason | None]:
    """U in per cent of full scale as one bound: over each reading the smallest device that reaches it."""
    laws: list[Law] = []
    assumptions = set[Assumption]()
    for scale in sorted(device.scales, key=lambda scale: scale.full_scale or 0):
        found, assumed, reason = _laws(item, scale, None)
        if reason:
            return (), frozenset(), reason
        start = laws[-1].high if laws else -FAR
        laws += [replace(law, low=start, high=scale.full_scale or FAR, low_open=bool(laws)) for law in found]
        assumptions |= assumed
    return (Bound(tuple(laws), item),), frozenset(assumptions), None


# --- One statement as laws -----------------------------------------------------------------------------------


def _fitting(items: Iterable[Item], ground: Ground) -> list[Item]:
    """The items that can be read in the unit of the quantity, or all if none can."""
    plausible = [item for item in items if is_plausible(item)]
    return [item for item in plausible if _is_in_unit(item, ground.unit)] or plausible


def _bounds(
    items: Sequence[Item], ground: Ground, resolution: Item | None
) -> tuple[tuple[Bound, ...], frozenset[Assumption], Reason | None]:
    """Each item as a bound, over its own range if there are as many ranges as items, else over all of them."""
    if len(items) == 1 and _is_of_full_scale(items[0]):
        items = list(items) * len(ground.scales)
    parts = ground.parts if len(items) == len(ground.parts) else (ground,) * len(items)
    bounds, assumptions = [], set[Assumption]()
    for item, part in zip(items, parts, strict=True):
        laws, assumed, reason = _laws(item, part, resolution)
        if reason:
            return (), frozenset(), reason
        bounds.append(Bound(laws if part is ground else part.limit(laws), item))
        assumptions |= assumed
    return tuple(bounds), frozenset(assumptions), None


def _laws(
    item: Item, ground: Ground, resolution: Item | None
) -> tuple[tuple[Law, ...], set[Assumption], Reason | None]:
    """The laws of one U or MPE at k = 2; several if the text leaves open which one is meant."""
    is_offset = item.quantity == "frequency_offset" and ground.unit == "Hz"
    if is_offset or (item.relative is None and item.si_unit == "1" != ground.unit):
        # A ratio of a quantity that is not itself a ratio can only be one of the reading: 10 MHz, U ≤ 5×10⁻¹³.
        item = replace(item, relative=True)
    factor = COVERAGE_FACTOR / (_coverage_factor(item) or COVERAGE_FACTOR)
    if item.kind is not ItemKind.UNCERTAINTY:
        factor = Decimal(1)
    if not _is_in_unit(item, ground.unit):
        return (), set(), Reason.UNITS_DIFFER
    if item.formula:
        laws, assumed, reason = _formula_laws(item, ground, resolution)
    else:
        laws, assumed, reason = _value_laws(item, ground)
    if reason is None and not all(_is_sensible(law, item) for law in laws):
        reason = _silence(item)
    return tuple(law.scaled(factor) for law in laws), assumed, reason


def _is_of_full_scale(item: Item) -> bool:
    return item.reference in ("fs", "span") or bool(item.formula and item.formula.c)


def _is_sensible(law: Law, item: Item) -> bool:
    """Whether the law can be an accuracy: U = 0 or a negative term is a slip of the pen."""
    return (law.a > 0 or law.b > 0) and (item.formula is None or min(law.a, law.b) >= 0)


def _silence(item: Item) -> Reason:
    is_offered = item.kind is ItemKind.UNCERTAINTY
    return Reason.OFFERED_ACCURACY_UNSTATED if is_offered else Reason.NEED_ACCURACY_UNSTATED


def _coverage_factor(item: Item) -> Decimal | None:
    return item.k if item.k and item.k > 0 else None


def _is_in_unit(item: Item, unit: str | None) -> bool:
    """Whether an accuracy can be compared in the unit of the quantity; dB serves all levels, % no level at all."""
    is_level = is_level_unit(unit)
    if item.relative:
        return not is_level
    if item.formula and not item.formula.a:
        return not is_level
    if item.si_unit is None or unit is None or item.si_unit == unit:
        return True
    return is_level and item.si_unit.startswith("dB") and (unit or "").startswith("dB")


def _formula_laws(
    item: Item, ground: Ground, resolution: Item | None
) -> tuple[tuple[Law, ...], set[Assumption], Reason | None]:
    formula = item.formula
    assert formula is not None
    constant, assumed = formula.a, set[Assumption]()
    if formula.digits:
        if resolution is None or resolution.high is None or resolution.si_unit != ground.unit:
            return (), assumed, Reason.DIGITS_UNSTATED
        constant += formula.digits * resolution.high
    part = Decimal(0)
    if formula.c:
        if ground.full_scale is None:
            return (), assumed, Reason.FULL_SCALE_UNSTATED
        part = formula.c * ground.full_scale
        assumed.add(Assumption.FULL_SCALE_OF_RANGE)
    fixed = (constant * constant + part * part).sqrt() if formula.combine == "rss" else constant + part
    zero = formula.zero or ground.zero
    reading = ground.zero if item.relative else None
    return (Law(fixed, formula.b, zero=zero, combine=formula.combine, reading_zero=reading),), assumed, None


def _value_laws(item: Item, ground: Ground) -> tuple[tuple[Law, ...], set[Assumption], Reason | None]:
    ends = _magnitudes(item)
    if ends is None:
        return (), set(), _silence(item)
    laws, assumed = _spread(ends, item, ground)
    if item.relative is None and item.si_unit == "1" == ground.unit:
        # U = 0.7 % of a quantity in % is 0.7 of its per cent: what is relative is written Urel (JJF 1059.1-2012 5.3.8).
        return laws, assumed | {Assumption.PERCENT_AMBIGUOUS}, None
    if not item.relative:
        return laws, assumed, None
    if item.kind is ItemKind.MPE and ground.is_per_cent and not _SAYS_RELATIVE.search(item.raw):
        # ±1 % of a range in per cent may be points of it or of the reading.
        return (*laws, *_of_reading(laws, ground)), assumed | {Assumption.PERCENT_AMBIGUOUS}, None
    if item.reference in ("fs", "span"):
        scale = ground.full_scale if item.reference == "fs" else ground.span
        if scale is None:
            return (), assumed, Reason.FULL_SCALE_UNSTATED
        return tuple(law.scaled(scale) for law in laws), assumed | {Assumption.FULL_SCALE_OF_RANGE}, None
    return _of_reading(laws, ground), assumed, None


def _magnitudes(item: Item) -> tuple[Decimal, Decimal] | None:
    """The smallest and largest magnitude stated; an MPE or tolerance from −v to +w is half its width."""
    low, high = item.low, item.high
    if low is None or high is None:
        end = high if low is None else low
        return None if end is None else (abs(end), abs(end))
    is_spread = item.kind is ItemKind.UNCERTAINTY or (item.relative and low > 0)
    if is_spread or low == high:
        return min(abs(low), abs(high)), max(abs(low), abs(high))
    return (high - low) / 2, (high - low) / 2


def _spread(ends: tuple[Decimal, Decimal], item: Item, ground: Ground) -> tuple[tuple[Law, ...], set[Assumption]]:
    """One value everywhere; two values over the two ends of a range in written order, or unclear where."""
    least, most = ends
    if least == most:
        return (Law(most),), set()
    stretch = _two_ends(ground)
    if stretch is None:
        return (Law(least), Law(most)), set()
    low, high, is_descending = stretch
    first, last = (most, least) if item.descending else (least, most)
    if is_descending:
        first, last = last, first
    return (line_between(low, first, high, last),), {Assumption.INTERPOLATED}


def _two_ends(ground: Ground) -> tuple[Decimal, Decimal, bool] | None:
    """The two ends of the one range beside a list of two values, and whether it is written downwards."""
    if len(ground.ranges) != len(ground.descending):
        return None
    if len(ground.ranges) == 1 and ground.ranges[0].low < ground.ranges[0].high:
        return ground.ranges[0].low, ground.ranges[0].high, ground.descending[0]
    if len(ground.ranges) == 2 and all(one.low == one.high for one in ground.ranges):
        first, last = ground.ranges[0].low, ground.ranges[1].low
        return None if first == last else (min(first, last), max(first, last), first > last)
    return None


def _of_reading(laws: Iterable[Law], ground: Ground) -> tuple[Law, ...]:
    """Laws that are ratios of the reading, in the unit of the quantity."""
    return tuple(
        replace(law, reading_zero=ground.zero)
        if law.b
        else Law(Decimal(0), law.a, zero=ground.zero, low=law.low, high=law.high)
        for law in laws
    )
