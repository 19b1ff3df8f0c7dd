"""Sufficiency: where the offered uncertainty meets the required one, over the part of the range that is covered.

q(x) = U_req(x)/U_C(x) is compared piece by piece: at the ends where both laws are straight, for then q is
monotone between them, else on a grid of 33 points; where q passes 1 is solved. The best row over a piece counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Context, Decimal
from itertools import pairwise

from matching.engine.coverage import LEAST_READING, NEGLIGIBLE, POINT, Axis, Piece, grade, union
from matching.engine.facts import Item, Verdict
from matching.engine.laws import FAR, Law
from matching.engine.uncertainty import Accuracy, Bound
from matching.engine.verdicts import Band, Basis, Comparison, Interval, Reason, Scale, UncertaintyCheck

# Two laws are equal within the rounding of a conversion.
EQUAL = 1 - Decimal("1e-9")
GRID = 33
FEWEST = 4
_SHORT = Context(prec=12)


def law_nodes(requirement: Accuracy, accuracies: Iterable[Accuracy]) -> set[Decimal]:
    """Where any law begins, ends or bends: between two neighbouring nodes all are smooth."""
    bounds = (*requirement.bounds, *(bound for accuracy in accuracies for bound in accuracy.bounds))
    return {node for bound in bounds for law in bound.laws for node in law.nodes}


def find_start(requirement: Accuracy, axis: Axis, masks: Sequence[int]) -> Interval | None:
    """What lies too near to zero to be compared, if zero is covered and the requirement vanishes there.

    The comparison starts at 1 % of the largest covered reading on either side.
    """
    zeros = {law.vanishes_at for bound in requirement.bounds for law in bound.laws} - {None}
    covered = [piece for piece, mask in zip(axis.pieces, masks, strict=True) if mask]
    for zero in zeros:
        if zero is not None and any(piece.low <= zero <= piece.high for piece in covered):
            largest = max(abs(end - zero) for piece in covered for end in (piece.low, piece.high))
            distance = LEAST_READING * (largest or 1)
            return Interval(zero - distance, zero + distance)
    return None


def _is_left_out(piece: Piece, start: Interval | None) -> bool:
    if start is None:
        return False
    if piece.is_point:
        return start.low < piece.low < start.high
    return start.low <= piece.low and piece.high <= start.high


def check_uncertainty(
    axis: Axis,
    masks: Sequence[int],
    slabs: Mapping[int, float],
    requirement: Accuracy,
    accuracies: Sequence[Accuracy],
    *,
    unit: str | None = None,
    start: Interval | None = None,
) -> UncertaintyCheck:
    """q(x) = U_req(x)/U_C(x) over the covered pieces: pass if q ≥ 1 everywhere, fail if nowhere, else the share.

    Where a text leaves open which of two values holds, both are tried; the check is unknown unless they agree.
    """
    known = UncertaintyCheck(
        Verdict.UNKNOWN,
        requirement.reason,
        requirement.basis,
        requirement.ratio if requirement.basis else None,
        hint=requirement.hint,
        unit=unit,
        source=requirement.source,
        need_item=requirement.item,
        start=start.high if start else None,
    )
    if requirement.reason:
        return known
    used = [row for row in range(len(accuracies)) if any(mask >> row & 1 for mask in masks)]
    silent = next((accuracies[row].reason for row in used if accuracies[row].reason), None)
    strict = _walk(axis, masks, slabs, requirement, accuracies, start, is_strict=True)
    if not strict.points:
        return replace(known, reason=silent or Reason.NOTHING_COMPARED)
    worst = min(strict.points, key=lambda one: (one.quotient, one.at))
    tur = None if requirement.basis is Basis.UNCERTAINTY else _SHORT.multiply(requirement.ratio, worst.quotient)
    known = replace(
        known,
        share=strict.share,
        worst=_short(worst),
        ends=_ends(strict.points),
        tur=tur,
        band=None if tur is None else band_of(tur),
        insufficient=union(Interval(_SHORT.plus(one.low), _SHORT.plus(one.high)) for one in strict.bad),
        need_item=_item_at(requirement, worst.at, worst.required),
        offered_item=_item_at(accuracies[worst.row], worst.at, worst.offered),
    )
    if not strict.is_clear:
        lenient = _walk(axis, masks, slabs, requirement, accuracies, start, is_strict=False)
        if lenient.share > strict.share + NEGLIGIBLE:
            return replace(known, reason=silent or Reason.UNDECIDED, share=None)
    return replace(known, verdict=grade(strict.share))


def band_of(tur: Decimal) -> Band:
    """The band of a test uncertainty ratio; what is met within rounding is met.

    >>> band_of(Decimal("2.17")).value
    'guard_band'
    """
    limits = ((4, Band.FOUR_TO_ONE), (3, Band.ONE_THIRD), (1, Band.GUARD_BAND))
    return next((band for limit, band in limits if tur >= limit * EQUAL), Band.INSUFFICIENT)


def decibel_as_ratio(decibels: Decimal) -> tuple[float, float]:
    """An uncertainty in dB as a ratio of power, 10^(U/10) − 1, and of field, 10^(U/20) − 1.

    >>> [round(ratio, 4) for ratio in decibel_as_ratio(Decimal("0.18"))]
    [0.0423, 0.0209]
    """
    level = min(float(decibels), 1000.0)
    return 10 ** (level / 10) - 1, 10 ** (level / 20) - 1


def _ends(points: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The comparisons at the two ends of what was compared, the worse one where there are several."""
    places = sorted({min(one.at for one in points), max(one.at for one in points)})
    return tuple(_short(min((one for one in points if one.at == at), key=lambda one: one.quotient)) for at in places)


def _short(point: Comparison) -> Comparison:
    """The comparison in twelve figures: more would only repeat the rounding."""
    plus = _SHORT.plus
    return Comparison(plus(point.at), plus(point.required), plus(point.offered), plus(point.quotient), point.row)


def _item_at(accuracy: Accuracy, x: Decimal, value: Decimal) -> Item:
    """The item whose law gives that value at x."""
    laws = ((law, bound.item) for bound in accuracy.bounds for law in bound.laws if law.low <= x <= law.high)
    return min(laws, key=lambda one: abs(one[0].at(x) - value))[1]


@dataclass(frozen=True, slots=True)
class Finding:
    """The share that suffices, where it does not, the points compared; not clear if texts can be read otherwise."""

    share: float
    bad: tuple[Interval, ...] = ()
    points: tuple[Comparison, ...] = ()
    is_clear: bool = True


def _walk(
    axis: Axis,
    masks: Sequence[int],
    slabs: Mapping[int, float],
    requirement: Accuracy,
    accuracies: Sequence[Accuracy],
    start: Interval | None,
    *,
    is_strict: bool,
) -> Finding:
    """Compare over every piece of every slab, reading what is unclear strictly or leniently throughout."""
    total, good = 0.0, 0.0
    findings: dict[tuple[int, int], Finding] = {}
    for slab, share in slabs.items():
        for index, piece in enumerate(axis.pieces):
            rows = masks[index] & slab
            if not rows or _is_left_out(piece, start):
                continue
            if (index, rows) not in findings:
                offers = [(row, accuracies[row]) for row in range(len(accuracies)) if rows >> row & 1]
                contest = Contest(piece, requirement, offers, is_strict)
                findings[index, rows] = contest.decide(axis)
            weight = share * axis.weight(piece)
            total += weight
            good += weight * findings[index, rows].share
    found = findings.values()
    ratio = good / total if total else 0.0
    return Finding(
        1.0 if ratio > EQUAL else ratio,
        tuple(one for finding in found for one in finding.bad),
        tuple(one for finding in found for one in finding.points),
        all(finding.is_clear for finding in found),
    )


class Contest:
    """The laws of both sides that hold over one piece.

    Every bound of the need must be kept; the best row counts. Where a statement has several laws over the piece,
    the strict reading takes the worse, the lenient one the better.
    """

    def __init__(
        self, piece: Piece, requirement: Accuracy, offers: Sequence[tuple[int, Accuracy]], is_strict: bool
    ) -> None:
        self.piece = piece
        self.is_strict = is_strict
        self.required = [laws for bound in requirement.bounds if (laws := self._holding([bound]))]
        self.offered = [(row, laws) for row, accuracy in offers if (laws := self._holding(accuracy.bounds))]

    def _holding(self, bounds: Iterable[Bound]) -> list[Law]:
        low, high = self.piece.low, self.piece.high
        return [law for bound in bounds for law in bound.laws if law.holds_over(low, high)]

    def decide(self, axis: Axis) -> Finding:
        """The finding over the piece; where a side says nothing, only the lenient reading lets it pass."""
        if not self.required or not self.offered:
            return Finding(0.0 if self.is_strict else 1.0, is_clear=False)
        points = [self._compare(x) for x in self._places(axis)]
        good, bad = 0.0, []
        for low, high, suffices in self._stretches(points):
            if suffices:
                good += axis.fraction(self.piece, low, high)
            else:
                bad.append(Interval(low, high))
        is_clear = all(len(laws) == 1 for laws in (*self.required, *(laws for _, laws in self.offered)))
        return Finding(good, tuple(bad), tuple(one for one in points if one.quotient < FAR), is_clear)

    def _required_at(self, x: Decimal) -> tuple[Decimal, Law]:
        choose = min if self.is_strict else max
        return min((choose(((law.at(x), law) for law in laws), key=_value) for laws in self.required), key=_value)

    def _offered_at(self, x: Decimal) -> tuple[Decimal, Law, int]:
        choose = max if self.is_strict else min
        return min(
            ((*choose(((law.at(x), law) for law in laws), key=_value), row) for row, laws in self.offered), key=_value
        )

    def _compare(self, x: Decimal) -> Comparison:
        required, _ = self._required_at(x)
        offered, _, row = self._offered_at(x)
        return Comparison(x, required, offered, required / offered if offered > 0 else FAR, row)

    def _places(self, axis: Axis) -> list[Decimal]:
        """Where to compare: at the ends if the same straight laws hold at both, for q is monotone then."""
        low, high = self.piece.low, self.piece.high
        if low == high:
            return [low]
        laws = [(self._required_at(x)[1], self._offered_at(x)[1]) for x in (low, high)]
        if laws[0] == laws[1] and all(law.is_straight for law in laws[0]):
            return [low, high]
        # The grid is laid over the whole range; a narrow piece gets its part of it, but not less than a few points.
        count = max(FEWEST, math.ceil((GRID - 1) * axis.weight(self.piece)))
        if axis.scale is Scale.LOG:
            decades = math.log(high / low) / count
            return [low, *(low * Decimal(math.exp(decades * step)) for step in range(1, count)), high]
        return [low, *(low + (high - low) * step / count for step in range(1, count)), high]

    def _stretches(self, points: Sequence[Comparison]) -> Iterator[tuple[Decimal, Decimal, bool]]:
        """The stretches between the points, cut where sufficient turns into insufficient."""
        if len(points) == 1:
            yield points[0].at, points[0].at, _suffices(points[0])
        for one, other in pairwise(points):
            if _suffices(one) == _suffices(other):
                yield one.at, other.at, _suffices(one)
            else:
                turn = self._turn(one, other)
                yield one.at, turn, _suffices(one)
                yield turn, other.at, _suffices(other)

    def _turn(self, one: Comparison, other: Comparison) -> Decimal:
        """Where U_req = U_C between two points: exact for straight laws, else by halving."""
        here, there = one.required - one.offered, other.required - other.offered
        turn = one.at + (other.at - one.at) * here / (here - there) if here != there else one.at
        turn = min(max(turn, one.at), other.at)
        low, high = one.at, other.at
        found = self._compare(turn)
        while abs(found.required - found.offered) > (1 - EQUAL) * found.offered and high - low > POINT * abs(high):
            low, high = (turn, high) if _suffices(found) == _suffices(one) else (low, turn)
            turn = (low + high) / 2
            found = self._compare(turn)
        return turn


def _suffices(point: Comparison) -> bool:
    return point.required >= point.offered * EQUAL


def _value(choice: tuple[Decimal, *tuple[object, ...]]) -> Decimal:
    return choice[0]
