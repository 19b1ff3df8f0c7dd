"""Measurement lines: the cells of a scope row or of a need, read; and lines suggested from a need in plain words.

A row of a scope (CNAS-CL01-A025, table of calibration capabilities) states object, measurand, code, range and
expanded uncertainty; a range in another quantity than the measurand's, such as the frequency band of an AC voltage
or the diameter of a water meter, is a parameter of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from matching.engine.drafts import draft_lines
from matching.engine.facts import Cells, Item, Line, Reading, Role
from matching.engine.objects import SCALE, find_objects, kinds_named
from matching.engine.quantities import read
from matching.engine.statements import ACCURACY, OF_ENERGY, SPANS, are_related, as_force


def read_line(cells: Cells, *, headers: Cells = Cells()) -> Line:  # noqa: B008 - frozen
    """The line that the cells state; `headers` are the heads of their columns.

    >>> line = read_line(Cells(object="交流电压表", measurand="交流电压", range="10mV~1000V(40Hz~1kHz)",
    ...                        accuracy="Urel=0.05%~0.2%", codes="JJF 1587-2016"), headers=Cells(accuracy="U (k=2)"))
    >>> line.quantity, [item.quantity for item in line.ranges], [item.quantity for item in line.parameters], line.codes
    ('voltage', ['voltage'], ['frequency'], ('JJF 1587-2016',))
    """
    words = f"{cells.object} {cells.measurand} "
    scale = _scale_of(words)
    ranges = _read(cells.range, header=_with_scale(headers.range or "测量范围", scale), words=words)
    stating = _with_scale(headers.accuracy or "准确度", scale)
    accuracy = _read(cells.accuracy, header=stating, words=f"{words}{cells.range} ")
    conditions = _read(cells.conditions, header="环境条件", words=words)
    named = _read(cells.object, words=cells.measurand)
    note = _read(cells.note, header=headers.note, words=words)
    codes = _read(f"{cells.codes}\n{cells.object}\n{cells.note}\n{cells.range}\n{cells.accuracy}")

    spans = [item for item in ranges.items if item.kind in SPANS and item.role is not Role.CONDITION]
    spans = spans or [item for item in named.items if item.kind in SPANS]
    if _measures_force(cells):
        spans = [as_force(item) for item in spans]
    stated = [item for reading in (accuracy, ranges) for item in reading.items if item.kind in ACCURACY]
    stated = stated or [item for reading in (named, note) for item in reading.items if item.kind in ACCURACY]
    if any(item.quantity == "wavelength" for item in spans):
        # What has a wavelength is light: 1070 nm, 0.5~6 kW.
        spans = [replace(item, quantity="optical_power") if item.quantity == "power" else item for item in spans]
    quantity = _measured_quantity(cells, spans, stated)
    return Line(
        cells=cells,
        quantity=quantity,
        ranges=tuple(item for item in spans if item.quantity == quantity),
        accuracy=tuple(stated),
        parameters=tuple(replace(item, role=Role.PARAMETER) for item in spans if item.quantity != quantity),
        conditions=tuple(_conditions(quantity, conditions, note, accuracy, ranges)),
        codes=tuple(dict.fromkeys(item.code for item in codes.items if item.code)),
        unread=tuple(part.raw for reading in (ranges, accuracy, conditions) for part in reading.unread),
    )


def split_lines(text: str) -> tuple[Line, ...]:
    """Lines suggested from a need in plain words, one per object and quantity, each with the cells to take over.

    >>> [(line.cells.object, line.cells.range, line.cells.accuracy) for line in split_lines(
    ...     "我司有2台0~150mm游标卡尺（分度值0.02mm）需检定；压力表0~60MPa，1.6级。")]
    [('游标卡尺', '0~150mm', '分度值0.02mm'), ('压力表', '0~60MPa', '1.6级')]
    """
    return tuple(read_line(cells) for cells in draft_lines(text))


# --- One line ---------------------------------------------------------------------------------------------------


def _read(text: str, *, header: str = "", words: str = "") -> Reading:
    """The reading of a cell; most cells of most lines are empty."""
    return read(text, header=header, words=words) if text and not text.isspace() else Reading()


def _scale_of(words: str) -> str:
    """The unit that a heading would give the bare numbers of a scale: 1.68~12.46 of a pH meter."""
    found = SCALE.search(words)
    return f"/{found[0]}" if found else ""


def _with_scale(header: str, scale: str) -> str:
    """The heading with the unit of the scale, unless it has one."""
    return header if "/" in header else header + scale


def _measures_force(cells: Cells) -> bool:
    """Whether tonnes and kilograms are its force; what weighs keeps its mass."""
    named = kinds_named(f"{cells.object} {cells.measurand}")
    things = find_objects(cells.object)
    return "mass" not in named and ("force" in named or any(thing.quantity == "force" for thing in things))


def _measured_quantity(cells: Cells, spans: list[Item], stated: list[Item]) -> str | None:
    """What the line measures: the quantity its words name among those of its ranges, else its first range's."""
    present = [item.quantity for item in spans if item.quantity and item.role is not Role.PARAMETER]
    named = [key for words in (cells.measurand, cells.object) for key in kinds_named(words)]
    absolute = [item.quantity for item in stated if item.quantity and item.relative is not True]
    if "energy" in named[:1] and present and set(present) <= OF_ENERGY:
        return "energy"
    for key in (*named, *absolute):
        if key in present:
            return key
    # An accuracy in decibels is no accuracy of a frequency: 灵敏度级 100 Hz~10 kHz，U=0.4 dB.
    for key in (*present, *named, *absolute):
        if key not in _BANDS and any(are_related(key, of) for of in absolute):
            return key
    if present and _BANDS.issuperset(present) and named and not _BANDS & set(named):
        return named[0]
    fallback = [*present, *named[:1], *(item.quantity for item in spans), *absolute]
    return fallback[0] if fallback else None


# Along these the accuracy of another quantity is stated.
_BANDS = frozenset(("frequency", "wavelength"))


def _conditions(quantity: str | None, conditions: Reading, note: Reading, *others: Reading) -> Iterator[Item]:
    """What is said of the surroundings: in its own cell, of other quantities in the note, or among the rest."""
    for item in conditions.items:
        if item.kind in SPANS:
            yield replace(item, role=Role.CONDITION)
    for item in note.items:
        if item.role is Role.CONDITION or (item.kind in SPANS and item.quantity not in (None, quantity)):
            yield replace(item, role=Role.CONDITION)
    for reading in others:
        yield from (item for item in reading.items if item.role is Role.CONDITION)
