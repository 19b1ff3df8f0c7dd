"""Measurement lines: the cells of a scope row or of a need, read; and lines suggested from a need in plain words.

A row of a scope (CNAS-CL01-A025, table of calibration capabilities) states object, measurand, code, range and
expanded uncertainty; a range in another quantity than the measurand's, such as the frequency band of an AC voltage
or the diameter of a water meter, is a parameter of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from matching.engine.facts import Cells, Item, ItemKind, Line, Reading, Role
from matching.engine.quantities import read
from matching.engine.units import DATA, KINDS

ACCURACY = (ItemKind.UNCERTAINTY, ItemKind.MPE, ItemKind.ACCURACY_CLASS, ItemKind.RESOLUTION)
SPANS = (ItemKind.RANGE, ItemKind.LIMIT)


def read_line(cells: Cells, *, headers: Cells = Cells()) -> Line:  # noqa: B008 - frozen
    """The line that the cells state; `headers` are the heads of their columns.

    >>> line = read_line(Cells(object="交流电压表", measurand="交流电压", range="10mV~1000V(40Hz~1kHz)",
    ...                        accuracy="Urel=0.05%~0.2%", codes="JJF 1587-2016"), headers=Cells(accuracy="U (k=2)"))
    >>> line.quantity, [item.quantity for item in line.ranges], [item.quantity for item in line.parameters], line.codes
    ('voltage', ['voltage'], ['frequency'], ('JJF 1587-2016',))
    """
    words = f"{cells.object} {cells.measurand} "
    ranges = read(cells.range, header=headers.range, words=words)
    accuracy = read(cells.accuracy, header=headers.accuracy or "准确度", words=f"{words}{cells.range} ")
    conditions = read(cells.conditions, header="环境条件", words=words)
    named = read(cells.object, header="", words=cells.measurand)
    note = read(cells.note, header=headers.note, words=words)
    codes = read(f"{cells.codes}\n{cells.object}\n{cells.note}\n{cells.range}\n{cells.accuracy}")

    spans = [item for item in ranges.items if item.kind in SPANS and item.role is not Role.CONDITION]
    spans = spans or [item for item in named.items if item.kind in SPANS]
    stated = [item for reading in (accuracy, ranges) for item in reading.items if item.kind in ACCURACY]
    stated = stated or [item for reading in (named, note) for item in reading.items if item.kind in ACCURACY]
    quantity = _measured_quantity(cells, spans, stated)
    return Line(
        cells=cells,
        quantity=quantity,
        ranges=tuple(item for item in spans if item.quantity == quantity),
        accuracy=tuple(stated),
        parameters=tuple(replace(item, role=Role.PARAMETER) for item in spans if item.quantity != quantity),
        conditions=tuple(_conditions(conditions, accuracy, ranges, note)),
        codes=tuple(dict.fromkeys(item.code for item in codes.items if item.code)),
        unread=tuple(part.raw for reading in (ranges, accuracy, conditions) for part in reading.unread),
    )


def split_lines(text: str) -> tuple[Line, ...]:
    """Lines suggested from a need in plain words, one per object and quantity, each with the cells to take over.

    >>> [(line.cells.object, line.cells.range, line.cells.accuracy) for line in split_lines(
    ...     "我司有2台0~150mm游标卡尺（分度值0.02mm）需检定；压力表0~60MPa，1.6级。")]
    [('游标卡尺', '0~150mm', '分度值0.02mm'), ('压力表', '0~60MPa', '1.6级')]
    """
    lines: list[Line] = []
    reading = read(text)
    codes = tuple(item for item in reading.items if item.kind is ItemKind.CODE)
    for group in _groups(text, [item for item in reading.items if item.kind is not ItemKind.CODE]):
        lines.append(read_line(_cells(text, group, codes, lines[-1].cells.object if lines else "")))
    return tuple(lines)


# --- One line ---------------------------------------------------------------------------------------------------


def _measured_quantity(cells: Cells, spans: list[Item], stated: list[Item]) -> str | None:
    """What the line measures: the quantity its words name among those of its ranges, else its first range's."""
    present = [item.quantity for item in spans if item.quantity and item.role is not Role.PARAMETER]
    named = [key for words in (cells.measurand, cells.object) for key in kinds_named(words)]
    absolute = [item.quantity for item in stated if item.quantity and item.relative is not True]
    for key in (*named, *absolute):
        if key in present:
            return key
    fallback = [*present, *(item.quantity for item in spans), *absolute, *named[:1]]
    return fallback[0] if fallback else None


def kinds_named(words: str) -> list[str]:
    """The quantity kinds that words name, the last named first.

    >>> kinds_named("交流电压"), kinds_named("相对湿度")
    (['voltage'], ['relative_humidity'])
    """
    pattern, kinds = _kind_words()
    found = [kinds[word] for word in pattern.findall(words)]
    return list(dict.fromkeys(reversed(found)))


@cache
def _kind_words() -> tuple[re.Pattern[str], dict[str, str]]:
    kinds: dict[str, str] = {}
    for kind in KINDS.values():
        for word in (*kind.words, kind.label):
            if "@" not in word:
                kinds.setdefault(word, kind.key)
    return re.compile("|".join(map(re.escape, sorted(kinds, key=len, reverse=True)))), kinds


def _conditions(conditions: Reading, *others: Reading) -> Iterator[Item]:
    """What is said of the surroundings, in its own cell or among the rest."""
    for item in conditions.items:
        if item.kind in SPANS:
            yield replace(item, role=Role.CONDITION)
    for reading in others:
        yield from (item for item in reading.items if item.role is Role.CONDITION)


# --- A need in plain words --------------------------------------------------------------------------------------


def _groups(text: str, items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items that make up a line: a range opens one if the last has its accuracy or another quantity."""
    group: list[Item] = []
    for item in items:
        if item.role is Role.CONDITION:
            group.append(item)
            continue
        spans = [other for other in group if other.kind in SPANS and other.role is Role.MEASURAND]
        stated = any(other.kind in ACCURACY for other in group)
        apart = bool(group) and bool(_SENTENCE_END.search(text, group[-1].span[1], item.span[0]))
        opens = (
            item.kind in SPANS
            and item.role is Role.MEASURAND
            and spans
            and (stated or spans[-1].quantity != item.quantity)
        )
        if group and ((apart and item.kind in SPANS and spans) or (opens and not _is_bracketed(text, item))):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _is_bracketed(text: str, item: Item) -> bool:
    """Whether the item is a band in brackets behind another: 10mV~1000V(40Hz~1kHz)."""
    return text[item.span[0] : item.span[0] + 1] in "(（" or text[max(0, item.span[0] - 1) : item.span[0]] in (
        "(",
        "（",
    )


def _cells(text: str, group: list[Item], codes: tuple[Item, ...], previous: str) -> Cells:
    """The raw cells of a line, as they stand in the text."""
    start, end = group[0].span[0], group[-1].span[1]
    first = max(text.rfind(mark, 0, start) for mark in "。；;\n") + 1
    last = min((place for mark in "。；;\n" if (place := text.find(mark, end)) >= 0), default=len(text))
    words = text[first:last]
    for item in (*group, *codes):
        words = words.replace(item.raw, "，" * len(item.raw))
    name = _object_near(words[: start - first], words[start - first :]) or previous
    spans = [item for item in group if item.kind in SPANS and item.role is not Role.CONDITION]
    kind = next((item.quantity for item in spans if item.quantity), None) or next(
        (i.quantity for i in group if i.quantity), None
    )
    return Cells(
        object=name,
        measurand=KINDS[kind].label if kind else "",
        range="、".join(dict.fromkeys(item.raw for item in spans)),
        accuracy="、".join(dict.fromkeys(item.raw for item in group if item.kind in ACCURACY)),
        conditions="、".join(dict.fromkeys(item.raw for item in group if item.role is Role.CONDITION)),
        codes="、".join(item.code or "" for item in codes if first <= item.span[0] <= last),
    )


def _object_near(before: str, behind: str) -> str:
    """The instrument named nearest to the numbers: the last one before them, else the first one behind."""
    pattern = _object_pattern()
    names = [found[0] for found in pattern.finditer(before)]
    if names:
        return names[-1]
    found = pattern.search(behind)
    return found[0] if found else ""


@cache
def _object_pattern() -> re.Pattern[str]:
    """The terms and synonyms of the vocabulary, longest first, else a noun that ends like an instrument."""
    path = DATA / "vocabulary.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    things = [row for row in rows if row.get("kind", "instrument") == "instrument"]
    names = {name for row in things for name in (row["term"], *row.get("synonyms", ())) if len(name) > 1}
    known = [re.escape(name) for name in sorted(names, key=len, reverse=True)]
    return re.compile("|".join([*known, _INSTRUMENT]))


_SENTENCE_END = re.compile("[。；;\n]")
_INSTRUMENT = (
    r"[一-龥]{1,8}?"
    r"(?:卡尺|千分尺|直尺|卷尺|角尺|天平|砝码|量块|热电偶|热电阻|铂电阻|传感器|变送器|试验机|试验箱|记录仪|测量仪|分析仪|校准器|示波器"
    r"|[仪计表秤规炉箱]|测量机|电源|互感器|变压器|平板|滴定管|移液器|扳手|量筒)"
)
