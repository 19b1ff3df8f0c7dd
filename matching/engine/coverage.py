"""Coverage: how much of the range a need asks for lies within the union of an institute's rows.

A need is a box: the range of the measurand and of each parameter (the frequency of an AC voltage, the DN of a
meter). Each axis is cut at all edges of both sides, so that a row covers a piece wholly or not at all; the rows
over each combination of parameter pieces form a slab, and the union of the slabs is what is covered.

    items → intervals → axis of pieces → rows over each piece → slabs → check

The range is part of the CMC (CNAS-GL025, ILAC-P14) and means the measuring interval of JJF 1001-2011 7.7.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby, pairwise

from matching.engine.facts import Item, Verdict
from matching.engine.laws import FAR
from matching.engine.units import KINDS
from matching.engine.verdicts import Assumption, CoverageCheck, Interval, Reason, Scale

# Ends that agree within this are one end: 300 mmHg is 39.9967 kPa and was meant as 40 kPa.
AGREEMENT = Decimal("1e-4")
# A range is covered if no more than this share is missing.
NEGLIGIBLE = 1e-6
# From this quotient of the ends on, an axis is measured by decades.
WIDE = 100
# What is measured in proportion to the reading is compared from this part of the range on.
LEAST_READING = Decimal("0.01")
# Narrower than this, relative to its ends, a range is a point.
POINT = Decimal("1e-12")


def is_plausible(item: Item) -> bool:
    """Whether the numbers of an item are finite and of a size that occurs in nature."""
    formula = item.formula
    terms = (formula.a, formula.b, formula.c, formula.zero, formula.digits) if formula else ()
    return all(
        number is None or (number.is_finite() and (not number or 1 / FAR <= abs(number) <= FAR))
        for number in (item.low, item.high, item.k, *terms)
    )


def needed_intervals(items: Iterable[Item], starts_at_zero: bool) -> tuple[tuple[Interval, ...], set[Assumption]]:
    """What must be covered. Of a one-sided need the stated end must be reached; the other end stays open.

    Only a quantity that starts at zero supplies a missing lower end, and that is an assumption.
    """
    intervals, assumptions = [], set()
    for item in items:
        if item.low is not None and item.high is not None:
            intervals.append(_ordered(item, item.low, item.high))
        elif item.high is not None and item.high > 0 and starts_at_zero:
            intervals.append(Interval(Decimal(0), item.high))
            assumptions.add(Assumption.NEED_LOW_ZERO)
        elif (end := item.high if item.low is None else item.low) is not None:
            intervals.append(Interval(end, end))
            assumptions.add(Assumption.OTHER_END_UNSTATED)
    return tuple(intervals), assumptions


@dataclass(frozen=True, slots=True)
class Offer:
    """The ranges one row states, and those it may mean where it leaves an end open."""

    certain: tuple[Interval, ...]
    possible: tuple[Interval, ...]
    assumptions: frozenset[Assumption] = frozenset()


def offered_intervals(items: Iterable[Item], starts_at_zero: bool) -> Offer:
    """What a row covers for certain, and what it may cover beyond an end that it does not state."""
    certain, possible, assumptions = [], [], set()
    for item in items:
        if item.low is not None and item.high is not None:
            sure = maybe = _ordered(item, item.low, item.high)
        elif item.high is not None and item.high > 0 and starts_at_zero:
            sure = maybe = Interval(Decimal(0), item.high, high_open=item.high_open)
            assumptions.add(Assumption.OFFERED_LOW_ZERO)
        elif item.high is not None:
            sure, maybe = Interval(item.high, item.high), Interval(-FAR, item.high)
        elif item.low is not None:
            sure, maybe = Interval(item.low, item.low), Interval(item.low, FAR)
        else:
            continue
        certain.append(sure)
        possible.append(maybe)
    return Offer(tuple(certain), tuple(possible), frozenset(assumptions))


def leave_out_zero(needed: Sequence[Interval], offered: Iterable[Interval]) -> tuple[tuple[Interval, ...], bool]:
    """The needed intervals, where one that starts at zero is begun where the rows begin; whether one was.

    Nobody states U at zero for what is measured in proportion, so less than 1 % of the range is not missed.

    >>> leave_out_zero([Interval(Decimal(0), Decimal(2000))], [Interval(Decimal("0.01"), Decimal(2000))])[0][0].low
    Decimal('0.01')
    """
    least = min((one.low for one in offered), default=Decimal(0))
    begun = tuple(replace(one, low=least) if one.low == 0 < least < LEAST_READING * one.high else one for one in needed)
    return begun, begun != tuple(needed)


def _ordered(item: Item, low: Decimal, high: Decimal) -> Interval:
    return Interval(min(low, high), max(low, high), item.low_open, item.high_open)


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The intervals as few disjoint ones, ascending.

    >>> union([Interval(Decimal(2), Decimal(3)), Interval(Decimal(0), Decimal(2))])
    (Interval(low=Decimal('0'), high=Decimal('3'), low_open=False, high_open=False),)
    """
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda one: (one.low, one.high)):
        if merged and interval.low <= merged[-1].high:
            last = merged[-1]
            if interval.high > last.high:
                merged[-1] = Interval(last.low, interval.high, last.low_open, interval.high_open)
        else:
            merged.append(interval)
    return tuple(merged)


# --- One axis, cut into pieces -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a needed axis without an edge inside it, and its share of the axis."""

    low: Decimal
    high: Decimal
    linear: float
    log: float | None
    part: int

    @property
    def is_point(self) -> bool:
        return self.low == self.high


@dataclass(frozen=True, slots=True)
class Axis:
    """What a need asks for of one quantity, in pieces that ascend; `part` of a piece is its index in `needed`."""

    quantity: str | None
    needed: tuple[Interval, ...]
    pieces: tuple[Piece, ...]
    scale: Scale

    def weight(self, piece: Piece) -> float:
        """The share of the axis that the piece makes up on the scale of the axis."""
        return piece.log if self.scale is Scale.LOG and piece.log is not None else piece.linear

    def fraction(self, piece: Piece, low: Decimal, high: Decimal) -> float:
        """The share of the piece between two points of it."""
        if piece.is_point:
            return 1.0
        if self.scale is Scale.LOG:
            return _decades(low, high) / _decades(piece.low, piece.high)
        return float((high - low) / (piece.high - piece.low))


def cut_axis(quantity: str | None, needed: Sequence[Interval], edges: Iterable[Decimal]) -> Axis:
    """The needed ranges cut at all edges inside them, each piece with its linear and logarithmic share.

    The measure is linear (dx) or, if the range spans two decades or the quantity is counted in decades,
    logarithmic (dx/x); levels (dB, dBm, pH) are logarithms already. Nominal points count one each; beside
    points, a range counts as one more.
    """
    merged = tuple(_as_point(interval) for interval in union(needed))
    has_points = any(part.low == part.high for part in merged)
    kind = KINDS.get(quantity or "")
    logarithmic = not (kind and is_level_unit(kind.si_unit)) and bool(merged) and merged[0].low > 0
    width = sum((part.high - part.low for part in merged), Decimal(0))
    decades = sum(_decades(part.low, part.high) for part in merged) if logarithmic else 0.0
    inside = sorted(set(edges))
    pieces = []
    for index, part in enumerate(merged):
        whole_width = part.high - part.low if has_points else width
        whole_decades = _decades(part.low, part.high) if logarithmic and has_points else decades
        share = 1 / len(merged) if has_points else 1.0
        for low, high in _cuts(part, inside):
            linear = share * float((high - low) / whole_width) if low < high else share
            log = (share * _decades(low, high) / whole_decades if low < high else share) if logarithmic else None
            pieces.append(Piece(low, high, linear, log, index))
    if all(piece.is_point for piece in pieces):
        scale = Scale.POINTS
    else:
        by_decades = bool(kind and kind.logarithmic_axis)
        wide = logarithmic and (by_decades or merged[-1].high / merged[0].low >= WIDE)
        scale = Scale.LOG if wide else Scale.LINEAR
    return Axis(quantity, merged, tuple(pieces), scale)


def is_level_unit(unit: str | None) -> bool:
    """Whether values in this unit are logarithms already (dB, dBm, pH) and have no proportion."""
    return unit is not None and (unit.startswith("dB") or unit == "pH")


def _as_point(interval: Interval) -> Interval:
    narrow = interval.high - interval.low <= POINT * max(abs(interval.low), abs(interval.high))
    return Interval(interval.low, interval.low) if narrow else interval


def _cuts(part: Interval, edges: Sequence[Decimal]) -> list[tuple[Decimal, Decimal]]:
    """The consecutive pairs of ends and edges of a part; an edge that is no distance away is no edge."""
    if part.low == part.high:
        return [(part.low, part.low)]
    least = POINT * max(abs(part.low), abs(part.high))
    ends = [part.low]
    for edge in edges[bisect_left(edges, part.low) :]:
        if edge + least >= part.high:
            break
        if edge - ends[-1] > least:
            ends.append(edge)
    ends.append(part.high)
    return list(pairwise(ends))


def _decades(low: Decimal, high: Decimal) -> float:
    return math.log(high / low)


# --- Which rows lie over which piece -------------------------------------------------------------------------


def reach(offered: Sequence[Interval], ends: Iterable[Decimal]) -> tuple[Interval, ...]:
    """The offered intervals, each drawn out to the needed ends that it all but reaches.

    >>> reach([Interval(Decimal(0), Decimal("39996.7"))], [Decimal(40000)])[0].high
    Decimal('40000')
    """
    targets = tuple(ends)
    drawn = []
    for one in offered:
        low = min([one.low, *(end for end in targets if end < one.low and _agree(end, one.low))])
        high = max([one.high, *(end for end in targets if end > one.high and _agree(end, one.high))])
        drawn.append(one if (low, high) == (one.low, one.high) else Interval(low, high))
    return tuple(drawn)


def _agree(a: Decimal, b: Decimal) -> bool:
    return abs(a - b) <= AGREEMENT * max(abs(a), abs(b))


def axis_ends(needed: Iterable[Interval]) -> set[Decimal]:
    """Both ends of all intervals."""
    return {end for one in needed for end in (one.low, one.high)}


def rows_over(axis: Axis, rows: Sequence[Sequence[Interval]]) -> list[int]:
    """For each piece of the axis the rows that cover it, as a bit mask over the row numbers."""
    lows = [piece.low for piece in axis.pieces]
    masks = [0] * len(lows)
    for number, intervals in enumerate(rows):
        for one in intervals:
            low, high = one.low - POINT * abs(one.low), one.high + POINT * abs(one.high)
            for index in range(bisect_left(lows, low), len(lows)):
                if lows[index] > high:
                    break
                if axis.pieces[index].high <= high:
                    masks[index] |= 1 << number
    return masks


def slabs_of(axes: Iterable[tuple[Axis, Sequence[int]]], rows: int) -> dict[int, float]:
    """The combinations of parameter pieces: for each set of rows that serves some, their share of the box."""
    slabs = {rows: 1.0} if rows else {}
    for axis, masks in axes:
        narrowed: dict[int, float] = {}
        for slab, share in slabs.items():
            for piece, mask in zip(axis.pieces, masks, strict=True):
                if common := slab & mask:
                    narrowed[common] = narrowed.get(common, 0.0) + share * axis.weight(piece)
        slabs = narrowed
    return slabs


def covered_pieces(axis: Axis, masks: Sequence[int], rows: int) -> list[bool]:
    """Which pieces some of the rows cover; a seam between two rows no wider than the agreement is closed."""
    covered = [bool(mask & rows) for mask in masks]
    start = 0
    for is_covered, run in groupby(list(covered)):
        end = start + len(list(run))
        if not is_covered and start > 0 and end < len(covered):
            first, last = axis.pieces[start], axis.pieces[end - 1]
            is_seam = axis.pieces[start - 1].high == first.low and axis.pieces[end].low == last.high
            if is_seam and _agree(first.low, last.high):
                covered[start:end] = [True] * (end - start)
        start = end
    return covered


# --- The checks ----------------------------------------------------------------------------------------------


def check_axis(
    axis: Axis, offered: Sequence[Sequence[Interval]], possible: Sequence[Sequence[Interval]]
) -> CoverageCheck:
    """The share of an axis that the rows cover, and what is missing.

    If rows leave an end unstated and what is missing might lie beyond it, the check is unknown.
    """
    everyone = (1 << len(offered)) - 1
    covered = covered_pieces(axis, rows_over(axis, offered), everyone)
    share = _share(axis, covered)
    verdict, reason = grade(share), None
    if verdict is not Verdict.PASS and possible != offered:
        hoped = _share(axis, covered_pieces(axis, rows_over(axis, possible), everyone))
        if hoped > share + NEGLIGIBLE:
            verdict, reason = Verdict.UNKNOWN, Reason.OFFERED_END_UNSTATED
    pieces = list(zip(axis.pieces, covered, strict=True))
    has_log = bool(pieces) and all(piece.log is not None for piece in axis.pieces)
    return CoverageCheck(
        verdict=verdict,
        quantity=axis.quantity,
        share=share,
        scale=axis.scale,
        linear=_whole(sum(piece.linear for piece, good in pieces if good)),
        log=_whole(sum(piece.log or 0.0 for piece, good in pieces if good)) if has_log else None,
        needed=axis.needed,
        offered=union(one for row in offered for one in row),
        uncovered=union(Interval(piece.low, piece.high) for piece, good in pieces if not good),
        reason=reason,
    )


def grade(share: float) -> Verdict:
    """Pass for the whole, fail for nothing, partial between."""
    if share >= 1 - NEGLIGIBLE:
        return Verdict.PASS
    return Verdict.PARTIAL if share > 0 else Verdict.FAIL


def _share(axis: Axis, covered: Sequence[bool]) -> float:
    return _whole(sum(axis.weight(piece) for piece, good in zip(axis.pieces, covered, strict=True) if good))


def _whole(share: float) -> float:
    """A sum of shares without the rounding that keeps it from being whole."""
    return 1.0 if share > 1 - 1e-9 else share


def touches_open_end(axis: Axis, offered: Iterable[Interval]) -> bool:
    """Whether a needed end is reached only by an open end of what is offered."""
    intervals = tuple(offered)
    return any(_is_open_at(end, intervals) for end in axis_ends(axis.needed))


def _is_open_at(point: Decimal, intervals: Sequence[Interval]) -> bool:
    touching = [one for one in intervals if one.low <= point <= one.high]
    return bool(touching) and all(
        (point == one.low and one.low_open) or (point == one.high and one.high_open) for one in touching
    )
