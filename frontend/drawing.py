"""Where things stand in a drawing: scales, intervals and bars as percentages of the width, ready for SVG."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

# The need fills the middle; what is offered beyond it runs out at the edge.
MARGIN = 0.2
# A range shorter than this share of the axis is still seen.
NARROWEST = 0.6
MOST_TICKS = 6
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# An axis that stays within these powers of ten has them written out.
PLAIN_EXPONENTS = range(-3, 6)

Ends = tuple[float | None, float | None]


@dataclass(frozen=True)
class Bar:
    """A piece of an axis. `runs_left` and `runs_right` say that it goes on beyond the edge."""

    x: str
    width: str
    label: str
    runs_left: bool = False
    runs_right: bool = False


@dataclass(frozen=True)
class Tick:
    x: str
    label: str
    anchor: str


@dataclass(frozen=True)
class RangeBar:
    """What is needed, offered and missing, on one axis."""

    unit: str
    is_log: bool
    need: tuple[Bar, ...]
    offered: tuple[Bar, ...]
    uncovered: tuple[Bar, ...]
    ticks: tuple[Tick, ...]

    @property
    def need_text(self) -> str:
        return _list(self.need)

    @property
    def offered_text(self) -> str:
        return _list(self.offered)

    @property
    def uncovered_text(self) -> str:
        return _list(self.uncovered)


@dataclass(frozen=True)
class Axis:
    """A scale from low to high."""

    low: float
    high: float
    is_log: bool

    def place(self, value: float | None, *, missing: float) -> float:
        """The place of a value in percent, cut off at the edges; an open end lies at `missing`."""
        if value is None or (self.is_log and value <= 0):
            return missing
        low, high, value = (log10(end) if self.is_log else end for end in (self.low, self.high, value))
        return min(max(100 * (value - low) / (high - low), 0.0), 100.0)


def draw_range(
    need: Iterable[Ends],
    offered: Iterable[Ends],
    uncovered: Iterable[Ends] = (),
    *,
    unit: str = "",
    is_log: bool = False,
) -> RangeBar | None:
    """The needed and the offered intervals to scale, all in one unit; nothing if no end is known.

    An end that is None is open. A logarithmic axis needs a positive end, else it is drawn linear.
    """
    need, offered, uncovered = (_as_floats(ends) for ends in (need, offered, uncovered))
    axis = _axis_for(need or offered, is_log)
    if axis is None:
        return None
    return RangeBar(
        unit=unit,
        is_log=axis.is_log,
        need=tuple(_bar(axis, ends, unit) for ends in need),
        offered=tuple(_bar(axis, ends, unit) for ends in offered),
        uncovered=tuple(_bar(axis, ends, unit) for ends in uncovered),
        ticks=_ticks(axis),
    )


def _as_floats(intervals: Iterable[Ends]) -> list[Ends]:
    return [(_as_float(low), _as_float(high)) for low, high in intervals]


def _as_float(value) -> float | None:
    return float(value) if value is not None and isfinite(float(value)) else None


def _axis_for(intervals: Sequence[Ends], is_log: bool) -> Axis | None:
    ends = [end for interval in intervals for end in interval if end is not None]
    positive = [end for end in ends if end > 0]
    if is_log and positive:
        low, high = log10(min(positive)), log10(max(positive))
        pad = MARGIN * (high - low) or 1
        return Axis(10 ** (low - pad), 10 ** (high + pad), True)
    if not ends:
        return None
    low, high = min(ends), max(ends)
    pad = MARGIN * (high - low) or abs(high) / 2 or 1
    # Nothing below zero is drawn for a range that starts there.
    return Axis(low - pad if low else -pad / 4, high + pad, False)


def _list(bars: Iterable[Bar]) -> str:
    return "，".join(bar.label for bar in bars) or "未写明"


def _bar(axis: Axis, ends: Ends, unit: str) -> Bar:
    low, high = ends
    left, right = axis.place(low, missing=0), axis.place(high, missing=100)
    width = max(right - left, NARROWEST)
    return Bar(
        x=_percent(min(left, 100 - width)),
        width=_percent(width),
        label=write_interval(low, high, unit),
        runs_left=low is None or low < axis.low,
        runs_right=high is None or high > axis.high,
    )


def write_interval(low: float | None, high: float | None, unit: str = "") -> str:
    """An interval in words; the unit stays on the line of its number.

    >>> write_interval(-70, 180), write_interval(None, 3), write_interval(5, 5, "g")
    ('−70 ~ 180', '≤ 3', '5\xa0g')
    """
    if low is None and high is None:
        return "未写明"
    if low is None:
        text = f"≤ {write_number(high)}"
    elif high is None:
        text = f"≥ {write_number(low)}"
    else:
        text = write_number(low) if low == high else f"{write_number(low)} ~ {write_number(high)}"
    return f"{text}\u00a0{unit}" if unit else text


def write_number(value: float) -> str:
    """A number to six digits; a power of ten when it would be long.

    >>> write_number(-0.25), write_number(2.65e10), write_number(0.000001), write_number(1200)
    ('−0.25', '2.65×10¹⁰', '10⁻⁶', '1200')
    """
    if value and not 1e-3 <= abs(value) < 1e6:
        exponent = floor(log10(abs(value)))
        digits = f"{value / 10.0**exponent:.6g}".replace("-", "−")
        return _write_power(exponent) if digits == "1" else f"{digits}×{_write_power(exponent)}"
    return f"{value:.6g}".replace("-", "−")


def _write_power(exponent: int) -> str:
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"


def _ticks(axis: Axis) -> tuple[Tick, ...]:
    marks = _decades(axis) if axis.is_log else _round_values(axis)
    return tuple(_tick(axis.place(value, missing=0), label) for value, label in marks)


def _tick(place: float, label: str) -> Tick:
    """A label at an edge of the axis is drawn inwards."""
    anchor = "start" if place < 4 else "end" if place > 96 else "middle"
    return Tick(_percent(place), label, anchor)


def _decades(axis: Axis) -> list[tuple[float, str]]:
    """Powers of ten, thinned when they are many; within two decades 2 and 5 of each too."""
    low, high = ceil(log10(axis.low)), floor(log10(axis.high))
    if high - low < 2:
        values = [digit * 10.0**exponent for exponent in range(low - 1, high + 1) for digit in (1, 2, 5)]
        return [(value, write_number(value)) for value in values if axis.low <= value <= axis.high]
    step = ceil((high - low + 1) / MOST_TICKS)
    exponents = range(low, high + 1, step)
    are_plain = all(exponent in PLAIN_EXPONENTS for exponent in exponents)
    return [
        (10.0**exponent, write_number(10.0**exponent) if are_plain else _write_power(exponent))
        for exponent in exponents
    ]


def _round_values(axis: Axis) -> list[tuple[float, str]]:
    """Multiples of 1, 2 or 5 times a power of ten."""
    rough = (axis.high - axis.low) / MOST_TICKS
    unit = 10.0 ** floor(log10(rough))
    step = next(digit * unit for digit in (1, 2, 5, 10) if digit * unit >= rough)
    values = [step * index for index in range(ceil(axis.low / step), floor(axis.high / step) + 1)]
    return [(value, write_number(value)) for value in values]


def _percent(value: float) -> str:
    return f"{value:.2f}%"


def stack(points: Iterable[float], total: float = 100) -> list[tuple[str, str]]:
    """Place and width of parts that stand one after the other on a bar of `total`.

    >>> stack([30, 20])
    [('0.00%', '30.00%'), ('30.00%', '20.00%')]
    """
    placed, start = [], 0.0
    for part in points:
        placed.append((_percent(100 * start / total), _percent(100 * part / total)))
        start += part
    return placed
