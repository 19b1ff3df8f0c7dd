"""Parameters: what a line states beside its measurand, such as the frequency of an AC voltage or the DN of a meter.

A need is a box over its range and all its parameters (CNAS-GL025: a CMC holds under stated conditions). A parameter
that one side does not state is unknown and never a no. What words say, such as direct or alternating current, is
a parameter too: a form, whose names are nominal points counted from 0.

    items and words → parameters → axes, piece by piece → slabs of the box → check
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from itertools import chain
from operator import or_

from matching.engine.coverage import (
    NEGLIGIBLE,
    Axis,
    axis_ends,
    check_axis,
    covered_pieces,
    cut_axis,
    grade,
    is_plausible,
    needed_intervals,
    offered_intervals,
    reach,
    rows_over,
    slabs_of,
)
from matching.engine.facts import Item, ItemKind, Line, Verdict
from matching.engine.units import KINDS
from matching.engine.verdicts import CoverageCheck, ParametersCheck, Reason


@dataclass(frozen=True, slots=True)
class Form:
    """A form of some quantity kinds; `usual` is the name that silence stands for, where it stands for one."""

    label: str
    kinds: tuple[str, ...]
    names: tuple[str, ...]
    words: tuple[re.Pattern[str], ...]
    usual: int | None = None


FORMS = {
    "current_form": Form(
        "交流或直流",
        ("voltage", "current", "energy"),
        ("直流", "交流"),
        (
            # A charger that is fast, or not on board, gives direct current (JJG 1149); a slow one passes the mains on.
            # The signals of process instruments are direct (GB/T 3369).
            re.compile(
                r"直流|电池|充放电|快充|超充|非车载|过程校验|回路校验|(?<!交流)(?:电子负载|稳压电源|可调电源|程控电源)"
                r"|(?<![A-Za-z])DC[VI]?(?![A-Za-z])"
            ),
            re.compile(
                # Instrument transformers and meters of energy work at mains frequency (JJG 313, JJG 314, JJG 596), and
                # so do tests of insulating oil (GB/T 507).
                r"交流|交直流|工频|慢充|绝缘油|(?<!直流)(?:(?<!直流)电[流压])?互感器|(?<!直流)电[能度]表"
                r"|(?<![A-Za-z])AC[VI]?(?![A-Za-z])"
            ),
        ),
    ),
    # A pressure is a gauge pressure unless it is called absolute, is that of the air or is read by a vacuum gauge.
    "pressure_form": Form(
        "表压或绝压",
        ("pressure",),
        ("表压", "绝压"),
        (
            re.compile(r"表压|[（(]G[）)]"),
            re.compile(
                r"绝压|绝对压|真空[计规]|(?:电离|薄膜|电容|电阻|热偶|冷阴极)规|皮拉尼|大气压|[（(]A(?:bs)?[）)]"
            ),
        ),
        usual=0,
    ),
}


# The mains (GB/T 156): 220 V and 380 V of 50 Hz.
_MAINS = frozenset((Decimal(220), Decimal(380)))
_HERTZ = Decimal(50)
# How fast a facility is tells what it can do, not at what is measured: 上升时间 1 μs.
_RISE = re.compile("(?:上升|响应|建立)(?:时间|沿)[^，,；;]*")
# With another of these the same value is another measurement, so whoever leaves one open is asked for it. What else
# a line states (DN6~DN200, water of 20 ℃) tells of devices and facilities, and counts where both sides state it.
_DECISIVE = frozenset((*FORMS, "frequency", "wavelength", "photon_energy", "time"))


# --- What a line states ------------------------------------------------------------------------------------------


def starts_at_zero(key: str | None) -> bool:
    """Whether nothing of that kind is less than zero, so that zero stands for a missing lower end."""
    kind = KINDS.get(key or "")
    return bool(kind and kind.starts_at_zero)


def _parameters(line: Line) -> dict[str, list[Item]]:
    """The parameters of a line by quantity, with the forms that its words tell."""
    cells = line.cells
    rises = " ".join(_RISE.findall(cells.range))
    found = _by_quantity(item for item in line.parameters if item.raw not in rises)
    words = " ".join((cells.object, cells.measurand, cells.range, cells.conditions, cells.note))
    if "frequency" not in found and _on_mains(line):
        found["frequency"] = [Item(ItemKind.RANGE, (0, 0), "", "frequency", _HERTZ, _HERTZ, "Hz", nominal=True)]
    for key, form in FORMS.items():
        names = [name for name, word in enumerate(form.words) if word.search(words)]
        if key == "current_form" and not names and any(item.high for item in found.get("frequency", ())):
            # What has a frequency alternates.
            names = [form.names.index("交流")]
        if names and line.quantity in form.kinds:
            found[key] = [_form_item(key, Decimal(name)) for name in names]
    return found


def _on_mains(line: Line) -> bool:
    """Whether it is measured on the mains, whose frequency nobody states: a power meter at 220 V."""
    at = (item for item in (*line.conditions, *line.parameters) if item.quantity == "voltage" and item.nominal)
    return line.quantity in ("power", "energy") and any(item.high in _MAINS for item in at)


def _by_quantity(items: Iterable[Item]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in filter(is_plausible, items):
        if item.low is not None or item.high is not None:
            found.setdefault(item.quantity or item.si_unit or item.raw, []).append(item)
    return found


def _form_item(key: str, name: Decimal) -> Item:
    return Item(ItemKind.RANGE, (0, 0), "", key, name, name, nominal=True)


def _up_to(item: Item) -> Item:
    """A single pressure of a flow is the one its facility is built for: what is lower is held too."""
    return replace(item, low=Decimal(0)) if item.nominal and item.high and item.high > 0 else item


def _is_usual(key: str, names: Iterable[Decimal]) -> bool:
    """Whether nobody departs from what silence means, so that there is nothing to compare."""
    form = FORMS.get(key)
    return bool(form and form.usual is not None and all(name == form.usual for name in names))


# --- Axis by axis ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Boxes:
    """The slabs over the combinations of parameters: for certain, and hoping that what is unsaid fits."""

    checks: tuple[CoverageCheck, ...]
    sure: dict[int, float]
    hoped: dict[int, float]
    everyone: int

    @property
    def relevant(self) -> int:
        """The rows that may serve some of the parameters asked for; all, if none does."""
        return reduce(or_, self.hoped, 0) or self.everyone


def compare_parameters(need: Line, rows: Sequence[Line]) -> Boxes:
    """Compare the parameters of both sides axis by axis; one that a side does not state is unknown, never a no.

    What one side states as a parameter the other may state as a condition: 50 Hz beside an AC voltage.
    """
    everyone = (1 << len(rows)) - 1
    lines = (need, *rows)
    stated = [_parameters(line) for line in lines]
    asked, *told = ({**_by_quantity(line.conditions), **found} for line, found in zip(lines, stated, strict=True))
    checks, sure_axes, hoped_axes = [], [], []
    unsure = 0
    both = [key for key in asked if any(key in found for found in told)]
    for key in dict.fromkeys(chain(*stated, both)):
        from_zero = starts_at_zero(key)
        is_rated = key == "pressure" and (need.quantity or "").startswith("flow_")
        stating = [
            offered_intervals(map(_up_to, found[key]) if is_rated else found[key], from_zero) if key in found else None
            for found in told
        ]
        silent = sum(1 << index for index, offer in enumerate(stating) if offer is None)
        is_decisive = key in _DECISIVE
        needed, _ = needed_intervals(asked.get(key, ()), from_zero)
        if _is_usual(key, (one.low for one in chain(needed, *(offer.certain for offer in stating if offer)))):
            continue
        if not is_decisive and (not needed or silent == everyone):
            continue
        if not needed:
            unsure |= everyone & ~silent
            bands = tuple(one for offer in stating if offer for one in offer.certain)
            checks.append(CoverageCheck(Verdict.UNKNOWN, key, offered=bands, reason=Reason.NEED_PARAMETER_UNSTATED))
            continue
        ends = axis_ends(needed)
        certain = [reach(offer.certain, ends) if offer else () for offer in stating]
        possible = [reach(offer.possible, ends) if offer else () for offer in stating]
        axis = cut_axis(key, needed, {end for row in (*certain, *possible) for end in axis_ends(row)})
        sure_axes.append((axis, [mask | (0 if is_decisive else silent) for mask in rows_over(axis, certain)]))
        hoped_axes.append((axis, [mask | silent for mask in rows_over(axis, possible)]))
        check = check_axis(axis, certain, possible)
        if silent == everyone:
            check = replace(check, verdict=Verdict.UNKNOWN, share=None, reason=Reason.OFFERED_PARAMETER_UNSTATED)
        checks.append(check)
        unsure |= silent if is_decisive else 0
    sure = slabs_of(sure_axes, everyone & ~unsure)
    return Boxes(tuple(checks), sure, slabs_of(hoped_axes, everyone), everyone)


def check_parameters(boxes: Boxes, axis: Axis, masks: Sequence[int], covered: float) -> ParametersCheck:
    """The part of the covered range that the parameters leave, from the share of the whole box."""
    if not boxes.checks:
        return ParametersCheck(Verdict.PASS, 1.0)
    sure, hoped = (_box_share(slabs, axis, masks, covered) for slabs in (boxes.sure, boxes.hoped))
    if hoped > sure + NEGLIGIBLE:
        return ParametersCheck(Verdict.UNKNOWN, None, boxes.checks)
    return ParametersCheck(grade(sure), sure, boxes.checks)


def _box_share(slabs: dict[int, float], axis: Axis, masks: Sequence[int], covered: float) -> float:
    """The share of the box that the slabs cover, relative to what is covered without regard to parameters."""
    if not covered:
        return min(1.0, sum(slabs.values()))
    share = 0.0
    for slab, part in slabs.items():
        over = zip(axis.pieces, covered_pieces(axis, masks, slab), strict=True)
        share += part * sum(axis.weight(piece) for piece, good in over if good)
    return min(1.0, share / covered)
