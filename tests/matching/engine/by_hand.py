"""Measurement lines built by hand, as the reader would give them, so that judging is tested without it."""

from decimal import Decimal

from matching.engine.facts import Cells, Formula, Item, ItemKind, Line
from matching.engine.units import find_unit, to_si


def span(low, high, unit, quantity, **more):
    """A range from low to high; None for an end that is not stated."""
    found = find_unit(unit)
    ends = [None if end is None else to_si(Decimal(end), found) for end in (low, high)]
    kind = ItemKind.LIMIT if None in ends else ItemKind.RANGE
    raw = more.pop("raw", f"{low}~{high} {unit}")
    return Item(kind, (0, 0), raw, quantity, *ends, si_unit=found.si_unit, unit=unit, **more)


def points(values, unit, quantity):
    """Nominal points, one item each."""
    return tuple(span(value, value, unit, quantity, nominal=True, raw=f"{value} {unit}") for value in values)


def u(value, unit, *, k="2", to=None, **more):
    """U of one value, or of two over the range beside it, in the order they are written."""
    found = find_unit(unit)
    first, last = (to_si(Decimal(end), found, difference=True) for end in (value, to or value))
    raw = more.pop("raw", f"U={value}{'~' + to if to else ''} {unit}")
    return Item(
        ItemKind.UNCERTAINTY,
        (0, 0),
        raw,
        low=min(first, last),
        high=max(first, last),
        si_unit=found.si_unit,
        unit=unit,
        descending=first > last,
        k=Decimal(k) if k else None,
        relative=False,
        **more,
    )


def u_rel(percent, *, k="2", to=None, reference="reading", **more):
    """Urel in per cent."""
    first, last = (Decimal(end) / 100 for end in (percent, to or percent))
    return Item(
        ItemKind.UNCERTAINTY,
        (0, 0),
        more.pop("raw", f"Urel={percent}{'~' + to if to else ''} %"),
        low=min(first, last),
        high=max(first, last),
        si_unit="1",
        descending=first > last,
        k=Decimal(k) if k else None,
        relative=True,
        reference=reference,
        **more,
    )


def u_formula(raw, si_unit, *, k="2", **terms):
    """U as a function, the terms in SI."""
    return formula(ItemKind.UNCERTAINTY, raw, si_unit, k=Decimal(k), **terms)


def formula(kind, raw, si_unit, *, k=None, **terms):
    """A formula of either kind; `combine` apart, the terms are decimals."""
    numbers = {name: value if name == "combine" else Decimal(value) for name, value in terms.items()}
    return Item(kind, (0, 0), raw, si_unit=si_unit, k=k, relative=False, formula=Formula(**numbers))


def mpe(low, unit, high=None):
    """MPE ±value, or a tolerance from low to high."""
    found = find_unit(unit)
    lower, upper = (Decimal(low), Decimal(high)) if high else (-Decimal(low), Decimal(low))
    raw = f"{low}~{high} {unit}" if high else f"±{low} {unit}"
    ends = [to_si(end, found, difference=True) for end in (lower, upper)]
    return Item(ItemKind.MPE, (0, 0), raw, None, *ends, si_unit=found.si_unit, unit=unit, relative=False)


def mpe_rel(percent, reference="reading"):
    """MPE in per cent of the reading or of full scale."""
    ratio = Decimal(percent) / 100
    raw = f"±{percent} %{'FS' if reference == 'fs' else ''}"
    return Item(ItemKind.MPE, (0, 0), raw, None, -ratio, ratio, si_unit="1", relative=True, reference=reference)


def mpe_formula(raw, si_unit, **terms):
    """MPE as a function, the terms in SI."""
    return formula(ItemKind.MPE, raw, si_unit, **terms)


def grade(name, op=None):
    """An accuracy class."""
    return Item(ItemKind.ACCURACY_CLASS, (0, 0), f"{name}级", grade=name, op=op)


def resolution(value, unit):
    """A resolution."""
    found = find_unit(unit)
    size = to_si(Decimal(value), found, difference=True)
    raw = f"分辨力{value} {unit}"
    return Item(ItemKind.RESOLUTION, (0, 0), raw, None, size, size, si_unit=found.si_unit, unit=unit)


def line(quantity, ranges, *accuracy, parameters=(), unread=(), **cells):
    """A line of a need or a row of an institute."""
    ranges = tuple(ranges) if isinstance(ranges, tuple | list) else (ranges,)
    return Line(Cells(**cells), quantity, ranges, accuracy, tuple(parameters), unread=tuple(unread))
