"""A statement written out in SI, such that reading it gives the same statement again."""

from __future__ import annotations

from decimal import Decimal

from matching.engine.facts import Formula, Item, ItemKind
from matching.engine.units import KINDS, from_si, spellings, units

SPANS = (ItemKind.RANGE, ItemKind.LIMIT)


def write(item: Item) -> str:
    """The item as text in SI that reads back to the same statement.

    >>> from matching.engine.quantities import read
    >>> write(read("湿度 20%RH~90%RH").items[0]), write(read("U=0.5μm，k=2").items[0])
    ('相对湿度范围 20 %RH~90 %RH', '长度 U=5E-7 m，k=2')
    >>> write(read("±(2.0+L/250)um").items[0]), write(read("E2级及以下").items[0])
    ('长度 最大允许误差±(0.0000020 m+0.000004000×L)', '准确度等级E2级及以下')
    """
    if item.kind is ItemKind.CODE:
        return item.code or ""
    if item.kind is ItemKind.ACCURACY_CLASS:
        grade = item.grade or ""
        better = {"<=": "及以上", ">=": "及以下"}.get(item.op or "", "")
        return f"准确度等级{grade}{'' if grade.endswith('等') else '级'}{better}"
    label = "" if item.quantity is None or item.relative else KINDS[item.quantity].label
    name = "范围" if item.kind in SPANS else ""
    value = _write_mpe(item) if item.kind is ItemKind.MPE else _write_value(item)
    start = {
        ItemKind.LIMIT: f"{item.op} ",
        ItemKind.RESOLUTION: f"分辨力{item.op or ' '}",
        ItemKind.UNCERTAINTY: f"U{'rel' if item.relative else ''}{item.op or '='}",
    }.get(item.kind, "")
    factor = f"，k={item.k}" if item.k is not None else ""
    share = f"，p={item.p}" if item.p is not None else ""
    return f"{label}{name} {start}{value}{factor}{share}".strip()


def _write_value(item: Item) -> str:
    """The value or the two ends with their unit."""
    if item.formula:
        unit = "°C" if item.formula.zero else item.si_unit
        return _write_formula(item.formula, f" {unit}" if unit != "1" else "")
    low, high, unit = _in_unit(item)
    if low is None or high is None or low == high:
        return f"{high if low is None else low}{unit}{_FULL_SCALE.get(item.reference or '', '')}"
    if item.descending:
        return f"{'<' if item.high_open else ''}{high}{unit}~{low}{unit}"
    if item.high_open:
        return f"{low}{unit}{'<' if item.low_open else '≤'}x<{high}{unit}"
    return f"{'>' if item.low_open else ''}{low}{unit}~{high}{unit}"


def _in_unit(item: Item) -> tuple[Decimal | None, Decimal | None, str]:
    """The ends in the SI unit, or in a unit that names the quantity where SI has only 1 (%RH, s/d)."""
    if item.si_unit != "1":
        return item.low, item.high, f" {item.si_unit}"
    own = next((unit for unit in units() if unit.quantity == item.quantity and unit.si_unit == "1"), None)
    if item.kind is ItemKind.UNCERTAINTY and item.relative is None:
        own = spellings()["%"][0]  # it is open whether of the value or of the quantity, which is in per cent itself
    elif item.relative or (own is None and item.kind in SPANS and len({item.low, item.high} - {None}) == 1):
        own = spellings()["%"][0]
    own = own or spellings()["1"][0]
    low, high = (None if value is None else from_si(value, own) for value in (item.low, item.high))
    return low, high, "" if own is spellings()["1"][0] else f" {own.symbol}"


def _write_formula(formula: Formula, unit: str) -> str:
    terms = (
        f"{formula.a}{unit}" if formula.a else "",
        f"{formula.b}×L" if formula.b and unit else f"{formula.b}×读数" if formula.b else "",
        f"{formula.c}×满量程" if formula.c else "",
        f"{formula.digits}字" if formula.digits else "",
    )
    written = [term for term in terms if term]
    return f"Q[{','.join(written)}]" if formula.combine == "rss" else f"({'+'.join(written)})"


def _write_mpe(item: Item) -> str:
    """Both limits, or ± one of them."""
    if item.formula or item.low is None or item.high is None:
        return f"最大允许误差±{_write_value(item)}"
    low, high, unit = _in_unit(item)
    if item.low == -item.high:
        return f"最大允许误差{'优于' if item.op else '±'}{high}{unit}{_FULL_SCALE.get(item.reference or '', '')}"
    return f"最大允许误差({low:+}~{high:+}){unit}"


_FULL_SCALE = {"fs": "×满量程", "span": "×span"}
