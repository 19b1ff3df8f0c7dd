"""The facts of a judgement: what was compared, with which numbers, and what was taken for granted.

All values are in the SI unit of the quantity, uncertainties are expanded with k = 2. Shares are floats from
0 to 1. Codes are worded by `explain`; `facts.to_json` and `facts.from_json` carry everything unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import prod

from matching.engine.facts import Item, Line, Verdict

# From the weakest to the strongest: fail if any check fails, else unknown if any is, else partial if any is.
ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PARTIAL, Verdict.PASS)


def weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of several checks together; unknown where there is none."""
    return min(verdicts, key=ORDER.index, default=Verdict.UNKNOWN)


class Assumption(StrEnum):
    """What the judgement took for granted; each is printed with the verdict."""

    OBJECT_DIFFERS = "object_differs"
    NEED_LOW_ZERO = "need_low_zero"
    OFFERED_LOW_ZERO = "offered_low_zero"
    OTHER_END_UNSTATED = "other_end_unstated"
    OPEN_END_TOUCHED = "open_end_touched"
    NEED_K_ASSUMED = "need_k_assumed"
    OFFERED_K_ASSUMED = "offered_k_assumed"
    RATIO_RULE = "ratio_rule"
    CLASS_TABLE = "class_table"
    FULL_SCALE_OF_RANGE = "full_scale_of_range"
    INTERPOLATED = "interpolated"
    PERCENT_AMBIGUOUS = "percent_ambiguous"
    ZERO_LEFT_OUT = "zero_left_out"
    LOW_END_LEFT_OUT = "low_end_left_out"


class Reason(StrEnum):
    """Why a check could not be decided, or was refused before any number was compared."""

    NEED_UNREAD = "need_unread"
    OFFERED_UNREAD = "offered_unread"
    NO_ROWS = "no_rows"
    KIND_DIFFERS = "kind_differs"
    KIND_UNSTATED = "kind_unstated"
    KIND_PART = "kind_part"
    SCALE_DIFFERS = "scale_differs"
    NEED_RANGE_UNSTATED = "need_range_unstated"
    OFFERED_RANGE_UNSTATED = "offered_range_unstated"
    OFFERED_END_UNSTATED = "offered_end_unstated"
    NEED_PARAMETER_UNSTATED = "need_parameter_unstated"
    OFFERED_PARAMETER_UNSTATED = "offered_parameter_unstated"
    NEED_ACCURACY_UNSTATED = "need_accuracy_unstated"
    RESOLUTION_ONLY = "resolution_only"
    CLASS_NOT_SERVED = "class_not_served"
    CLASS_NOT_IN_TABLE = "class_not_in_table"
    DIGITS_UNSTATED = "digits_unstated"
    FULL_SCALE_UNSTATED = "full_scale_unstated"
    OFFERED_ACCURACY_UNSTATED = "offered_accuracy_unstated"
    UNITS_DIFFER = "units_differ"
    NOTHING_COMPARED = "nothing_compared"
    UNDECIDED = "undecided"


class Basis(StrEnum):
    """What the required uncertainty was derived from."""

    UNCERTAINTY = "uncertainty"
    MPE = "mpe"
    ACCURACY_CLASS = "accuracy_class"


class Scale(StrEnum):
    """How an axis is measured and drawn."""

    LINEAR = "linear"
    LOG = "log"
    POINTS = "points"


class Band(StrEnum):
    """The bands of the test uncertainty ratio (JJF 1094-2002 5.3, ANSI/NCSL Z540.3)."""

    FOUR_TO_ONE = "four_to_one"
    ONE_THIRD = "one_third"
    GUARD_BAND = "guard_band"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Interval:
    """A closed piece of an axis; an end marked open belongs to its neighbour in the text."""

    low: Decimal
    high: Decimal
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class KindCheck:
    """Whether both sides speak of the same quantity."""

    verdict: Verdict
    need: str | None = None
    offered: str | None = None
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class CoverageCheck:
    """How much of one needed axis is offered; `share` is the one of `scale`, the others are for comparison."""

    verdict: Verdict
    quantity: str | None = None
    share: float | None = None
    scale: Scale = Scale.LINEAR
    linear: float | None = None
    log: float | None = None
    needed: tuple[Interval, ...] = ()
    offered: tuple[Interval, ...] = ()
    uncovered: tuple[Interval, ...] = ()
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class ParametersCheck:
    """Whether the parameters agree; `share` is the part of the covered range they leave."""

    verdict: Verdict
    share: float | None = None
    axes: tuple[CoverageCheck, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Required and offered uncertainty at one point, and the row that offers it."""

    at: Decimal
    required: Decimal
    offered: Decimal
    quotient: Decimal
    row: int


@dataclass(frozen=True, slots=True)
class UncertaintyCheck:
    """Whether the offered uncertainty suffices over the covered part of the range.

    `ratio` is the ρ that was asked for, 1 if the need states U itself; `tur` belongs to `worst`. `hint` is a
    stated resolution, which is no rule. `start` is the point from which a relative requirement was compared.
    """

    verdict: Verdict
    reason: Reason | None = None
    basis: Basis | None = None
    ratio: Decimal | None = None
    share: float | None = None
    worst: Comparison | None = None
    ends: tuple[Comparison, ...] = ()
    tur: Decimal | None = None
    band: Band | None = None
    insufficient: tuple[Interval, ...] = ()
    start: Decimal | None = None
    hint: Decimal | None = None
    unit: str | None = None
    source: str = ""
    need_item: Item | None = None
    offered_item: Item | None = None


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """One line of a need against the rows of one institute. `rows` are the indices that were compared."""

    verdict: Verdict
    need: Line
    kind: KindCheck
    coverage: CoverageCheck
    parameters: ParametersCheck
    uncertainty: UncertaintyCheck
    rows: tuple[int, ...] = ()
    offered: Line | None = None
    assumptions: tuple[Assumption, ...] = ()
    reason: Reason | None = None

    @property
    def share(self) -> float:
        """The part of the line that is served: 1 for pass, 0 for fail and unknown, half for a kind agreeing in part."""
        if self.verdict is not Verdict.PARTIAL:
            return float(self.verdict is Verdict.PASS)
        kind = 0.5 if self.kind.verdict is Verdict.PARTIAL else 1.0
        shares = (kind, self.coverage.share, self.parameters.share, self.uncertainty.share)
        return prod(share for share in shares if share is not None)


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """All lines of a need against one institute; `required` tells 必须 from 希望, line by line."""

    verdict: Verdict
    lines: tuple[LineVerdict, ...] = ()
    required: tuple[bool, ...] = ()

    @property
    def share(self) -> float:
        """The mean share of the lines that count."""
        shares = [line.share for line in self.counted]
        return sum(shares) / len(shares) if shares else 0.0

    @property
    def counted(self) -> tuple[LineVerdict, ...]:
        """The required lines, or all of them if none is required."""
        lines = tuple(line for line, required in zip(self.lines, self.required, strict=True) if required)
        return lines or self.lines

    def counts_as(self, line: LineVerdict) -> Verdict:
        """The verdict with which a line counts.

        Without a tolerance beside lines that have one it is that of its range; without a range beside lines that have
        one, or where a band is stated instead, that of its tolerance.
        """
        if line.reason is Reason.NEED_ACCURACY_UNSTATED and any(other.need.accuracy for other in self.counted):
            return weakest(check.verdict for check in (line.kind, line.coverage, line.parameters))
        has_range = line.need.parameters or any(other.need.ranges for other in self.counted)
        if line.reason is Reason.NEED_RANGE_UNSTATED and has_range:
            return weakest(check.verdict for check in (line.kind, line.parameters, line.uncertainty))
        return line.verdict
