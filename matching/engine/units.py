"""Quantity kinds and units as data, and conversion to SI and back.

The tables are `data/kinds.tsv` and `data/units.tsv`: names and symbols after GB 3100 and GB/T 3102 (ISO 80000),
factors after the SI brochure (2019) and NIST SP 811, codes after UCUM. A row of units.tsv with prefixes stands
for the unit and all its multiples; a row without a quantity adds spellings to one multiple. Spellings are looked
up exactly first (mPa is not MPa), then by the wrong case people type (Mpa, KV, ML) where no exact one is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType

DATA = Path(__file__).parent / "data"

# Symbol of the prefix, its power of ten and the Chinese name (GB 3100-1993, table 4).
PREFIXES = {
    "f": (-15, "飞"), "p": (-12, "皮"), "n": (-9, "纳"), "μ": (-6, "微"), "m": (-3, "毫"), "c": (-2, "厘"),
    "d": (-1, "分"), "h": (2, "百"), "k": (3, "千"), "M": (6, "兆"), "G": (9, "吉"), "T": (12, "太"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of quantity; `parent` is the wider kind it is a case of (flatness of form, form of length)."""

    key: str
    label: str
    si_unit: str
    starts_at_zero: bool
    logarithmic_axis: bool
    parent: str | None
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: value in SI = value × numerator / denominator + offset, so that 3000 r/min is exactly 50 1/s."""

    symbol: str
    quantity: str
    si_unit: str
    numerator: Decimal
    denominator: Decimal
    offset: Decimal
    ucum: str
    spellings: tuple[str, ...]

    @property
    def factor(self) -> Decimal:
        """One of the unit in SI, as a difference."""
        return self.numerator / self.denominator


def find_kind(key: str) -> Kind:
    """The quantity kind of that key.

    >>> find_kind("torque").si_unit
    'N·m'
    """
    return kinds()[key]


def find_unit(symbol: str) -> Unit | None:
    """The unit written like that, or None; of several (g is gram and standard gravity) the usual one.

    >>> find_unit("Mpa").symbol, find_unit("毫米").symbol, find_unit("foo")
    ('MPa', 'mm', None)
    """
    found = spellings().get(symbol)
    return found[0] if found else None


def to_si(value: Decimal, unit: Unit, *, difference: bool = False) -> Decimal:
    """The value in the SI unit of the quantity; a difference takes no offset.

    >>> to_si(Decimal(20), find_unit("℃")), to_si(Decimal(20), find_unit("℃"), difference=True)
    (Decimal('293.15'), Decimal('20'))
    """
    si = value * unit.numerator / unit.denominator
    return si if difference or not unit.offset else si + unit.offset


def from_si(value: Decimal, unit: Unit, *, difference: bool = False) -> Decimal:
    """The SI value in the given unit.

    >>> from_si(Decimal("293.15"), find_unit("℃"))
    Decimal('20.00')
    """
    return (value if difference else value - unit.offset) * unit.denominator / unit.numerator


def format_si(
    value: Decimal, quantity: str | None, *, difference: bool = False, unit: str | None = None, digits: int = 3
) -> str:
    """The SI value as people write it, in `unit` or in the multiple that gives 1 to 999, to `digits` figures.

    >>> format_si(Decimal("9.8e-7"), "length"), format_si(Decimal("293.15"), "temperature")
    ('0.98 μm', '20 °C')
    >>> format_si(Decimal("0.0005"), None), format_si(Decimal("60e6"), "pressure"), format_si(Decimal(0), "mass")
    ('0.05 %', '60 MPa', '0 kg')
    """
    chosen = find_unit(unit) if unit else _fitting_unit(value, quantity, difference)
    if chosen is None:
        return format_number(value, digits)
    number = format_number(from_si(value, chosen, difference=difference), digits)
    return number if chosen.symbol == "1" else f"{number} {chosen.symbol}"


def format_number(value: Decimal, digits: int = 3) -> str:
    """The number to that many significant figures, as a power of ten where zeros would hide it.

    >>> format_number(Decimal("1234.5")), format_number(Decimal("0.0000015")), format_number(Decimal("0.0500"))
    ('1234', '1.5×10⁻⁶', '0.05')
    """
    if not value:
        return "0"
    exponent = value.adjusted()
    rounded = round(value, digits - 1 - exponent) if exponent < digits else round(value)
    if -4 <= exponent < 6:
        text = f"{rounded:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa = f"{round(value.scaleb(-exponent), digits - 1):f}".rstrip("0").rstrip(".")
    return f"{mantissa}×10{str(exponent).translate(_SUPERSCRIPT)}"


@cache
def kinds() -> MappingProxyType[str, Kind]:
    """All quantity kinds by key."""
    rows = (
        Kind(key, label, si, zero == "1", log == "1", parent or None, tuple(words.split()))
        for key, label, si, zero, log, parent, words in _rows("kinds.tsv")
    )
    return MappingProxyType({kind.key: kind for kind in rows})


@cache
def units() -> tuple[Unit, ...]:
    """All units with their multiples, in the order of the table."""
    rows = list(_rows("units.tsv"))
    further = {row[0]: tuple(row[-1].split(";")) for row in rows if not row[1]}
    named = (unit for row in rows if row[1] for unit in _multiples(*row))
    return tuple(replace(unit, spellings=unit.spellings + further.get(unit.symbol, ())) for unit in named)


@cache
def spellings() -> MappingProxyType[str, tuple[Unit, ...]]:
    """Every way a unit is written → the units meant, the usual one first."""
    exact: dict[str, list[Unit]] = {}
    symbols_first = [(unit, unit.symbol) for unit in units()]
    symbols_first += [(unit, name) for unit in units() for name in unit.spellings[1:]]
    for unit, name in symbols_first:
        for variant in _typographic(name):
            if unit not in exact.setdefault(variant, []):
                exact[variant].append(unit)
    known = dict(exact)
    for swap in (False, True):
        for name, meant in exact.items():
            for variant in _wrong_case(name, swap):
                known.setdefault(variant, meant)
    return MappingProxyType({name: tuple(meant) for name, meant in known.items()})


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _rows(name: str) -> Iterator[list[str]]:
    """The rows of a table without its heading."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return (line.split("\t") for line in lines[1:])


def _multiples(
    symbol: str, quantity: str, factor: str, offset: str, si_unit: str, ucum: str, prefixes: str, aliases: str
) -> Iterator[Unit]:
    """The unit of a row, then its multiples: prefix on the symbol, Chinese prefix on Chinese names."""
    names = tuple(dict.fromkeys([symbol, *filter(None, aliases.split(";"))]))
    top, _, bottom = factor.partition("/")
    numerator, denominator = Decimal(top), Decimal(bottom or 1)
    si_unit = si_unit or kinds()[quantity].si_unit
    yield Unit(symbol, quantity, si_unit, numerator, denominator, _number(offset or "0"), ucum, names)
    for prefix in prefixes.split():
        power, chinese = PREFIXES[prefix]
        multiple = tuple((chinese if _is_chinese(name) else prefix) + name for name in names)
        code = (prefix.replace("μ", "u") + ucum) if ucum else ""
        # The square or cube of a prefixed unit takes the prefix to that power: cm² is 10⁻⁴ m².
        power *= {"²": 2, "³": 3}.get(symbol[1:2], 1)
        yield Unit(prefix + symbol, quantity, si_unit, numerator.scaleb(power), denominator, Decimal(0), code, multiple)


def _number(text: str) -> Decimal:
    top, _, bottom = text.partition("/")
    return Decimal(top) / Decimal(bottom or 1)


def _is_chinese(name: str) -> bool:
    return "\u4e00" <= name[0] <= "\u9fff"


def _typographic(name: str) -> Iterator[str]:
    """The name with the dots, slashes, powers, degree and micro signs people type instead: N.m, m·s-1, um, m^2."""
    forms = {name, "% " + name[1:]} if name[:1] == "%" and name[1:] else {name}
    if "·" in name:
        forms |= {name.replace("·", sign) for sign in (".", "*", "-", "×", "", " · ")}
    if name.count("/") == 1 and "·" not in name and name[0] != "/" and not _is_chinese(name):
        top, bottom = name.split("/")
        power = _PLAIN_DIGIT.get(bottom[-1], "1")
        forms |= {f"{top}{dot}{bottom.rstrip('²³')}{minus}{power}" for dot in "·." for minus in ("-", "^-")}
    for form in forms:
        for sign, others in (
            ("°C", ("℃", "° C")),
            ("°F", ("℉",)),
            ("μ", ("u",)),
            ("²", ("2", "^2")),
            ("³", ("3", "^3")),
            ("₂", ("2",)),
        ):
            if sign in form:
                yield from (form.replace(sign, other) for other in others)
        if "⁻¹" in form:
            yield from (form.replace("⁻¹", other) for other in ("-1", "^-1"))
        yield form


_PLAIN_DIGIT = {"²": "2", "³": "3"}


def _wrong_case(name: str, swap: bool) -> Iterator[str]:
    """The name in the cases it is mistyped in; the first letter keeps its case unless `swap` (m and M differ)."""
    if len(name) < 2 or not name.replace("·", "").replace("Ω", "").isascii():
        return
    first, tail = name[0].swapcase() if swap else name[0], name[1:]
    yield from (first + rest for rest in (tail, tail.lower(), tail.upper(), tail.capitalize()))


def _fitting_unit(value: Decimal, quantity: str | None, difference: bool) -> Unit | None:
    """The largest multiple in which the value is 0.1 to 999, or the one nearest to that."""
    if quantity is None or kinds()[quantity].si_unit == "1":
        return find_unit("%" if abs(value) >= Decimal("0.00001") else "1")
    if quantity == "temperature" and not difference:
        return find_unit("°C")
    usual = _usual_units().get(quantity, ())
    if not usual or not value:
        return next((unit for unit in usual if unit.factor == 1), None)
    fitting = [unit for unit in usual if Decimal("0.1") <= abs(value) / unit.factor < 1000]
    if fitting:
        return max(fitting, key=lambda unit: unit.factor)
    return min(usual, key=lambda unit: abs((abs(value) / unit.factor).log10() - 1))


@cache
def _usual_units() -> dict[str, tuple[Unit, ...]]:
    """The units a value of each kind is shown in: its first row and the multiples of that by a thousand."""
    usual: dict[str, tuple[Unit, ...]] = {}
    for unit in units():
        main = usual.get(unit.quantity, (unit,))[0]
        if unit is main or (unit.symbol[1:] == main.symbol and unit.symbol[0] in "fpnμmkMGT"):
            usual[unit.quantity] = (*usual.get(unit.quantity, ()), unit)
    return usual


# All quantity kinds by key, for those who list them.
KINDS = kinds()
