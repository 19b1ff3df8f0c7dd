"""Explaining: a verdict in Chinese, in the reader's own words, with both raw texts quoted.

`short` is the sentence on the card, `derivation` the whole calculation step by step. A CMC is the best case
with a nearly ideal device (ILAC-P14, CNAS-GL025), so a yes reads 按 CMC 计可满足.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from matching.engine.facts import Item, ItemKind, Line, Verdict
from matching.engine.parameters import FORMS
from matching.engine.sufficiency import decibel_as_ratio
from matching.engine.units import KINDS, format_number, format_si
from matching.engine.verdicts import (
    Assumption,
    Band,
    Basis,
    Comparison,
    CoverageCheck,
    Interval,
    LineVerdict,
    PairVerdict,
    Reason,
    Scale,
    UncertaintyCheck,
)

VERDICTS = {
    Verdict.PASS: "按 CMC 计可满足",
    Verdict.PARTIAL: "按 CMC 计部分满足",
    Verdict.FAIL: "不满足",
    Verdict.UNKNOWN: "无法判断",
}
REASONS = {
    Reason.NEED_UNREAD: "需求的数值没有读出或没有读全，请写明测量范围、单位和准确度要求",
    Reason.OFFERED_UNREAD: "该机构的数值没有读全，请向其确认",
    Reason.NO_ROWS: "该机构没有填写测量能力，请向其询问测量范围和不确定度",
    Reason.KIND_DIFFERS: "两者不是同一种量",
    Reason.KIND_UNSTATED: "有一方没有写明是什么量，请补充被测量",
    Reason.KIND_PART: "两者的量只是部分一致，请确认被测量",
    Reason.SCALE_DIFFERS: "标尺不同，不能互相换算",
    Reason.NEED_RANGE_UNSTATED: "没有读出需求的测量范围，请写明上下限和单位",
    Reason.OFFERED_RANGE_UNSTATED: "没有读出该机构的测量范围，请向其询问",
    Reason.OFFERED_END_UNSTATED: "该机构的测量范围只写了一端，请向其询问另一端",
    Reason.NEED_PARAMETER_UNSTATED: "需求没有给出，请补充",
    Reason.OFFERED_PARAMETER_UNSTATED: "该机构没有给出，请向其询问",
    Reason.NEED_ACCURACY_UNSTATED: "需求没有给出准确度要求，请补充最大允许误差、等级或不确定度",
    Reason.RESOLUTION_ONLY: "需求只给出分辨力，请补充最大允许误差或不确定度",
    Reason.CLASS_NOT_SERVED: "该能力只做到更低的准确度等级",
    Reason.CLASS_NOT_IN_TABLE: "该对象的准确度等级不在等级表中，请补充最大允许误差",
    Reason.DIGITS_UNSTATED: "误差以“字”计而没有给出分辨力，请补充分辨力",
    Reason.FULL_SCALE_UNSTATED: "误差以满量程计而没有给出量程，请补充测量上限",
    Reason.OFFERED_ACCURACY_UNSTATED: "该机构没有给出可用的测量不确定度，请向其询问",
    Reason.UNITS_DIFFER: "准确度的单位与被测量不一致，无法比较，请补充以被测量单位表示的数值",
    Reason.NOTHING_COMPARED: "没有可以比较的共同范围",
    Reason.UNDECIDED: "准确度的写法可作两种理解，结论因此不同，请写明或向该机构确认",
}
ASSUMPTIONS = {
    Assumption.OBJECT_DIFFERS: "该机构写的测量对象与需求不同名，请确认适用",
    Assumption.NEED_LOW_ZERO: "需求没有写下限，按 0 计",
    Assumption.OFFERED_LOW_ZERO: "该机构没有写下限，按 0 计",
    Assumption.OTHER_END_UNSTATED: "需求只写了一端，另一端没有核对",
    Assumption.OPEN_END_TOUCHED: "需求的端点恰为能力范围不含的端点，按含端点计",
    Assumption.NEED_K_ASSUMED: "需求的不确定度没有写 k，按 k=2 计",
    Assumption.OFFERED_K_ASSUMED: "该机构的不确定度没有写 k，按 k=2 计",
    Assumption.RATIO_RULE: "要求 U 不大于最大允许误差绝对值的 1/{ratio}（{rule}）",
    Assumption.CLASS_TABLE: "等级所对应的最大允许误差取自 {source}",
    Assumption.FULL_SCALE_OF_RANGE: "满量程取所写测量范围的最大值",
    Assumption.INTERPOLATED: "不确定度在范围两端之间按所写顺序线性内插",
    Assumption.PERCENT_AMBIGUOUS: "以 % 表示的数未写明是百分点还是相对值：不确定度按百分点核对，允差两种都作了核对",
    Assumption.ZERO_LEFT_OUT: "相对要求在零点无意义，从 {start} 起比较",
    Assumption.LOW_END_LEFT_OUT: "零点附近不足量程 1 % 的一段不计，从该机构的下限起比较",
}
BANDS = {
    Band.FOUR_TO_ONE: "达到 4:1",
    Band.ONE_THIRD: "符合 1/3 原则",
    Band.GUARD_BAND: "只能按待定区使用",
    Band.INSUFFICIENT: "不能用于符合性判定",
}
# Of a result that was delivered; the need can no longer be completed, so the sides say it in their conclusion.
RESULTS = {
    Verdict.PASS: "达到要求",
    Verdict.PARTIAL: "部分达到要求",
    Verdict.FAIL: "没有达到要求",
}
RESULT_REASONS = REASONS | {
    Reason.NEED_UNREAD: "需求的数值没有读全，请在结论里写明是否达到",
    Reason.NEED_RANGE_UNSTATED: "没有读出需求的测量范围，请在结论里写明是否达到",
    Reason.NEED_ACCURACY_UNSTATED: "需求没有给出准确度要求，请在结论里写明是否达到",
    Reason.RESOLUTION_ONLY: "需求只给出分辨力，请在结论里写明是否达到",
    Reason.CLASS_NOT_IN_TABLE: "该对象的准确度等级不在等级表中，请在结论里写明是否达到",
    Reason.DIGITS_UNSTATED: "误差以“字”计而没有给出分辨力，请在结论里写明是否达到",
    Reason.FULL_SCALE_UNSTATED: "误差以满量程计而没有给出量程，请在结论里写明是否达到",
    Reason.OFFERED_UNREAD: "达到的不确定度没有读全，请只写一个，例如“U=0.8 μm (k=2)”",
    Reason.OFFERED_ACCURACY_UNSTATED: "没有读出达到的不确定度，请带单位写，例如“U=0.8 μm (k=2)”或“Urel=0.05 % (k=2)”",
    Reason.UNITS_DIFFER: "达到的不确定度与被测量的单位不一致，请改用被测量的单位",
    Reason.UNDECIDED: "不确定度的写法可作两种理解，结论因此不同，请写明是绝对值还是相对值",
}
# Of what is promised, before anything is done; whoever promises can still write it better.
PROMISE_REASONS = {
    reason: words.replace("达到的不确定度", "承诺的不确定度").replace("在结论里写明是否达到", "在依据里写明能否达到")
    for reason, words in RESULT_REASONS.items()
}
# Of what is promised against what the same institute has published.
BACKINGS = {
    Verdict.PASS: "公开能力可以支撑",
    Verdict.PARTIAL: "公开能力只能支撑一部分",
    Verdict.FAIL: "公开能力不能支撑",
}
BACKING_REASONS = PROMISE_REASONS | {
    Reason.NEED_UNREAD: "承诺的数值没有读全",
    Reason.NEED_RANGE_UNSTATED: "没有读出这一行的测量范围",
    Reason.NEED_PARAMETER_UNSTATED: "这一行没有给出",
    Reason.NEED_ACCURACY_UNSTATED: PROMISE_REASONS[Reason.OFFERED_ACCURACY_UNSTATED],
    Reason.OFFERED_UNREAD: "公开能力的数值没有读全",
    Reason.NO_ROWS: "公开能力没有填写测量能力",
    Reason.KIND_UNSTATED: "没有写明是什么量",
    Reason.KIND_PART: "与公开能力的量只是部分一致",
    Reason.OFFERED_RANGE_UNSTATED: "没有读出公开能力的测量范围",
    Reason.OFFERED_END_UNSTATED: "公开能力的测量范围只写了一端",
    Reason.OFFERED_PARAMETER_UNSTATED: "公开能力没有给出",
    Reason.OFFERED_ACCURACY_UNSTATED: "公开能力没有给出可用的测量不确定度",
    Reason.UNITS_DIFFER: "承诺与公开能力的单位不一致",
    Reason.UNDECIDED: "不确定度的写法可作两种理解",
}
# What a promise lacks that goes beyond what is published.
SHOW_IT = "请在依据里写明怎样达到，并附试验数据、比对结果或证书"
KINDS_AGREE = {
    Verdict.PASS: "一致",
    Verdict.PARTIAL: "部分一致",
    Verdict.FAIL: "不一致",
    Verdict.UNKNOWN: "不能确认",
}
SCALES = {Scale.LOG: "按对数", Scale.POINTS: "按点数"}
# Kinds whose accuracy is told in the unit of the range: kelvin and bare per cent would puzzle the reader.
_SHOWN_AS_RANGE = ("temperature", "dew_point", "relative_humidity", "ph", "hardness")


def short(verdict: LineVerdict | PairVerdict) -> str:
    """One sentence for the card."""
    if isinstance(verdict, PairVerdict):
        return _short_pair(verdict)
    return f"{'；'.join(_findings(verdict))}：{_conclusion(verdict)}"


def result(verdict: LineVerdict) -> str:
    """One sentence on what was delivered: the demand, what was achieved over the same range, whether it suffices."""
    return _outcome(verdict, "达到", RESULT_REASONS)


def promise(verdict: LineVerdict) -> str:
    """One sentence on what is promised: the demand, the promise over the same range, whether it would suffice."""
    return _outcome(verdict, "承诺", PROMISE_REASONS)


def _outcome(verdict: LineVerdict, said: str, words: Mapping[Reason, str]) -> str:
    check = verdict.uncertainty
    if verdict.verdict is Verdict.UNKNOWN or check.worst is None:
        return f"无法判断，{'；'.join(dict.fromkeys(_reasons(verdict, words)))}"
    notes = [RESULTS[verdict.verdict]]
    if check.verdict is Verdict.PARTIAL and check.share is not None:
        notes.append(f"范围的 {_percent(check.share)} 足够，{_intervals(check.insufficient, verdict)} 不足")
    if check.verdict is Verdict.FAIL and check.band is Band.GUARD_BAND:
        notes.append("可按待定区使用")
    place = "最不利处 " if check.verdict is Verdict.PARTIAL else ""
    tur = f"（{place}TUR {_two_places(check.tur)}）" if check.tur is not None else ""
    return f"{_demand(verdict)}；{said} {_offer(verdict, check.worst)}：{'，'.join(notes)}{tur}"


def backing(verdict: LineVerdict) -> str:
    """One sentence on whether what an institute has published bears its promise, which stands as the need."""
    if verdict.verdict is Verdict.UNKNOWN:
        return f"无法与公开能力比较：{'；'.join(dict.fromkeys(_reasons(verdict, BACKING_REASONS)))}"
    check, notes = verdict.uncertainty, [BACKINGS[verdict.verdict]]
    if verdict.kind.verdict is Verdict.FAIL:
        notes.append("测的不是同一种量")
    elif verdict.coverage.verdict is not Verdict.PASS:
        notes.append(f"测量范围{_coverage(verdict)}")
    if verdict.parameters.verdict is Verdict.FAIL:
        notes.append("测量条件不重合")
    if check.verdict in (Verdict.PARTIAL, Verdict.FAIL) and check.worst:
        needed, offered = _figures(verdict, check.worst)
        notes.append(f"承诺优于公开的 CMC（{_place(verdict, check.worst.at)} 处承诺 {needed}，CMC 为 {offered}）")
    return "，".join(notes if verdict.verdict is Verdict.PASS else [*notes, SHOW_IT])


def derivation(verdict: LineVerdict) -> tuple[str, ...]:
    """The steps from the two texts to the verdict, each a sentence, the assumptions last."""
    steps = [_kind_step(verdict), *_range_steps(verdict), *_uncertainty_steps(verdict)]
    return (*steps, f"结论：{_conclusion(verdict)}。", *(f"假定：{text}。" for text in _assumptions(verdict)))


def _assumptions(verdict: LineVerdict) -> tuple[str, ...]:
    """What was taken for granted, as sentences without a full stop."""
    check = verdict.uncertainty
    facts = {
        "ratio": _ratio(check),
        "rule": "JJF 1094" if check.ratio == 3 else "所选的比例",
        "source": check.source,
        "start": _place(verdict, check.start) if check.start is not None else "",
    }
    return tuple(ASSUMPTIONS[code].format(**facts) for code in verdict.assumptions)


def _short_pair(pair: PairVerdict) -> str:
    """The sentence of the only line, or the count by verdict and the sentence of the line that decides."""
    if len(pair.counted) < 2:
        return short(pair.counted[0]) if pair.counted else "需求没有可比较的指标：无法判断"
    found = [line.verdict for line in pair.counted]
    counts = "，".join(f"{found.count(one)} 项{VERDICTS[one]}" for one in VERDICTS if one in found)
    # A stored verdict may come from an engine that counted otherwise.
    deciding = next((line for line in pair.counted if pair.counts_as(line) is pair.verdict), pair.counted[0])
    return f"{len(found)} 项指标中{counts}。{short(deciding)}"


# --- The card ------------------------------------------------------------------------------------------------


def _findings(verdict: LineVerdict) -> Iterator[str]:
    """What the verdict rests on: the demand, the range where it is not covered, the uncertainty."""
    if verdict.kind.verdict is Verdict.FAIL:
        yield f"需求 {_quote_range(verdict.need)}（{_kind_label(verdict.kind.need)}）"
        yield f"该机构 {_quote_range(verdict.offered)}（{_kind_label(verdict.kind.offered)}）"
        return
    check = verdict.uncertainty
    yield _demand(verdict)
    if verdict.coverage.verdict is not Verdict.PASS and verdict.coverage.share is not None and verdict.offered:
        yield f"该机构 {_quote_range(verdict.offered)}，{_coverage(verdict)}"
    for axis in verdict.parameters.axes:
        if axis.verdict in (Verdict.FAIL, Verdict.PARTIAL):
            yield _parameter(axis, verdict)
    if check.worst:
        yield f"该机构 {_offer(verdict, check.worst)}"


def _demand(verdict: LineVerdict) -> str:
    """需求 0~500 mm，MPE ±(1.5+L/350) μm → 要求 U ≤ 0.98 μm（500 mm 处，按 1/3）"""
    check = verdict.uncertainty
    quoted = "，".join(part for part in (_quote_range(verdict.need), _quote_accuracy(check.need_item)) if part)
    text = f"需求 {quoted or '未给出数值'}"
    if not check.worst:
        return text
    notes = [f"{_place(verdict, check.worst.at)} 处"] if _varies(verdict) else []
    notes.append("k=2" if check.basis is Basis.UNCERTAINTY else f"按 1/{_ratio(check)}")
    return f"{text} → 要求 U ≤ {_figures(verdict, check.worst)[0]}（{'，'.join(notes)}）"


def _offer(verdict: LineVerdict, point: Comparison) -> str:
    """U = 0.6 μm + 1.5×10⁻⁶L = 1.35 μm"""
    item = verdict.uncertainty.offered_item
    value = _figures(verdict, point)[1]
    quoted = _quote_uncertainty(item) if item else "U"
    if item and item.k and item.k != 2:
        return f"{quoted}，折合 k=2 为 {value}"
    if item and item.formula is None and item.low != item.high:
        return f"{quoted}，此处为 {value}"
    states_value = item and item.formula is None and not item.relative
    return quoted if states_value else f"{quoted} = {value}"


def _conclusion(verdict: LineVerdict) -> str:
    """The verdict, with what it rests on: the reason and the way out, or the ratio."""
    check, axes, text = verdict.uncertainty, verdict.parameters.axes, VERDICTS[verdict.verdict]
    if verdict.verdict is Verdict.UNKNOWN:
        return f"{text}，{'；'.join(dict.fromkeys(_reasons(verdict))) or REASONS[Reason.UNDECIDED]}"
    notes = [text]
    if verdict.kind.verdict in (Verdict.FAIL, Verdict.PARTIAL) and verdict.kind.reason:
        notes.append(REASONS[verdict.kind.reason])
    if verdict.coverage.verdict is Verdict.FAIL:
        touching = any(_touch(one, other) for one in verdict.coverage.needed for other in verdict.coverage.offered)
        notes.append("两者只有个别点相同，请向其询问能否测全程" if touching else "测量范围不重合")
    if verdict.parameters.verdict is Verdict.FAIL:
        notes.append("测量条件不重合")
    if verdict.parameters.verdict is Verdict.PARTIAL and all(one.verdict is Verdict.PASS for one in axes):
        notes.append(f"范围与条件的组合只覆盖 {_percent(verdict.parameters.share or 0.0)}")
    if Assumption.OTHER_END_UNSTATED in verdict.assumptions and verdict.verdict is not Verdict.FAIL:
        notes.append(ASSUMPTIONS[Assumption.OTHER_END_UNSTATED])
    if check.verdict is Verdict.PARTIAL and check.share is not None:
        where = _intervals(check.insufficient, verdict)
        notes.append(f"已覆盖范围的 {_percent(check.share)} 不确定度足够，{where} 不足")
    others = (verdict.kind.verdict, verdict.coverage.verdict, verdict.parameters.verdict)
    if check.verdict is Verdict.FAIL and check.band is Band.GUARD_BAND and Verdict.FAIL not in others:
        notes.append("可按待定区使用")
    place = "最不利处 " if check.verdict is Verdict.PARTIAL else ""
    return "，".join(notes) + (f"（{place}TUR {_two_places(check.tur)}）" if check.tur is not None else "")


def _reasons(verdict: LineVerdict, words: Mapping[Reason, str] = REASONS) -> Iterator[str]:
    """Why the verdict is unknown, each with the way out; what follows from an unknown quantity is left out."""
    if verdict.reason:
        yield words[verdict.reason]
    if verdict.kind.verdict is Verdict.UNKNOWN:
        return
    for check in (verdict.coverage, verdict.uncertainty):
        follows = check.reason is Reason.NOTHING_COMPARED and verdict.coverage.verdict is not Verdict.PASS
        if check.verdict is Verdict.UNKNOWN and check.reason and not follows:
            yield words[check.reason]
    for axis in verdict.parameters.axes:
        if axis.verdict is Verdict.UNKNOWN and axis.reason:
            yield _parameter(axis, verdict, words)


def _parameter(axis: CoverageCheck, verdict: LineVerdict, words: Mapping[Reason, str] = REASONS) -> str:
    """频率 需求 50 Hz~5 kHz，该机构 40 Hz~1 kHz，覆盖 60 %"""
    label = _parameter_label(axis.quantity)
    items = (*verdict.need.parameters, *(verdict.offered.parameters if verdict.offered else ()))
    unit = next((item.unit for item in items if item.quantity == axis.quantity and item.unit), None)
    mine, theirs = (_axis_intervals(one, axis.quantity, unit) for one in (axis.needed, axis.offered))
    if axis.reason:
        # Where the need is silent, the band of the institute tells what to ask for.
        band = f"（该机构为 {theirs}）" if axis.reason is Reason.NEED_PARAMETER_UNSTATED and theirs else ""
        return f"{label}：{words[axis.reason]}{band}"
    found = f"覆盖 {_percent(axis.share or 0.0)}" if axis.quantity not in FORMS else KINDS_AGREE[axis.verdict]
    return f"{label} 需求 {mine}，该机构 {theirs or '无'}，{found}"


# --- The derivation ------------------------------------------------------------------------------------------


def _kind_step(verdict: LineVerdict) -> str:
    kind = verdict.kind
    found = KINDS_AGREE[kind.verdict]
    if kind.verdict is Verdict.PASS and kind.need != kind.offered:
        found = "换算为 dBm 后比较" if "power_level" in (kind.need, kind.offered) else "按同一个量比较"
    return f"量：需求为{_kind_label(kind.need)}，该机构为{_kind_label(kind.offered)}，{found}。"


def _range_steps(verdict: LineVerdict) -> Iterator[str]:
    if verdict.offered is None or verdict.kind.verdict is Verdict.FAIL:
        return
    need, offered = _quote_range(verdict.need), _quote_range(verdict.offered)
    several = f" 等 {len(verdict.rows)} 行" if len(verdict.rows) > 1 else ""
    yield (f"范围：需求「{need or '未给出'}」，该机构「{offered or '未给出'}」{several}，{_coverage(verdict)}。")
    for axis in verdict.parameters.axes:
        yield f"条件：{_parameter(axis, verdict)}。"


def _uncertainty_steps(verdict: LineVerdict) -> Iterator[str]:
    check = verdict.uncertainty
    if check.hint is not None:
        hint = _uncertainty(verdict, check.hint, _accuracy_unit(verdict, check.hint), 2)
        yield f"提示：需求的分辨力为 {hint}，U ≤ {hint} 可作参考，不作为判定依据。"
    if check.worst is None:
        if check.reason and verdict.kind.verdict is not Verdict.FAIL:
            yield f"不确定度：{REASONS[check.reason]}。"
        return
    yield f"要求：需求「{_quote_accuracy(check.need_item)}」，{_rule(check)}。"
    item = check.offered_item
    if item:
        yield f"能力：该机构「{_raw(item)}」，统一按 k=2 比较{_k_note(item)}。"
    varies = _varies(verdict)
    for point in dict.fromkeys((*check.ends, check.worst)) if varies else (check.worst,):
        required, offered = _figures(verdict, point)
        where = f"{_place(verdict, point.at)} 处" if varies else ""
        tur = "" if check.tur is None or check.ratio is None else f"，TUR {_two_places(check.ratio * point.quotient)}"
        yield f"比较：{where}要求 U ≤ {required}，提供 U = {offered}{tur}。"
    if check.band:
        yield f"比值：最不利处 TUR {_two_places(check.tur or Decimal(0))}，{BANDS[check.band]}。"
    if check.insufficient and check.verdict is Verdict.PARTIAL:
        yield f"不足：{_intervals(check.insufficient, verdict)} 处 U 大于要求。"
    if check.unit and check.unit.startswith("dB"):
        power, field = decibel_as_ratio(check.worst.offered)
        level = _uncertainty(verdict, check.worst.offered, "dB", 3)
        yield f"换算：{level} 相当于功率的 {power:.2%}、场强的 {field:.2%}。"


def _rule(check: UncertaintyCheck) -> str:
    """How U_req follows from what the need states."""
    if check.basis is Basis.UNCERTAINTY:
        return f"直接给出不确定度{_k_note(check.need_item)}"
    if check.basis is Basis.ACCURACY_CLASS:
        return f"由等级得最大允许误差 MPE（{check.source}），要求 U ≤ |MPE|/{_ratio(check)}"
    return f"要求 U ≤ |MPE|/{_ratio(check)}（不对称时取公差带宽的一半为 |MPE|）"


def _k_note(item: Item | None) -> str:
    if item and item.k and item.k != 2:
        return f"（原文 k={item.k:f}，乘以 2/{item.k:f}）"
    return ""


# --- Quoting and formatting ----------------------------------------------------------------------------------


def _quote_range(line: Line | None) -> str:
    """The range as it is written."""
    if line is None:
        return ""
    return "、".join(dict.fromkeys(raw for item in line.ranges if (raw := _raw(item)))) or line.cells.range.strip()


def _quote_accuracy(item: Item | None) -> str:
    """The accuracy a need asks for as it is written; a bare ± is an MPE."""
    if item is None:
        return ""
    raw = _raw(item)
    return f"MPE {raw}" if item.kind is ItemKind.MPE and raw.startswith("±") else raw


def _quote_uncertainty(item: Item) -> str:
    """The uncertainty a row offers as it is written, with the U that a column head may have supplied."""
    raw = _raw(item)
    return raw if raw[:1] in ("U", "u", "扩", "不", "测", "k") else f"U = {raw}"


def _raw(item: Item) -> str:
    """The words an item was read from, without what they share with their neighbours."""
    return item.raw.strip().rstrip(" ,，;；:：(（")


def _coverage(verdict: LineVerdict) -> str:
    """覆盖 76 %（缺 −70 °C~−40 °C、150 °C~180 °C）"""
    check = verdict.coverage
    if check.share is None:
        return REASONS[check.reason] if check.reason else "范围未比较"
    notes = []
    if check.linear is not None and check.log is not None and abs(check.linear - check.log) > 0.1:
        notes.append(f"线性 {_percent(check.linear)}，对数 {_percent(check.log)}")
    elif check.verdict is Verdict.PARTIAL and check.scale is not Scale.LINEAR:
        notes.append(SCALES[check.scale])
    covers, lacks = ("写明的部分覆盖", "待确认") if check.verdict is Verdict.UNKNOWN else ("覆盖", "缺")
    if check.uncovered and check.verdict is not Verdict.PASS:
        notes.append(f"{lacks} {_intervals(check.uncovered, verdict)}")
    return f"{covers} {_percent(check.share)}" + (f"（{'；'.join(notes)}）" if notes else "")


def _intervals(intervals: Iterable[Interval], verdict: LineVerdict) -> str:
    """Pieces of the measurand's axis in the unit of the need."""
    return _axis_intervals(intervals, verdict.kind.need or verdict.kind.offered, _range_unit(verdict.need))


def _touch(one: Interval, other: Interval) -> bool:
    return max(one.low, other.low) <= min(one.high, other.high)


def _axis_intervals(intervals: Iterable[Interval], quantity: str | None, unit: str | None = None) -> str:
    return "、".join(
        _axis_value(one.low, quantity, unit)
        if one.low == one.high
        else f"{_axis_value(one.low, quantity, unit)}~{_axis_value(one.high, quantity, unit)}"
        for one in intervals
    )


def _axis_value(value: Decimal, quantity: str | None, unit: str | None) -> str:
    """A value in that unit; where it would be a small fraction or a power of ten, in the multiple that fits."""
    if quantity in FORMS:
        return FORMS[quantity].names[int(value)]
    if quantity == "nominal_diameter":
        return f"DN{format_number(value * 1000)}"
    text = format_si(value, _known(quantity), unit=unit, digits=6)
    is_awkward = "×10" in text or (text.startswith(("0.0", "-0.0")) and "/" not in (unit or ""))
    return format_si(value, _known(quantity), digits=6) if is_awkward else text


def _range_unit(line: Line) -> str | None:
    return next((item.unit for item in line.ranges if item.unit), None)


def _place(verdict: LineVerdict, x: Decimal) -> str:
    """A point of the range in the unit of the need."""
    return _axis_value(x, verdict.kind.need or verdict.kind.offered, _range_unit(verdict.need))


def _uncertainty(verdict: LineVerdict, value: Decimal, unit: str | None, digits: int) -> str:
    quantity = _known(verdict.kind.need or verdict.kind.offered)
    return format_si(value, quantity, difference=True, unit=unit, digits=digits)


def _accuracy_unit(verdict: LineVerdict, value: Decimal) -> str | None:
    """One unit for both sides: the institute's, else the need's, else the range's, else what fits the value."""
    check, quantity, unit = verdict.uncertainty, verdict.kind.need or verdict.kind.offered, _range_unit(verdict.need)
    for item in (check.offered_item, check.need_item):
        if item and item.unit and item.unit != "%" and not item.relative and not item.formula:
            return item.unit
    if (check.unit or "").startswith("dB"):
        return "dB"
    if quantity in _SHOWN_AS_RANGE or (unit and "/" in unit):
        return unit
    return format_si(value, _known(quantity), difference=True).partition(" ")[2] or unit


def _figures(verdict: LineVerdict, point: Comparison) -> tuple[str, str]:
    """Required and offered U in as many figures as it takes to tell them apart."""
    unit = _accuracy_unit(verdict, point.required)
    pairs = [
        (_uncertainty(verdict, point.required, unit, digits), _uncertainty(verdict, point.offered, unit, digits + 1))
        for digits in (2, 3, 4, 5, 6)
    ]
    return next((pair for pair in pairs if pair[0] != pair[1]), pairs[0])


def _varies(verdict: LineVerdict) -> bool:
    """Whether it matters where in the range the two are compared; at zero a U in proportion is no comparison."""
    check = verdict.uncertainty
    found = {(point.required, point.offered) for point in (*check.ends, check.worst) if point}
    return len(found) > 1 or (len(check.ends) == 1 and any(one.low < one.high for one in verdict.coverage.needed))


def _ratio(check: UncertaintyCheck) -> str:
    return f"{check.ratio.normalize():f}" if check.ratio else ""


def _two_places(number: Decimal) -> str:
    return f"{number:.2f}"


def _percent(share: float) -> str:
    """A share in per cent that says 100 only of the whole and 0 only of nothing."""
    value = share * 100
    for digits in (1, 2, 4, 6):
        text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
        if (text not in ("100", "0")) or share in (0.0, 1.0):
            return f"{text} %"
    return "接近 100 %" if share > 0.5 else "接近 0 %"


def _known(quantity: str | None) -> str | None:
    """The quantity if the tables know it; others are shown as bare numbers."""
    return quantity if quantity in KINDS else None


def _kind_label(key: str | None) -> str:
    kind = KINDS.get(key or "")
    return kind.label if kind else key or "未写明的量"


def _parameter_label(key: str | None) -> str:
    return FORMS[key].label if key in FORMS else _kind_label(key)
