"""From text to measurement statements: what is written, in SI, with its place in the text.

The order is the reader's own: normalise the signs, blank what is no measurement (codes and classes are read, dates
and phone numbers dropped), sketch the rest, find the expressions of numbers in the sketch, and tell from the words
around each whether it is a range, a limit, an uncertainty (JJF 1059.1), a maximum permissible error, a resolution
(JJF 1001) or an ambient condition. A number with a unit that fits none of it is listed as unread, never guessed.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Literal, cast

from matching.engine.facts import Formula, Item, ItemKind, Reading, Role, Unread
from matching.engine.grammar import (
    BALANCE_AFTER,
    CONDITION,
    CONDITION_AFTER,
    DIFFERENCE,
    FACTOR,
    FILLER,
    HEAD_UNIT,
    KEYWORD,
    KEYWORD_AFTER,
    NEW_SUBJECT,
    OPERATOR,
    PROBABILITY,
    REFERENCE,
    SCALE_BEFORE,
    SENTENCE_END,
    SPAN_AFTER,
    SUFFIX,
    TERM,
    VARIABLE_UNIT,
    expression_pattern,
)  # fmt: skip
from matching.engine.names import blank_traps, read_classes, read_codes
from matching.engine.normalise import Normalised, normalise
from matching.engine.sketch import Sketch, find_unit_at, sketch
from matching.engine.units import KINDS, Kind, Unit, find_unit, to_si

Op = Literal["<=", "<", ">=", ">"]
Units = tuple[Unit, ...]

# The kinds of item that say what is measured, not how well.
_SPANS = (ItemKind.RANGE, ItemKind.LIMIT)
# A text is read up to here, some forty pages; what follows is listed as unread.
MOST_CHARACTERS = 50_000
# So many characters before and behind an expression are searched for the words that explain it.
BEFORE, AFTER = 60, 24
KELVIN_ZERO = Decimal("273.15")
# 室温 as one end of a range: what is colder is the lower end of it.
ROOM_TEMPERATURE = KELVIN_ZERO + 20


def read(text: str, *, header: str = "", words: str = "") -> Reading:
    """All measurement statements of a text; `header` is the head of its column, which gives unit, k and meaning.

    `words` are what else is known of the line, to tell the quantity by: (1~100)g of an accelerometer.

    >>> [(item.kind.value, str(item.low), str(item.high), item.si_unit) for item in read("量程 0～25mm，U=0.5μm").items]
    [('range', '0.000', '0.025', 'm'), ('uncertainty', '5E-7', '5E-7', 'm')]
    >>> read("0~25", header="测量范围/mm").items[0].quantity, read("有效期2023-06-01至2026-05-31").items
    ('length', ())
    """
    clean = normalise(text[:MOST_CHARACTERS])
    signs = list(clean.text)
    head = replace(read_head(header), words=normalise(words + header).text)
    items = [*read_codes(text, clean, signs), *read_classes(text, clean, signs, grades_only=head.classes)]
    blank_traps(signs)
    reader = _Reader(text, clean, sketch("".join(signs)), head)
    items += reader.items()
    unread = list(reader.unread())
    if len(text) > MOST_CHARACTERS:
        unread.append(Unread((MOST_CHARACTERS, len(text)), text[MOST_CHARACTERS:]))
    return Reading(tuple(_share_quantity(sorted(items, key=lambda item: item.span))), tuple(unread))


# --- The head of a column ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a column says about the bare values below it."""

    text: str = ""
    units: Units = ()
    label: str = ""
    k: Decimal | None = None
    classes: bool = False
    words: str = ""


@cache
def read_head(header: str) -> Head:
    """The unit, the meaning and the coverage factor that a column head states.

    >>> head = read_head("扩展不确定度/μm (k=2)")
    >>> head.units[0].symbol, head.label, str(head.k)
    ('μm', 'unc', '2')
    """
    if not header:
        return Head()
    text = normalise(header).text
    drawn = sketch(text)
    factor = FACTOR.search(drawn.text)
    units: Units = ()
    for found in HEAD_UNIT.finditer(text):
        unit = find_unit_at(text, found.end())
        if unit and not text[found.end() + len(unit[0]) :].strip(" )]:")[:1].isalnum():
            units = unit[1]
    keywords = list(KEYWORD.finditer(drawn.text))
    label = keywords[-1].lastgroup or "" if keywords else ""
    if "相对" in text or "rel" in text:
        label = {"unc": "rel"}.get(label, label)
    return Head(
        text=text,
        units=units,
        label=label,
        k=drawn.numbers[factor.end() - 1] if factor else None,
        classes="等级" in text or text.strip() in ("级别", "级"),
    )


# --- Expressions and what they mean -----------------------------------------------------------------------------


@dataclass(slots=True)
class Expression:
    """Numbers that belong together, as found in the sketch; places are of the sketch."""

    form: str
    start: int
    end: int
    low: Decimal | None = None
    high: Decimal | None = None
    low_units: Units = ()
    high_units: Units = ()
    low_open: bool = False
    high_open: bool = False
    op: Op | None = None
    label: str = ""
    label_start: int | None = None
    standard: bool = False
    reference: Literal["reading", "fs", "span"] | None = None


class _Reader:
    """Reads the expressions of one text from left to right."""

    def __init__(self, text: str, clean: Normalised, drawn: Sketch, head: Head) -> None:
        self.text, self.clean, self.drawn, self.head = text, clean, drawn, head
        self.factors = self._take(FACTOR)
        self.probabilities = self._take(PROBABILITY)
        self.covered: set[int] = set()
        self.variables = dict(self._variables())
        self.states_uncertainty = False

    def items(self) -> list[Item]:
        """All items, in the order of the text."""
        expressions = [self._expression(found) for found in expression_pattern().finditer(self.drawn.text)]
        self._label(expressions)
        self._lend_units(expressions)
        self.states_uncertainty = any(expression.label in ("unc", "rel") for expression in expressions)
        return [item for expression in expressions for item in self._interpret(expression)]

    def unread(self) -> Iterator[Unread]:
        """Numbers with a unit that no item covers; a bare per cent or clock time is everyday language."""
        for found in re.finditer("#[@¿]", self.drawn.text):
            unit = self.drawn.units.get(found.start() + 1, (_UNKNOWN,))[0]
            if found.start() not in self.covered and unit.quantity not in ("ratio", "time"):
                span = self._span(*found.span())
                yield Unread(span, self.text[slice(*span)])

    def _take(self, pattern: re.Pattern[str]) -> list[tuple[int, Decimal]]:
        """Read the numbers of a pattern with their places and blank them in the sketch."""
        taken = []
        for found in pattern.finditer(self.drawn.text):
            place = found.start() + found[0].rindex("#")
            value = self.drawn.numbers[place]
            if found[0].endswith("@"):
                value *= self.drawn.units[found.end() - 1][0].factor
            taken.append((found.start(), value))
        if taken:
            self.drawn.text = pattern.sub(lambda found: "§" * len(found[0]), self.drawn.text)
        return taken

    # --- Finding -------------------------------------------------------------------------------------------------

    def _expression(self, found: re.Match[str]) -> Expression:
        form = found.lastgroup or ""
        expression = Expression(form, *found.span(form))
        reference = REFERENCE.match(self.drawn.text, expression.end)
        if reference and reference.lastgroup and self._is_ratio(self._units_at(expression.end - 1)):
            expression.reference = cast(Literal["reading", "fs", "span"], reference.lastgroup)
            expression.end = reference.end()
        values = [place for place in range(*found.span(form)) if self.drawn.text[place] == "#"]
        if form in ("formula", "root", "dims", "power"):
            return expression
        signed = [self._signed(place, form) for place in values]
        if form == "range" and len(signed) == 3:
            *signed, power = signed
            signed, values = [value * power for value in signed], values[:2]
        outer = self._units_at(found.end(form) - 1)
        if form == "single" and _SHUT_BRACKET.match(self.drawn.text, found.end(form)):
            # The last of a list in brackets stands before the unit of all: (1、10、100)Ω.
            outer = self._units_at(found.end(form) + 1)
        own = [self._units_at(place + 1) for place in values]
        expression.low, expression.high = signed[0], signed[-1]
        expression.high_units = own[-1] or outer or own[0]
        expression.low_units = own[0] or expression.high_units
        signs = found[form]
        expression.low_open = bool(_LOW_OPEN.search(signs))
        expression.high_open = bool((_BETWEEN_OPEN if form == "between" else _HIGH_OPEN).search(signs))
        if form == "diameter" and (sign := re.search("[≤≥<>]", signs)):
            expression.op = cast(Op, _COMPARISONS[sign[0]])
        if form == "interval":
            expression.low_open, expression.high_open = signs[0] == "(", ")" in signs
        return expression

    def _signed(self, place: int, form: str) -> Decimal:
        value = self.drawn.numbers[place]
        dashed = self.drawn.text[place - 1 : place] == "-"
        return -value if dashed and (form == "asymmetric" or self._is_sign(place - 1)) else value

    def _is_sign(self, place: int) -> bool:
        """Whether the dash at that place is a sign: nothing that ends a value stands before it."""
        return self.drawn.text[place - 1 : place] not in ("#", "@", ")", "]") or place == 0

    def _units_at(self, place: int) -> Units:
        return self.drawn.units.get(place, ()) if self.drawn.text[place : place + 1] == "@" else ()

    def _label(self, expressions: list[Expression]) -> None:
        """Give each expression the keyword and the operator that stand before it, or the keyword behind it."""
        floor = 0
        for index, expression in enumerate(expressions):
            before = self.drawn.text[max(floor, expression.start - BEFORE) : expression.start]
            self._label_from_before(expression, before)
            if not expression.label and expression.form in ("single", "plusminus"):
                self._label_from_behind(expression)
            previous = expressions[index - 1] if index else None
            gap = before if previous and len(before) <= 1 else None
            if previous and gap == "/" and self._is_readability(previous, expression):
                expression.label = "res"
            if not expression.label and previous and gap in ("/", "、", "和", "") and previous.form == expression.form:
                expression.label = previous.label
            expression.label = expression.label or self.head.label
            suffix = SUFFIX.match(self.drawn.text, expression.end)
            if suffix and not expression.op and self._is_point(expression) and expression.label in ("", "span"):
                expression.op = ">=" if suffix["up"] else "<="
                expression.end = suffix.end()
            floor = expression.end

    def _is_point(self, expression: Expression) -> bool:
        return expression.form == "single" or (expression.form == "diameter" and expression.low == expression.high)

    def _is_readability(self, capacity: Expression, expression: Expression) -> bool:
        """220g/0.1mg, 0~150mm/0.02mm: a far smaller value behind the slash is what the instrument resolves."""
        units = capacity.high_units[:1] + expression.high_units[:1]
        if len(units) != 2 or units[0].quantity != units[1].quantity or units[0].quantity not in ("mass", "length"):
            return False
        if expression.form != "single" or capacity.form not in ("single", "range"):
            return False
        largest, step = (cast(Decimal, e.high) * e.high_units[0].factor for e in (capacity, expression))
        return largest >= 1000 * step > 0

    def _label_from_before(self, expression: Expression, before: str) -> None:
        if operator := OPERATOR.search(before):
            expression.op = cast(Op, _OPERATORS[operator.lastgroup or "le"])
            expression.label_start = expression.start - len(before) + operator.start()
        keywords = list(KEYWORD.finditer(before))
        if expression.form == "plusminus" and before.endswith(("误差范围", "偏差范围", "误差范围:", "偏差范围:")):
            keywords.pop()  # What follows ± is the error, not a range.
        if keywords and FILLER.fullmatch(before, keywords[-1].end()):
            keyword = keywords[-1]
            label = keyword.lastgroup or ""
            if self._states_a_point(
                expression, before[keyword.start() :], keyword.start() and before[: keyword.start()]
            ):
                return
            if label == "unc":
                expression.standard = keyword[0][0] == "u" or "标准不确定度" in keyword[0]
                relative = "rel" in keyword[0].lower() or "相对" in before[: keyword.end()][-len(keyword[0]) - 2 :]
                label = "rel" if relative else label
            expression.label = label
            expression.label_start = expression.start - len(before) + keyword.start()

    def _states_a_point(self, expression: Expression, words: str, lead: object) -> bool:
        """相对频率偏差：10 MHz: a plain frequency behind a label is the point it is stated at, not the deviation."""
        if expression.form not in ("single", "range") or ":" not in words or not expression.high_units:
            return False
        return expression.high_units[0].quantity == "frequency" and "U" not in words

    def _label_from_behind(self, expression: Expression) -> None:
        if expression.form == "plusminus" and SPAN_AFTER.match(self.drawn.text, expression.end):
            expression.label = "span"
        elif expression.form == "single" and (found := BALANCE_AFTER.match(self.drawn.text, expression.end)):
            if expression.high_units == (_unit("1"),):
                expression.label, expression.high_units, expression.end = "res", (_unit("g"),), found.end()
        elif found := KEYWORD_AFTER.match(self.drawn.text, expression.end):
            expression.label = {"误": "mpe", "精": "mpe", "准": "mpe", "允": "mpe", "不": "unc"}.get(
                found["key"][0], "res"
            )
            expression.end = found.end("key")

    def _lend_units(self, expressions: list[Expression]) -> None:
        """A bare value takes the unit of the next in its list, of a scale named before it, or of the heading."""
        bare = [not expression.high_units and expression.high is not None for expression in expressions]
        for index in range(len(expressions) - 2, -1, -1):
            expression, following = expressions[index : index + 2]
            between = self.drawn.text[expression.end : following.start]
            size_and_limits = not between and following.form in ("asymmetric", "limits")
            is_own = self._scale_before(expression) or self._names_a_ratio(expression, following)
            if bare[index] and (between in _JOINTS or size_and_limits) and not is_own:
                expression.low_units = expression.high_units = following.low_units
        for index, expression in enumerate(expressions):
            if bare[index] and not expression.high_units and not _COUNTED.match(self.drawn.text, expression.end):
                units = self._scale_before(expression)
                if (
                    index
                    and bare[index - 1]
                    and self.drawn.text[expressions[index - 1].end : expression.start] in _JOINTS
                ):
                    units = units or expressions[index - 1].high_units
                units = units or self._heading_near(expression) or self.head.units
                expression.low_units = expression.high_units = units

    def _names_a_ratio(self, expression: Expression, following: Expression) -> bool:
        """Whether a whole range has no unit because of what is named right before it: 反射系数 0~1，26.5~67 GHz."""
        before = self.drawn.text[max(0, expression.start - BEFORE) : expression.start].rstrip(" :(为")
        words = _chooser((_unit("1"),)).pattern.findall(before or self.head.words)
        is_named = bool(words) and (not before or before.endswith(words[-1]))
        return expression.form == following.form == "range" and is_named

    def _scale_before(self, expression: Expression) -> Units:
        found = SCALE_BEFORE.search(self.drawn.text[max(0, expression.start - 8) : expression.start])
        unit = find_unit(found[1]) if found else None
        return (unit,) if unit else ()

    def _heading_near(self, expression: Expression) -> Units:
        """The unit of the last heading before the expression, or of the one behind it (900×1200，单位mm)."""
        place = self.drawn.text.rfind("$", 0, expression.start)
        place = place if place >= 0 else self.drawn.text.find("$", expression.end)
        return self.drawn.units.get(place, ())

    # --- Interpreting --------------------------------------------------------------------------------------------

    def _interpret(self, expression: Expression) -> Iterator[Item]:
        reading = {
            "formula": self._formula, "root": self._formula, "dims": self._dimensions, "tolerance": self._tolerance,
            "diameter": self._diameter,
        }.get(expression.form, self._value)  # fmt: skip
        for item in reading(expression):
            self.covered.update(range(expression.start, expression.end))
            yield item

    def _value(self, expression: Expression) -> Iterator[Item]:
        """A range, a single value or a ± value, by its label."""
        label, low, high = expression.label, cast(Decimal, expression.low), cast(Decimal, expression.high)
        ratio = self._is_ratio(expression.high_units)
        if label in ("unc", "rel"):
            yield from self._uncertainty(expression)
        elif label == "res":
            yield from self._resolution(expression)
        elif label == "other" and expression.form != "range" and not expression.reference:
            return
        elif expression.form == "range" and expression.reference and label != "mpe":
            return  # (20~100)%FS is a share of what is measured.
        elif (expression.form == "swing" and label != "mpe") or (
            expression.form == "plusminus" and label == "span" and not ratio
        ):
            yield from self._range(expression, -high, high)
        elif expression.form == "limits" and low and high:
            for value in (low, high):
                yield from self._range(replace(expression, form="single"), value, value)
        elif expression.form in ("plusminus", "asymmetric", "limits") or (
            (label == "mpe" or (expression.reference and ratio)) and not self._is_measured_range(expression)
        ):
            yield from self._mpe(expression)
        else:
            yield from self._range(expression, low, high)

    def _is_measured_range(self, expression: Expression) -> bool:
        """Whether a word for an error only names what is measured: 示值误差 (0~300)mm.

        No error band runs from 0 upwards, and ± before a band of ratios states a range.
        """
        signs = self.drawn.text[expression.start : expression.end]
        if expression.form != "range" or "±" in signs or "+" in signs:
            return expression.form == "range" and "±" in signs
        low, high = cast(Decimal, expression.low), cast(Decimal, expression.high)
        return low == 0 < high or self._is_measured_error(expression)

    def _is_measured_error(self, expression: Expression) -> bool:
        """A relative error has no unit; and a plain error that has an uncertainty is measured, not permitted."""
        if expression.label_start is None or self._is_ratio(expression.high_units):
            return False
        name = self.drawn.text[max(0, expression.label_start - 2) : expression.label_start + 2]
        plain = name.endswith(("误差", "偏差")) and not name.startswith(_PERMITTED)
        return name == "相对误差" or (self.states_uncertainty and plain)

    def _range(self, expression: Expression, low: Decimal, high: Decimal) -> Iterator[Item]:
        """A range, a limit or a nominal point. Without a unit only where the words name a quantity without one."""
        unit, quantity = self._quantity(expression, expression.high_units)
        if unit is None:
            return
        low_unit = self._quantity(expression, expression.low_units)[0] or unit
        difference = bool(DIFFERENCE.search(self.drawn.text[max(0, expression.start - BEFORE) : expression.start]))
        ends = to_si(low, low_unit, difference=difference), to_si(high, unit, difference=difference)
        single = expression.form == "single"
        if expression.form == "room":
            expression.op = ">=" if ends[1] < ROOM_TEMPERATURE else "<="
        if expression.op and expression.form in ("single", "room"):
            upper = expression.op in ("<=", "<")
            yield self._item(ItemKind.LIMIT, expression, quantity, unit, op=expression.op,
                             low=None if upper else ends[1], high=ends[1] if upper else None)  # fmt: skip
            return
        descending = ends[0] > ends[1]
        low_open, high_open = expression.low_open, expression.high_open
        yield self._item(ItemKind.RANGE, expression, quantity, unit, low=min(ends), high=max(ends),
                         nominal=single, descending=descending,
                         low_open=high_open if descending else low_open,
                         high_open=low_open if descending else high_open)  # fmt: skip

    def _uncertainty(self, expression: Expression) -> Iterator[Item]:
        """U with its k; a ratio is relative, unless the quantity itself is a ratio: then it is left open."""
        units = expression.high_units
        relative: bool | None = expression.label == "rel" or self._is_ratio(units)
        if not units and (expression.label == "rel" or abs(cast(Decimal, expression.high)) < 1):
            units, relative = (
                (_unit("1"),),
                expression.label == "rel" or not self._measures_ratio(expression, (_unit("1"),)),
            )
        elif relative and expression.label != "rel" and self._measures_ratio(expression, units):
            relative = None
        unit, quantity = self._quantity(expression, units, relative=bool(relative))
        if unit is None:
            return
        low_unit = self._quantity(expression, expression.low_units, relative=bool(relative))[0] or unit
        ends = (to_si(cast(Decimal, expression.low), low_unit, difference=True),
                to_si(cast(Decimal, expression.high), unit, difference=True))  # fmt: skip
        yield self._item(ItemKind.UNCERTAINTY, expression, quantity, unit, low=min(ends), high=max(ends),
                         descending=ends[0] > ends[1], op=expression.op, relative=relative,
                         reference=expression.reference, k=self._factor(expression),
                         p=self._probability(expression))  # fmt: skip

    def _mpe(self, expression: Expression) -> Iterator[Item]:
        """A maximum permissible error: ± where no sign or both are written, else the two limits as they stand."""
        bare = Decimal(1) if expression.label == "mpe" else Decimal("0.001")
        units = expression.high_units or ((_unit("1"),) if abs(cast(Decimal, expression.high)) < bare else ())
        relative = self._is_ratio(units) and not self._is_of_points(expression)
        unit, quantity = self._quantity(expression, units, relative=relative)
        if unit is None:
            return
        low, high = (to_si(cast(Decimal, value), unit, difference=True) for value in (expression.low, expression.high))
        if expression.form not in ("asymmetric", "limits", "range"):
            low = -high
        low, high = min(low, high), max(low, high)
        if expression.form == "range" and low > 0:
            low = -high
        yield self._item(ItemKind.MPE, expression, quantity, unit, low=low, high=high, relative=relative,
                         op="<=" if expression.op == "<=" and self._is_better(expression) else None,
                         reference=(expression.reference or "reading") if relative else None)  # fmt: skip

    def _is_of_points(self, expression: Expression) -> bool:
        """Whether the text says that a per cent is of the quantity itself: 绝对误差 ±1 %, ±0.8 %（体积分数）."""
        named = self._named(expression, expression.high_units)
        if named and named[1] in _TOLD_IN_POINTS and not expression.reference:
            return True
        before = self.drawn.text[max(0, expression.start - BEFORE) : expression.start]
        return bool(_POINTS_BEFORE.search(before) or _POINTS_BEHIND.match(self.drawn.text, expression.end))

    def _is_better(self, expression: Expression) -> bool:
        start = expression.label_start if expression.label_start is not None else expression.start
        return "优于" in self.drawn.text[start : expression.start]

    def _resolution(self, expression: Expression) -> Iterator[Item]:
        unit, quantity = self._quantity(expression, expression.high_units)
        if unit is None:
            return
        ends = sorted(to_si(cast(Decimal, value), unit, difference=True) for value in (expression.low, expression.high))
        yield self._item(ItemKind.RESOLUTION, expression, quantity, unit, low=ends[0], high=ends[1], op=expression.op)

    def _tolerance(self, expression: Expression) -> Iterator[Item]:
        """20±1: surroundings lie between the ends; a workpiece has that nominal size and that tolerance."""
        unit, quantity = self._quantity(expression, expression.low_units or expression.high_units)
        if unit is None:
            return
        middle, share = cast(Decimal, expression.low), abs(cast(Decimal, expression.high))
        if self._is_ratio(expression.high_units) and not self._is_ratio((unit,)):
            share *= abs(middle) * expression.high_units[0].factor
        elif expression.high_units and expression.high_units[0] != unit:
            share = to_si(share, expression.high_units[0], difference=True) / unit.factor
        ends = to_si(middle - share, unit), to_si(middle + share, unit)
        supply = quantity == "voltage" and self._is_ratio(expression.high_units)
        if supply or self._role(expression) is Role.CONDITION or quantity in ("temperature", "relative_humidity"):
            yield replace(
                self._item(ItemKind.RANGE, expression, quantity, unit, low=ends[0], high=ends[1]), role=Role.CONDITION
            )
            return
        size = to_si(middle, unit)
        yield self._item(ItemKind.RANGE, expression, quantity, unit, low=size, high=size, nominal=True)
        width = to_si(share, unit, difference=True)
        yield self._item(ItemKind.MPE, expression, quantity, unit, low=-width, high=width, relative=False)

    def _dimensions(self, expression: Expression) -> Iterator[Item]:
        """900×1200×800 mm: a nominal size per axis; 3×220 V is one voltage, 3×220/380 V two."""
        places = [place for place in range(expression.start, expression.end) if self.drawn.text[place] == "#"]
        last = self._units_at(expression.end - 1) or self._units_at(places[-1] + 1) or self._heading_near(expression)
        if not last and self.drawn.text.startswith("/#@", expression.end):
            last = self._units_at(expression.end + 2)
        units = last or self.head.units
        for place in places if not units or units[0].si_unit == "m" else places[-1:]:
            unit, quantity = self._quantity(expression, self._units_at(place + 1) or units)
            if unit is not None:
                # The sides of a plate are lengths, even where its flatness is measured.
                quantity = unit.quantity if unit.si_unit == "m" else quantity
                size = to_si(self.drawn.numbers[place], unit)
                yield self._item(ItemKind.RANGE, expression, quantity, unit, low=size, high=size, nominal=True)

    def _diameter(self, expression: Expression) -> Iterator[Item]:
        """DN15~DN300: the nominal diameter in mm, a parameter of the object (GB/T 1047)."""
        unit = next((unit for unit in expression.high_units if unit.si_unit == "m"), _unit("mm"))
        low, high = sorted(to_si(cast(Decimal, value), unit) for value in (expression.low, expression.high))
        if expression.op:
            upper = expression.op in ("<=", "<")
            yield self._item(ItemKind.LIMIT, expression, "nominal_diameter", unit, op=expression.op,
                             low=None if upper else low, high=high if upper else None)  # fmt: skip
            return
        yield self._item(ItemKind.RANGE, expression, "nominal_diameter", unit, low=low, high=high, nominal=low == high)

    # --- Formulas ------------------------------------------------------------------------------------------------

    def _formula(self, expression: Expression) -> Iterator[Item]:
        """a + b·x + c·x_max as a sum, or as the root of the sum of squares (Q[a, b·x])."""
        root = expression.form == "root"
        last = self.drawn.text[expression.end - 3 : expression.end - 1]
        outer = self._units_at(expression.end - 1) if root or last[-1] != "#" or last == "/#" else ()
        power = self.drawn.text.find("]^", expression.start, expression.end)
        found = TERM.finditer(self.drawn.text, expression.start + root, power if power > 0 else expression.end)
        terms = [_Term.of(self, term, bool(outer)) for term in found]
        inner = next(
            (term.units for term in terms if term.units and not term.variable and not self._is_ratio(term.units)), ()
        )
        units = outer or inner or self._heading_near(expression) or self.head.units
        unit, quantity = self._quantity(expression, units, relative=self._is_ratio(units) or not units)
        formula = Formula(combine="rss" if root else "sum")
        for term in terms:
            formula = self._add_term(formula, term, unit, bool(outer))
        if unit is not None and unit.symbol == "°C" and formula.b:
            formula = replace(formula, zero=KELVIN_ZERO)
        if not (formula.b or formula.c or formula.digits) or (unit is None and formula.a):
            return
        uncertain = expression.label in ("unc", "rel")
        yield self._item(
            ItemKind.UNCERTAINTY if uncertain else ItemKind.MPE, expression, quantity, None,
            si_unit=unit.si_unit if unit else "1", relative=False, formula=formula,
            k=self._factor(expression) if uncertain else None, p=self._probability(expression) if uncertain else None,
        )  # fmt: skip

    def _add_term(self, formula: Formula, term: _Term, unit: Unit | None, outer: bool) -> Formula:
        if term.role == "digits":
            return replace(formula, digits=formula.digits + term.number)
        if term.role == "fs":
            return replace(formula, c=formula.c + term.number * term.factor)
        per_length = bool(term.units) and term.units[0].si_unit == "1" != (unit and unit.si_unit)
        if term.role == "reading" or per_length or (term.units and self._is_ratio(term.units)):
            return replace(formula, b=formula.b + term.number * term.factor)
        if term.variable:
            return replace(formula, b=formula.b + term.number / term.divisor * self._slope(term, unit, outer))
        own = term.units[0] if term.units else unit
        return replace(formula, a=formula.a + (to_si(term.number, own, difference=True) if own else term.number))

    def _slope(self, term: _Term, unit: Unit | None, outer: bool) -> Decimal:
        """What one unit of the coefficient is in SI per SI: (…L/300) μm is 1 μm per mm, (…1.5L) μm is per metre.

        The unit of L is taken from the text. If it is not stated, the habit of coordinate metrology decides (ISO
        10360: L in mm under a fraction, else in m), and a coefficient too small for that is a plain ratio.
        """
        small = term.divisor == 1 and abs(term.number) < Decimal("0.02")
        ratio = small or abs(term.number / term.divisor) < Decimal("0.0001")
        if unit is None or unit.si_unit != "m" or (ratio and not outer):
            return Decimal(1)
        if declared := self.variables.get(term.variable):
            return unit.factor / declared.factor
        if small and abs(term.number) < Decimal("0.00002"):
            return Decimal(1)
        return unit.factor * (1000 if small or term.divisor != 1 else 1)

    def _variables(self) -> Iterator[tuple[str, Unit]]:
        """The units the text states for its variables: L单位为m, L：mm, L in m, L以m为单位."""
        for found in VARIABLE_UNIT.finditer(self.clean.text):
            unit = find_unit_at(self.clean.text, found.end())
            if unit and unit[1][0].si_unit == "m":
                yield found[1], unit[1][0]

    # --- What the surroundings say -------------------------------------------------------------------------------

    def _item(
        self, kind: ItemKind, expression: Expression, quantity: str | None, unit: Unit | None, **facts: object
    ) -> Item:
        bare = expression.label_start is None or kind is ItemKind.RANGE
        span = self._span(expression.start if bare else cast(int, expression.label_start), expression.end)
        role = self._role(expression) if kind in _SPANS else Role.MEASURAND
        role = Role.PARAMETER if quantity == "nominal_diameter" else role
        known = {"si_unit": unit.si_unit, "unit": unit.symbol} if unit else {}
        return Item(kind, span, self.text[slice(*span)], quantity, role=role, **(known | facts))  # type: ignore[arg-type]

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original text of a stretch of the sketch."""
        places = self.clean.places
        first, last = self.drawn.starts[start], max(self.drawn.ends[end - 1], self.drawn.starts[start])
        return places[first], places[last - 1] + 1 if last > first else places[last]

    def _is_ratio(self, units: Units) -> bool:
        return bool(units) and units[0].symbol in _RATIOS

    def _measures_ratio(self, expression: Expression, units: Units) -> bool:
        """Whether what is measured is stated in per cent itself, so that U in per cent may mean points of it."""
        named = self._named(expression, units)
        stated = (units[0] for units in self.drawn.units.values())
        return named is not None and not any(u.quantity == named[1] and u.factor != _PER_CENT for u in stated)

    def _quantity(
        self, expression: Expression, units: Units, *, relative: bool = False
    ) -> tuple[Unit | None, str | None]:
        """The unit meant and the kind of quantity; numbers without a unit need a word that names one."""
        if relative:
            return (units[0] if units else None), None
        if not units and expression.form != "range":
            return None, None
        meant = units or (_unit("1"),)
        usual = (None, None) if meant[0].quantity == "ratio" else (meant[0], meant[0].quantity)
        return self._named(expression, meant) or usual

    def _named(self, expression: Expression, units: Units) -> tuple[Unit, str] | None:
        """The unit and kind that the nearest word names: before goes over behind, the text over the heading."""
        chooser, text = _chooser(units), self.drawn.text
        before = chooser.pattern.findall(text, max(0, expression.start - BEFORE), expression.start)
        behind = before or chooser.pattern.findall(text, expression.end, expression.end + AFTER)
        heading = behind or chooser.pattern.findall(self.head.words)
        word = before[-1] if before else behind[0] if behind else heading[-1] if heading else None
        return chooser.meanings[word] if word else None

    def _role(self, expression: Expression) -> Role:
        before = self.drawn.text[max(0, expression.start - BEFORE) : expression.start]
        sentence = before[max((found.end() for found in SENTENCE_END.finditer(before)), default=0) :]
        if (conditions := list(CONDITION.finditer(sentence))) and not NEW_SUBJECT.search(
            sentence, conditions[-1].end()
        ):
            return Role.CONDITION
        return Role.CONDITION if CONDITION_AFTER.match(self.drawn.text, expression.end) else Role.MEASURAND

    def _factor(self, expression: Expression) -> Decimal | None:
        """k as stated behind the value or else before it; a standard uncertainty has k = 1 (JJF 1059.1)."""
        if expression.standard:
            return Decimal(1)
        behind = bisect_left(self.factors, (expression.end,))
        if behind < len(self.factors):
            return self.factors[behind][1]
        return self.factors[-1][1] if self.factors else self.head.k

    def _probability(self, expression: Expression) -> Decimal | None:
        start = expression.start if expression.label_start is None else expression.label_start
        if found := re.search("9[59]", self.drawn.text[start : expression.start]):
            return Decimal(found[0]) / 100
        behind = bisect_left(self.probabilities, (expression.end,))
        return self.probabilities[behind][1] if behind < len(self.probabilities) else None


@dataclass(frozen=True, slots=True)
class _Term:
    """One term of a formula: number × factor of its unit × variable / divisor."""

    number: Decimal
    units: Units = ()
    variable: str = ""
    divisor: Decimal = Decimal(1)
    role: str = ""

    @property
    def factor(self) -> Decimal:
        return self.units[0].factor if self.units else Decimal(1)

    @classmethod
    def of(cls, reader: _Reader, found: re.Match[str], outer: bool) -> _Term:
        """Read a term from the sketch; a unit that is a single letter behind a number may be the variable."""
        drawn = reader.drawn
        places = [place for place in range(*found.span()) if drawn.text[place] == "#"]
        number = drawn.numbers[places[0]] if found["number"] else Decimal(1)
        divisor = drawn.numbers[places[-1]] if found["divisor"] else Decimal(1)
        units = drawn.units.get(found.start("unit"), ()) if found["unit"] else ()
        role = next((name for name in ("fs", "reading", "digits") if found[name]), "")
        variable = (found["variable"] or found["letter"] or "").strip("|")
        if units and not variable:
            written = reader.clean.text[drawn.starts[found.start("unit")] : drawn.ends[found.start("unit")]]
            if written in ("d", "D") and not role and not found["divisor"] and number == number.to_integral_value():
                role, units = "digits", ()
            elif written in _VARIABLES and (outer or written in "LlHhDdTv"):
                variable, units = written, ()
        return cls(number, units, variable, divisor or Decimal(1), role)


@dataclass(frozen=True, slots=True)
class _Chooser:
    """The words that tell what a unit stands for, and the unit and kind each of them means."""

    pattern: re.Pattern[str]
    meanings: dict[str, tuple[Unit, str]]


@cache
def _chooser(units: Units) -> _Chooser:
    """How the words around decide between the kinds a unit can measure (N·m: torque, energy; g: mass, acceleration)."""
    meanings: dict[str, tuple[Unit, str]] = {}
    for unit in units:
        for kind in KINDS.values():
            if not (kind.key == unit.quantity or _may_measure(unit, kind)):
                continue
            for word in (*kind.words, kind.label):
                name, _, only = word.partition("@")
                if not only or only == unit.symbol:
                    meanings.setdefault(name, (unit, kind.key))
    names = sorted(meanings, key=len, reverse=True)
    return _Chooser(re.compile("|".join(map(_whole_word, names)) or "(?!)"), meanings)


def _whole_word(name: str) -> str:
    """The pattern of a word; a Latin one stands alone: Ra is not in Range."""
    return rf"(?<![A-Za-z]){re.escape(name)}(?![a-z])" if name[0].isascii() else re.escape(name)


def _may_measure(unit: Unit, kind: Kind) -> bool:
    """Whether a unit of wide use can stand for that kind too: % for humidity, dB for a level, m for roughness."""
    if unit.symbol == "dB":
        return kind.si_unit.startswith("dB")
    if unit.si_unit == "1" and unit.symbol not in _RATIOS:
        return False
    return kind.si_unit == unit.si_unit != "dB" and KINDS[unit.quantity].parent is None


def _share_quantity(items: list[Item]) -> Iterator[Item]:
    """A relative statement is about the range it stands with: the last one before it, else the first."""
    ranges = (item for item in items if item.kind in _SPANS and item.role is Role.MEASURAND)
    nearest = next(ranges, None)
    for item in items:
        if item.kind in _SPANS and item.role is Role.MEASURAND:
            nearest = item
        elif item.kind in (ItemKind.UNCERTAINTY, ItemKind.MPE) and item.quantity is None and nearest:
            item = replace(item, quantity=nearest.quantity)
        yield item


def _unit(symbol: str) -> Unit:
    return cast(Unit, find_unit(symbol))


_UNKNOWN = Unit("?", "", "", Decimal(1), Decimal(1), Decimal(0), "", ())
_VARIABLES = ("L", "l", "H", "h", "D", "d", "t", "T", "R", "v", "x", "X")
_RATIOS = ("%", "‰", "1", "ppm", "ppb", "ppt", "μV/V", "nV/V")
_PERMITTED = ("最大", "允许", "极限", "基本")
_LOW_OPEN = re.compile(r"^[(\[±]*[<>](?!=)|[#@]<(?!=)")
_HIGH_OPEN = re.compile(r"[~至到-][(\[]*<(?!=)")
_BETWEEN_OPEN = re.compile(r"<(?!=)[^<≤]*$")
# Their errors are differences in per cent (JJG 178-2007, JJG 205-2005), unless a text says otherwise.
_TOLD_IN_POINTS = frozenset(("transmittance", "reflectance", "haze", "relative_humidity", "oxygen_saturation"))
_POINTS_BEFORE = re.compile("绝对(?:误差|偏差)[^#@，。；]{0,4}$")
_POINTS_BEHIND = re.compile(r"\(?(?:绝对|百分点|[体质]积?量?分数|vol)")
# Eighty of something are no measurement, whatever unit a heading gives.
_COUNTED = re.compile(" ?[台只支块套件个把条根组桶批副枚辆架具]")
_SHUT_BRACKET = re.compile(r"[)\]]@")
_JOINTS = ("/", "、", ",", "，", ";", "；", "和", "及", "或")
_PER_CENT = Decimal("0.01")
_COMPARISONS = {"≤": "<=", "≥": ">=", "<": "<", ">": ">"}
_OPERATORS = {"le": "<=", "lt": "<", "ge": ">=", "gt": ">"}
