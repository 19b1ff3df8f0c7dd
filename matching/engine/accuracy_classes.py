"""Accuracy classes: the maximum permissible error that a class means for an object, from tables with source.

A class says nothing without its object: 0.5 级 is 0.5 % of full scale for a pressure gauge and 0.5 % of the
reading for a force-measuring instrument. What the tables do not hold is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from matching.engine.facts import ItemKind, Line
from matching.engine.laws import CELSIUS_ZERO, FAR, Law, line_between
from matching.engine.units import find_unit

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One row of the table: for which objects and grades, and the error a + b·|x| + c·full scale in SI.

    Of a word with + all parts must occur. Under the grade `*` a and the numbers b and c count per 1 % of class;
    under `+` the error is in a `table` by nominal value: at `points`, or in `steps` up to a value.
    """

    objects: tuple[str, ...]
    quantity: str
    grade: str
    a: Decimal
    b: Decimal
    c: Decimal
    combine: Literal["sum", "max"]
    low: Decimal
    high: Decimal
    table: str
    source: str

    def names(self, words: str) -> bool:
        """Whether the words name one of the objects."""
        return any(all(part in words for part in word.split("+")) for word in self.objects)


def find_class_laws(
    words: str, quantity: str | None, grade: str, full_scale: Decimal | None
) -> tuple[tuple[Law, ...], str]:
    """The MPE of that class for the object the words name, and the source; no laws if the tables are silent.

    A source without laws means that the class is known but not the full scale it is a part of.

    >>> laws, source = find_class_laws("数字压力计", "pressure", "0.05", Decimal(60_000_000))
    >>> laws[0].at(Decimal(0)), source
    (Decimal('30000.0000'), 'JJG 875-2019')
    """
    words = words.replace(" ", "")
    known = [row for row in _table() if row.quantity == quantity and row.names(words)]
    name = _normalise(grade)
    rows = [row for row in known if row.objects == known[0].objects and row.grade in (name, "*", "+")]
    if not rows:
        return (), ""
    if any(row.c for row in rows) and full_scale is None:
        return (), rows[0].source
    laws = tuple(law for row in rows for law in _laws(row, name, full_scale or Decimal(0)))
    return laws, rows[0].source if laws else ""


def _laws(row: ClassRow, grade: str, full_scale: Decimal) -> Iterator[Law]:
    if row.grade == "+":
        yield from _table_laws(row.table, grade)
        return
    percent = Decimal(1)
    if row.grade == "*":
        number = re.fullmatch(r"(\d+(?:\.\d+)?)S?", grade)
        if not number:
            return
        percent = Decimal(number[1]) / 100
    zero = CELSIUS_ZERO if row.quantity == "temperature" else Decimal(0)
    a = row.a + row.c * percent * full_scale
    yield Law(a, row.b * percent, zero=zero, combine=row.combine, low=row.low, high=row.high)


def serves_class(need: Line, row: Line) -> bool:
    """Whether the class asked for is not finer than the finest that the row is for: E2等级及以下."""
    cells = row.cells
    limit = _FINEST.search(f"{cells.range} {cells.accuracy} {cells.note}")
    finest = _fineness(limit[1]) if limit else None
    asked = [_fineness(item.grade or "") for item in need.accuracy if item.kind is ItemKind.ACCURACY_CLASS]
    return finest is None or all(one is None or one[0] != finest[0] or one >= finest for one in asked)


def _fineness(grade: str) -> tuple[str, Decimal] | None:
    """The family of a class and its place there, the finest first; None for what has no order."""
    name = _normalise(grade)
    if name in _WEIGHTS:
        return "weights", Decimal(_WEIGHTS.index(name))
    return ("number", Decimal(name)) if re.fullmatch(r"\d+(?:\.\d+)?", name) else None


# The classes of weights from the finest on (JJG 99).
_WEIGHTS = ("E1", "E2", "F1", "F2", "M1", "M12", "M2", "M23", "M3")
_FINEST = re.compile(r"((?<![A-Za-z\d.])(?:[EFM]\d{1,2}|[ⅠⅡⅢI]+|\d+(?:\.\d+)?))\s*(?:等?级)?\s*[及和]以下")


def _normalise(grade: str) -> str:
    """The grade as the tables write it: 1.0 is 1, Ⅱ is 2.

    >>> [_normalise(grade) for grade in ("1.0", "Ⅱ级", "e2", "0.2S", "10")]
    ['1', '2', 'E2', '0.2S', '10']
    """
    name = grade.strip().removesuffix("级").upper()
    name = {"Ⅰ": "1", "Ⅱ": "2", "Ⅲ": "3", "I": "1", "II": "2", "III": "3"}.get(name, name)
    return name.rstrip("0").rstrip(".") if re.fullmatch(r"\d+\.\d+", name) else name


@cache
def _table() -> tuple[ClassRow, ...]:
    lines = (DATA / "accuracy_classes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return tuple(_row(line) for line in lines)


def _row(line: str) -> ClassRow:
    objects, quantity, grade, *terms, combine, start, end, table, source = line.split("\t")
    a, b, c = (Decimal(term or 0) for term in terms)
    shape: Literal["sum", "max"] = "max" if combine == "max" else "sum"
    low, high = Decimal(start or -FAR), Decimal(end or FAR)
    return ClassRow(tuple(objects.split("|")), quantity, grade, a, b, c, shape, low, high, table, source)


@cache
def _table_laws(table: str, grade: str) -> tuple[Law, ...]:
    """The laws of one column of a table: straight from nominal value to nominal value, or constant up to each."""
    shape, _, name = table.partition(":")
    head, *lines = (DATA / f"accuracy_classes.{name}.tsv").read_text(encoding="utf-8").splitlines()
    units, *grades = head.split("\t")
    if grade not in grades:
        return ()
    of_value, of_error = (_factor(unit) for unit in units.split("/"))
    cells = [(line.split("\t")[0], line.split("\t")[1 + grades.index(grade)]) for line in lines]
    points = [(Decimal(value) * of_value, Decimal(error) * of_error) for value, error in cells if error]
    if shape == "steps":
        starts = [Decimal(0), *(value for value, _ in points)]
        steps = zip(starts, points, strict=False)
        return tuple(Law(error, low=start, high=value, low_open=True) for start, (value, error) in steps)
    return tuple(line_between(*one, *other) for one, other in pairwise(points))


def _factor(symbol: str) -> Decimal:
    unit = find_unit(symbol)
    if unit is None:
        raise ValueError(f"{symbol}: not in units.tsv")
    return unit.factor
