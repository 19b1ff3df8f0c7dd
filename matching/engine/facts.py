"""The values that flow through the engine: readings, measurement lines, verdicts.

All are frozen and hold facts only: numbers in the SI unit of their quantity kind, codes, spans and the
raw text they came from. `to_json` and `from_json` carry any of them through a JSON column.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Literal


class ItemKind(StrEnum):
    """What a piece of measurement text states."""

    RANGE = "range"
    LIMIT = "limit"
    UNCERTAINTY = "uncertainty"
    MPE = "mpe"
    ACCURACY_CLASS = "accuracy_class"
    RESOLUTION = "resolution"
    CODE = "code"


class Role(StrEnum):
    """What an item is about: the measurand itself, a parameter of it, or the surroundings."""

    MEASURAND = "measurand"
    PARAMETER = "parameter"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Formula:
    """A value that depends on the measured value x: a + b·|x − zero| + c·x_max.

    a is in the SI unit of the item's quantity, b and c are ratios; `combine` says whether the terms are
    added or combined as the root of the sum of squares. `zero` is 273.15 where x is a Celsius value.
    `digits` counts digits of the least significant place whose size is not stated.
    """

    a: Decimal = Decimal(0)
    b: Decimal = Decimal(0)
    c: Decimal = Decimal(0)
    combine: Literal["sum", "rss"] = "sum"
    zero: Decimal = Decimal(0)
    digits: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing read from a text, with its place in it.

    low and high are in `si_unit`; a single value has low == high, a symmetric MPE is −v and +v, a missing
    end is None. Values of temperature carry the offset, differences (U, MPE, resolution) do not. For a
    relative item they are ratios of what `reference` names.
    """

    kind: ItemKind
    span: tuple[int, int]
    raw: str
    quantity: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    si_unit: str | None = None
    unit: str | None = None
    low_open: bool = False
    high_open: bool = False
    nominal: bool = False
    descending: bool = False
    op: Literal["<=", "<", ">=", ">"] | None = None
    k: Decimal | None = None
    p: Decimal | None = None
    relative: bool | None = None
    reference: Literal["reading", "fs", "span"] | None = None
    formula: Formula | None = None
    grade: str | None = None
    code: str | None = None
    role: Role = Role.MEASURAND


@dataclass(frozen=True, slots=True)
class Unread:
    """A number with a unit, or a word of accuracy with a number, that could not be read."""

    span: tuple[int, int]
    raw: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read from one text; spans count characters of the text as it was given."""

    items: tuple[Item, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Cells:
    """A measurement line as people write it: the cells of a scope row or of a need's line."""

    object: str = ""
    measurand: str = ""
    range: str = ""
    accuracy: str = ""
    conditions: str = ""
    codes: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One measurement line, read: what a need asks for, or one row of what an institute can do."""

    cells: Cells
    quantity: str | None = None
    ranges: tuple[Item, ...] = ()
    accuracy: tuple[Item, ...] = ()
    parameters: tuple[Item, ...] = ()
    conditions: tuple[Item, ...] = ()
    codes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether anything in it can be compared as a number."""
        return bool(self.ranges or self.accuracy)

    @property
    def is_structured(self) -> bool:
        """Whether its range and its accuracy, where they are written, were read."""
        parts = ((self.cells.range, self.ranges or self.parameters), (self.cells.accuracy, self.accuracy))
        return self.is_read and all(found or not text.strip() for text, found in parts)


class Verdict(StrEnum):
    """The outcome of a comparison (measurement rule 4): unknown is neither yes nor no."""

    PASS = "pass"
    PARTIAL = "partial"
    FAIL = "fail"
    UNKNOWN = "unknown"


def to_json(value: Any) -> Any:
    """The value as JSON data; fields that hold their default are left out."""
    if is_dataclass(value):
        return {
            field.name: to_json(getattr(value, field.name))
            for field in fields(value)
            if getattr(value, field.name) != field.default
        }
    if isinstance(value, tuple | list):
        return [to_json(part) for part in value]
    if isinstance(value, dict):
        return {key: to_json(part) for key, part in value.items()}
    return str(value) if isinstance(value, Decimal) else value


def from_json(kind: Any, data: Any) -> Any:
    """The value of type `kind` that `to_json` wrote."""
    if data is None:
        return None
    if is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        return typing.cast(Any, kind)(**{name: from_json(hints[name], part) for name, part in data.items()})
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return from_json(next(part for part in parts if part is not types.NoneType), data)
    if origin is tuple:
        return tuple(from_json(parts[0], part) for part in data)
    if origin is dict:
        return {key: from_json(parts[1], part) for key, part in data.items()}
    if origin is Literal or kind is Any:
        return data
    return kind(data)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)
