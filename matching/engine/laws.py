"""Laws: an uncertainty or a maximum permissible error as a function of the measured value x.

Every form in which accuracy is written (a value, a formula, per cent of reading or full scale, a list over a
range, a table of classes) becomes one or several of these, so that two of them can be compared anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

# Stands for the end of an axis: no quantity is larger than this or, unless zero, smaller than its inverse.
FAR = Decimal("1e60")
CELSIUS_ZERO = Decimal("273.15")


@dataclass(frozen=True, slots=True)
class Law:
    """a + b·|x − zero| over one stretch of the axis, or the root of the squares, or the larger of the two.

    With `reading_zero` the whole is a ratio of the reading |x − reading_zero|. An open lower end belongs to the
    stretch before.
    """

    a: Decimal
    b: Decimal = Decimal(0)
    zero: Decimal = Decimal(0)
    combine: Literal["sum", "rss", "max"] = "sum"
    reading_zero: Decimal | None = None
    low: Decimal = -FAR
    high: Decimal = FAR
    low_open: bool = False

    def at(self, x: Decimal) -> Decimal:
        """The value at x.

        >>> Law(Decimal("1.5e-6"), 1 / Decimal(350000)).at(Decimal("0.5")).normalize().__format__(".4g")
        '0.000002929'
        """
        slope = self.b * abs(x - self.zero)
        if self.combine == "rss":
            value = (self.a * self.a + slope * slope).sqrt()
        else:
            value = max(self.a, slope) if self.combine == "max" else self.a + slope
        return value if self.reading_zero is None else value * abs(x - self.reading_zero)

    def holds_over(self, low: Decimal, high: Decimal) -> bool:
        """Whether the law speaks of that piece, which has no end of a stretch inside it."""
        return self.low <= low and high <= self.high and not (self.low_open and high == self.low)

    @property
    def is_straight(self) -> bool:
        """Whether the law is a straight line between two neighbouring nodes."""
        return self.combine != "rss" and self.reading_zero is None

    @property
    def nodes(self) -> tuple[Decimal, ...]:
        """Where the law begins, ends or bends."""
        bends = [self.zero] if self.b else []
        if self.combine == "max" and self.b:
            bends += [self.zero - self.a / self.b, self.zero + self.a / self.b]
        return (self.low, self.high, *bends)

    @property
    def vanishes_at(self) -> Decimal | None:
        """Where a law in proportion to the reading demands the impossible: zero."""
        if self.reading_zero is not None:
            return self.reading_zero
        return self.zero if self.b and not self.a else None

    def scaled(self, factor: Decimal) -> Law:
        """The law times a factor: 2/k, or 1/ρ."""
        return replace(self, a=self.a * factor, b=self.b * factor)

    def between(self, low: Decimal, high: Decimal) -> Law:
        """The law over that stretch only."""
        return replace(self, low=max(self.low, low), high=min(self.high, high))


def line_between(x1: Decimal, y1: Decimal, x2: Decimal, y2: Decimal) -> Law:
    """The straight line through two points, over the stretch between them (x1 < x2).

    >>> line_between(Decimal(0), Decimal(1), Decimal(10), Decimal(3)).at(Decimal(5))
    Decimal('2.0')
    """
    return Law(y1, (y2 - y1) / (x2 - x1), zero=x1, low=x1, high=x2)
