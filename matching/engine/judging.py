"""Judging: whether the rows of one institute serve a line of a need, and all its lines together.

    kind gate → rows of one object and measurand → coverage → parameters → uncertainty → verdict

Every check is pass, partial, fail or unknown. What a text does not say is unknown, and unknown is neither yes
nor no: it never fails a line and never lets it pass. Sources: CNAS-GL025 (a CMC belongs to an object and a
measurand), JJF 1001-2011 (quantity kinds), JJF 1094-2002 (conformity), ILAC-P14 (a CMC is the best case).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from itertools import chain
from operator import or_

from matching.engine.accuracy_classes import serves_class
from matching.engine.coverage import (
    Axis,
    Offer,
    axis_ends,
    check_axis,
    cut_axis,
    is_plausible,
    leave_out_zero,
    needed_intervals,
    offered_intervals,
    reach,
    rows_over,
    touches_open_end,
)
from matching.engine.facts import Item, ItemKind, Line, Verdict
from matching.engine.laws import FAR
from matching.engine.objects import find_objects
from matching.engine.parameters import check_parameters, compare_parameters, starts_at_zero
from matching.engine.statements import as_force
from matching.engine.sufficiency import check_uncertainty, find_start, law_nodes
from matching.engine.uncertainty import Accuracy, Ground, device_of, ground_of, offered_accuracy, required_accuracy
from matching.engine.units import KINDS
from matching.engine.verdicts import (
    ORDER,
    Assumption,
    CoverageCheck,
    Interval,
    KindCheck,
    LineVerdict,
    PairVerdict,
    ParametersCheck,
    Reason,
    UncertaintyCheck,
    weakest,
)


def judge_pair(
    lines: Sequence[Line],
    rows: Sequence[Line],
    *,
    ratio: Decimal = Decimal(3),
    required: Sequence[bool] | None = None,
) -> PairVerdict:
    """The verdict of every line and, by the weakest of them, of the pair.

    A quantity that the institute does not state at all makes the rest a part; it fails only a pair of which nothing
    else is left. `required` tells 必须 from 希望, line by line; wishes are judged but do not count unless there is
    nothing else.
    """
    judged = tuple(judge_line(line, rows, ratio=ratio) for line in lines)
    pair = PairVerdict(Verdict.UNKNOWN, judged, tuple(required or (True,) * len(judged)))
    stated = [line for line in pair.counted if line.kind.verdict is not Verdict.FAIL] or pair.counted
    verdict = weakest(pair.counts_as(line) for line in stated)
    is_part = verdict is Verdict.PASS and len(stated) < len(pair.counted)
    return replace(pair, verdict=Verdict.PARTIAL if is_part else verdict)


def judge_line(need: Line, rows: Sequence[Line], *, ratio: Decimal = Decimal(3)) -> LineVerdict:
    """The verdict of one line against the rows of one institute; `ratio` is the ρ in U ≤ MPE/ρ.

    Rows are united only within one object and measurand; of several such groups that the need may mean the best
    one counts.
    """
    if not (need.is_read or need.parameters):
        return _undecided(need, Reason.NEED_UNREAD)
    if not rows:
        return _undecided(need, Reason.NO_ROWS)
    if _loads(need) and not any(row.quantity == "mass" for row in rows):
        need = replace(need, quantity="force", ranges=tuple(map(as_force, need.ranges)))
    gates = [check_kind(need, row) for row in rows]
    best = max((gate.verdict for gate in gates), key=ORDER.index)
    if best is Verdict.FAIL:
        if _is_band(need) and any(_by_kind(row.parameters, need.quantity) for row in rows):
            band = replace(need, quantity=None, ranges=(), parameters=(*need.parameters, *need.ranges))
            return replace(judge_line(band, rows, ratio=ratio), need=need)
        if _only_names_a_size(need):
            return _undecided(need, Reason.KIND_UNSTATED)
        same = [_agree(need.cells.object, row.cells.object) for row in rows]
        nearest = max(range(len(rows)), key=lambda number: (gates[number].reason is Reason.SCALE_DIFFERS, same[number]))
        refused = _undecided(need, gates[nearest].reason)
        return replace(refused, verdict=Verdict.FAIL, kind=gates[nearest], offered=rows[nearest])
    numbers = [number for number, gate in enumerate(gates) if gate.verdict is best]
    served = [number for number in numbers if serves_class(need, rows[number])]
    if not served:
        refused = _undecided(need, Reason.CLASS_NOT_SERVED)
        check = UncertaintyCheck(Verdict.FAIL, Reason.CLASS_NOT_SERVED)
        row = rows[numbers[0]]
        return replace(refused, verdict=Verdict.FAIL, kind=gates[numbers[0]], uncertainty=check, offered=row)
    numbers = served
    groups, differs = _groups(need, [(number, rows[number]) for number in numbers])
    verdicts = [_judge_group(need, group, gates[group[0][0]], ratio) for group in groups]
    chosen = max(verdicts, key=lambda one: (ORDER.index(one.verdict), one.share, one.coverage.share or 0.0))
    if differs:
        chosen = replace(chosen, assumptions=(Assumption.OBJECT_DIFFERS, *chosen.assumptions))
    return chosen


def _loads(need: Line) -> bool:
    """Whether its tonnes may be the force of that mass: nothing says that its object weighs."""
    words = f"{need.cells.object} {need.cells.measurand if need.cells.object else ''}"
    return need.quantity == "mass" and not any(thing.quantity == "mass" for thing in find_objects(words))


def _only_names_a_size(need: Line) -> bool:
    """Whether the line tells which device it is and not what to measure: a 300 kV X-ray machine."""
    return not need.accuracy and bool(need.ranges) and all(item.nominal for item in need.ranges)


def _is_band(need: Line) -> bool:
    """Whether the line only tells over which band its object works: a network analyser, 100 MHz~18 GHz."""
    measured = {thing.quantity for thing in find_objects(need.cells.object)}
    return need.quantity in ("frequency", "wavelength") and bool(measured) and need.quantity not in measured


def _by_kind(items: Iterable[Item], quantity: str | None) -> list[Item]:
    return [item for item in items if item.quantity == quantity]


def _undecided(need: Line, reason: Reason | None) -> LineVerdict:
    return LineVerdict(
        Verdict.UNKNOWN,
        need,
        KindCheck(Verdict.UNKNOWN, need=need.quantity),
        CoverageCheck(Verdict.UNKNOWN),
        ParametersCheck(Verdict.UNKNOWN),
        UncertaintyCheck(Verdict.UNKNOWN),
        reason=reason,
    )


# --- The gate ------------------------------------------------------------------------------------------------


def check_kind(need: Line, row: Line) -> KindCheck:
    """Whether both lines speak of one quantity: torque is no energy although both are N·m.

    A narrower kind (flatness is a form, a form is a length) is a partial match and never passes. Scales that do
    not convert into each other (HRC, HBW) differ like kinds.
    """
    mine, theirs = need.quantity, row.quantity
    unit, units = _unit_of(need), _units_of(row)
    differs = bool(unit and units and unit not in units)
    if _are_features_apart(need, row):
        verdict, reason = Verdict.FAIL, Reason.KIND_DIFFERS
    elif {mine, theirs} in _CONVERTIBLE:
        verdict, reason = Verdict.PASS, None
    elif mine and theirs:
        if mine == theirs:
            verdict, reason = (Verdict.FAIL, Reason.SCALE_DIFFERS) if differs else (Verdict.PASS, None)
        elif mine in _ancestors(theirs) or theirs in _ancestors(mine):
            verdict, reason = Verdict.PARTIAL, Reason.KIND_PART
        else:
            verdict, reason = Verdict.FAIL, Reason.KIND_DIFFERS
    elif differs:
        verdict, reason = Verdict.FAIL, Reason.KIND_DIFFERS
    elif not row.is_read:
        verdict, reason = Verdict.UNKNOWN, Reason.OFFERED_UNREAD
    else:
        verdict, reason = Verdict.UNKNOWN, Reason.KIND_UNSTATED
    return KindCheck(verdict, mine, theirs, reason)


# A level is a power; of gases the part by volume is the part by amount, but for a thousandth; who says dose of
# photons means the kerma in air as often as not, and both are told in Gy.
_CONVERTIBLE = (
    {"power", "power_level"},
    {"amount_fraction", "volume_fraction"},
    {"absorbed_dose", "air_kerma"},
    {"absorbed_dose_rate", "air_kerma_rate"},
)


# Lengths that are measured each in its own way, and whose standards do not stand in for each other.
_FEATURES = tuple(map(re.compile, ("线宽", "台阶", "薄膜|膜厚|膜层", "涂层|镀层|覆层|漆膜")))


def _are_features_apart(need: Line, row: Line) -> bool:
    """Whether both name a feature and none in common: the width of a line is no height of a step."""
    if need.quantity != "length":
        return False
    mine, theirs = (
        {pattern for pattern in _FEATURES if pattern.search(f"{line.cells.object} {line.cells.measurand}")}
        for line in (need, row)
    )
    # What a row measures says more than the name of the whole service.
    theirs = {pattern for pattern in theirs if pattern.search(row.cells.measurand)} or theirs
    return bool(mine and theirs) and not mine & theirs


def _unit_of(line: Line) -> str | None:
    return next(iter(_units_of(line)), None)


def _units_of(line: Line) -> list[str]:
    """The SI units of the ranges, or of the quantity; a row may state several scales of hardness."""
    kind = KINDS.get(line.quantity or "")
    stated = list(dict.fromkeys(item.si_unit for item in line.ranges if item.si_unit))
    return stated or ([kind.si_unit] if kind and kind.si_unit else [])


def _ancestors(key: str) -> list[str]:
    """The wider kinds of a kind, nearest first."""
    found: list[str] = []
    kind = KINDS.get(key)
    while kind and kind.parent:
        found.append(kind.parent)
        kind = KINDS.get(kind.parent)
    return found


# --- Rows that belong together -------------------------------------------------------------------------------


def _groups(need: Line, rows: list[tuple[int, Line]]) -> tuple[list[list[tuple[int, Line]]], bool]:
    """The rows by object and measurand, those the need names if it names any; whether its object is another."""
    groups: dict[tuple[str, str], list[tuple[int, Line]]] = {}
    meant = [(number, row) for number, row in rows if _agree(need.cells.object, _named_by_range(row))]
    rows = [(number, row) for number, row in rows if not meant or not _named_by_range(row) or (number, row) in meant]
    for number, row in rows:
        groups.setdefault((_bare(row.cells.object), _bare(row.cells.measurand)), []).append((number, row))
    named = {key for key in groups if _agree(need.cells.object, key[0])}
    differs = bool(_bare(need.cells.object) and any(key[0] for key in groups) and not named)
    chosen = named or set(groups)
    chosen = {key for key in chosen if _agree(need.cells.measurand, key[1])} or chosen
    return [group for key, group in groups.items() if key in chosen], differs


def _named_by_range(row: Line) -> str:
    """What a range says it is of: 环规φ(3～200) mm is of ring gauges."""
    found = re.match(r"\W*([一-龥]{2,6})", row.cells.range)
    return found[1] if found else ""


def _bare(words: str) -> str:
    """The words without what stands in brackets, spaces and signs."""
    return re.sub(r"[(（\[【][^)）\]】]*[)）\]】]|[\W_]+", "", words)


def _agree(one: str, other: str) -> bool:
    """Whether two names share their words: one within the other, or two in five of the pairs of characters."""
    one, other = _bare(one), _bare(other)
    if not one or not other:
        return False
    if one in other or other in one:
        return True
    pairs, others = ({text[i : i + 2] for i in range(len(text) - 1)} for text in (one, other))
    return 5 * len(pairs & others) >= len(pairs) + len(others)


# --- One object and measurand --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Row:
    """A row as intervals and laws; `number` is its index among all rows of the institute."""

    number: int
    line: Line
    ranges: Offer
    accuracy: Accuracy


def _read_row(number: int, line: Line, from_zero: bool, device: Ground | None) -> Row:
    items = list(filter(is_plausible, line.ranges))
    ranges = offered_intervals(items, from_zero)
    stated = offered_intervals([item for item in items if item.high is not None], True)
    accuracy = offered_accuracy(line, ground_of(line, stated.certain), device)
    if not ranges.certain:
        # A row that states no range may serve any.
        ranges = replace(ranges, possible=(Interval(-FAR, FAR),))
    return Row(number, line, ranges, accuracy)


def _judge_group(need: Line, group: list[tuple[int, Line]], gate: KindCheck, ratio: Decimal) -> LineVerdict:
    """The checks in order, over the rows of one object and measurand."""
    need, group = _on_one_scale(need, group, gate)
    if need.parameters and not any(line.ranges for line in (need, *(line for _, line in group))):
        need, group = _at_one_point(need), [(number, _at_one_point(line)) for number, line in group]
    key = need.quantity or group[0][1].quantity
    from_zero = starts_at_zero(key)
    items = list(filter(is_plausible, need.ranges))
    needed, assumed = needed_intervals(items, from_zero)
    stated, _ = needed_intervals([item for item in items if item.high is not None], True)
    ground = ground_of(need, stated)
    requirement = required_accuracy(need, ground, ratio)
    device = device_of(need, ground)
    rows = [_read_row(number, line, from_zero, device) for number, line in group]
    accuracies = [row.accuracy for row in rows]
    needed, is_cut = leave_out_zero(needed, [one for row in rows for one in row.ranges.certain])
    if is_cut:
        assumed.add(Assumption.LOW_END_LEFT_OUT)

    boxes = compare_parameters(need, [row.line for row in rows])
    relevant = [row if boxes.relevant >> index & 1 else None for index, row in enumerate(rows)]
    wanted = needed or tuple(one for row in rows for one in row.ranges.certain)
    ends = axis_ends(wanted)
    offered = [reach(row.ranges.certain, ends) if row else () for row in relevant]
    possible = [reach(row.ranges.possible, ends) if row else () for row in relevant]
    edges = {end for row in (*offered, *possible) for end in axis_ends(row)} | law_nodes(requirement, accuracies)
    axis = cut_axis(key, wanted, edges)
    start = find_start(requirement, axis, rows_over(axis, offered))
    if start:
        axis = cut_axis(key, wanted, edges.union(axis_ends([start])))
    masks = rows_over(axis, offered)

    unit = _unit_of(need) or _unit_of(group[0][1])
    slabs = boxes.hoped or {boxes.relevant: 1.0}
    coverage = _check_coverage(axis, offered, possible, is_stated=bool(needed))
    parameters = check_parameters(boxes, axis, masks, coverage.share or 0.0)
    uncertainty = check_uncertainty(axis, masks, slabs, requirement, accuracies, unit=unit, start=start)

    over = reduce(or_, masks, 0)
    used = [row for index, row in enumerate(rows) if over >> index & 1] or rows
    best = rows[uncertainty.worst.row] if uncertainty.worst else used[0]
    assumed = assumed.union(*(row.ranges.assumptions for row in used))
    if uncertainty.worst:
        assumed |= requirement.assumptions.union(*(row.accuracy.assumptions for row in used))
    if touches_open_end(axis, chain(*offered)):
        assumed.add(Assumption.OPEN_END_TOUCHED)
    if start:
        assumed.add(Assumption.ZERO_LEFT_OUT)
    verdict = LineVerdict(
        weakest(check.verdict for check in (gate, coverage, parameters, uncertainty)),
        need,
        gate,
        coverage,
        parameters,
        _renumber(uncertainty, rows),
        rows=tuple(row.number for row in used),
        offered=best.line,
        assumptions=tuple(code for code in Assumption if code in assumed),
    )
    return _with_reason(verdict, [row.line for row in used])


def _with_reason(verdict: LineVerdict, rows: Sequence[Line]) -> LineVerdict:
    """The verdict with its reason; a yes is held back where a number of either side could not be read."""
    if verdict.verdict in (Verdict.PASS, Verdict.PARTIAL):
        if _has_unread(verdict.need):
            return replace(verdict, verdict=Verdict.UNKNOWN, reason=Reason.NEED_UNREAD)
        if any(_has_unread(row) for row in rows):
            return replace(verdict, verdict=Verdict.UNKNOWN, reason=Reason.OFFERED_UNREAD)
    checks = (verdict.kind, verdict.coverage, verdict.uncertainty)
    reason = next((check.reason for check in checks if check.verdict is verdict.verdict), None)
    return replace(verdict, reason=reason)


def _on_one_scale(need: Line, group: list[tuple[int, Line]], gate: KindCheck) -> tuple[Line, list[tuple[int, Line]]]:
    """Both sides in one unit: power in W beside a level as dBm, of several scales of hardness the one needed."""
    if {gate.need, gate.offered} == {"power", "power_level"}:
        need, group = _in_dbm(need), [(number, _in_dbm(line)) for number, line in group]
    unit = _unit_of(need) or _unit_of(group[0][1])
    return _in_unit(need, unit), [(number, _in_unit(line, unit)) for number, line in group]


def _in_unit(line: Line, unit: str | None) -> Line:
    """The line with its ranges of that unit only."""
    ranges = tuple(item for item in line.ranges if item.si_unit in (None, unit))
    return line if len(ranges) == len(line.ranges) else replace(line, ranges=ranges)


def _has_unread(line: Line) -> bool:
    """Whether a number of the range, accuracy or conditions could not be read, so that a yes would be a guess."""
    cells = (line.cells.range, line.cells.accuracy, line.cells.conditions)
    return any(text in cell for text in line.unread for cell in cells)


def _check_coverage(
    axis: Axis, offered: Sequence[Sequence[Interval]], possible: Sequence[Sequence[Interval]], *, is_stated: bool
) -> CoverageCheck:
    """The coverage of the measurand, unknown where one side states no range."""
    check = check_axis(axis, offered, possible)
    if not is_stated and axis.quantity == "angle" and _turns_round(chain(*offered)):
        return check
    if not is_stated:
        return replace(check, verdict=Verdict.UNKNOWN, share=None, needed=(), reason=Reason.NEED_RANGE_UNSTATED)
    if not any(offered) and check.verdict is Verdict.UNKNOWN:
        return replace(check, share=None, reason=Reason.OFFERED_RANGE_UNSTATED)
    return check


def _turns_round(angles: Iterable[Interval]) -> bool:
    """Whether any angle there is lies within one of the intervals, in rad."""
    return any(one.high - one.low >= _FULL_CIRCLE for one in angles)


_FULL_CIRCLE = Decimal("6.2831")


def _renumber(check: UncertaintyCheck, rows: Sequence[Row]) -> UncertaintyCheck:
    """The check with rows numbered as the caller knows them."""
    worst = check.worst and replace(check.worst, row=rows[check.worst.row].number)
    return replace(check, worst=worst, ends=tuple(replace(end, row=rows[end.row].number) for end in check.ends))


def _at_one_point(line: Line) -> Line:
    """A line that is told by its parameters alone, such as energy by voltage and current, at one value of any size."""
    kind = KINDS.get(line.quantity or "")
    unit = kind.si_unit if kind else None
    return replace(line, ranges=(Item(ItemKind.RANGE, (0, 0), "", line.quantity, Decimal(1), Decimal(1), unit),))


def _in_dbm(line: Line) -> Line:
    """A line of power in W with its range as a level: 10·lg(P/1 mW) dBm. Its accuracy stays in W or per cent."""
    if line.quantity != "power":
        return line
    return replace(line, quantity="power_level", ranges=tuple(_item_in_dbm(item) for item in line.ranges))


def _item_in_dbm(item: Item) -> Item:
    low, high = (
        (end * 1000).log10() * 10 if end is not None and end.is_finite() and end > 0 else None
        for end in (item.low, item.high)
    )
    return replace(item, quantity="power_level", low=low, high=high, si_unit="dBm", unit="dBm")
