"""What was read from a scope row, in words: quantity, range and uncertainty as numbers."""

from dataclasses import dataclass
from decimal import Decimal

from matching.engine.facts import Item, ItemKind, Line
from matching.engine.units import KINDS, format_number, format_si

# No value of a scope has more digits that matter.
DIGITS = 6


@dataclass(frozen=True)
class Words:
    """A row as the platform understood it; empty where nothing was read."""

    quantity: str
    range: str
    accuracy: str


def describe_line(line: Line) -> Words:
    """The reading in words for people who check it."""
    return Words(
        quantity=KINDS[line.quantity].label if line.quantity in KINDS else "",
        range="，".join(map(describe_range, (*line.ranges, *line.parameters))),
        accuracy="，".join(map(describe_accuracy, line.accuracy)),
    )


def describe_range(item: Item) -> str:
    """0 mm ~ 300 mm, ≥ 5 kN, or a single value."""
    low, high = (None if end is None else show(end, item) for end in (item.low, item.high))
    if low == high:
        return low or item.raw.strip()
    if low is None or high is None:
        return f"≥ {low}" if high is None else f"≤ {high}"
    return f"{low} ~ {high}"


def describe_accuracy(item: Item) -> str:
    """U = 0.01 mm（k=2）, MPE ±0.5 %, 准确度等级 0.05."""
    if item.kind is ItemKind.ACCURACY_CLASS:
        return f"准确度等级 {item.grade or item.raw.strip()}"
    k = f"（k={item.k.normalize():f}）" if item.k is not None else ""
    return f"{accuracy_symbol(item)} {accuracy_value(item)}{k}"


def accuracy_symbol(item: Item) -> str:
    if item.kind is ItemKind.UNCERTAINTY:
        return "Urel =" if item.relative else "U ="
    return "MPE" if item.kind is ItemKind.MPE else "分辨力"


def accuracy_value(item: Item) -> str:
    """The value, the interval, or the formula of the measured value x."""
    if item.formula:
        terms = [show(item.formula.a, item, difference=True)] if item.formula.a else []
        if item.formula.b:
            terms.append(f"{format_number(item.formula.b, DIGITS)}·x")
        if item.formula.c:
            terms.append(f"{format_number(item.formula.c, DIGITS)}·x_max")
        return " + ".join(terms) or item.raw.strip()
    low, high = (None if end is None else show(end, item, difference=True) for end in (item.low, item.high))
    if low is None or high is None:
        return high or low or item.raw.strip()
    if item.low == -item.high:
        return f"±{high}"
    return high if low == high else f"{low} ~ {high}"


def show(value: Decimal, item: Item, *, difference: bool = False) -> str:
    """The SI value in the unit it was written in; ratios in per cent."""
    if item.relative:
        return format_si(value, None, digits=DIGITS)
    quantity = item.quantity if item.quantity in KINDS else None
    return format_si(value, quantity, difference=difference, unit=item.unit, digits=DIGITS)
