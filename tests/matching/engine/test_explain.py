"""Explaining: the sentences on the card, the steps, and what a reader without access may learn."""

from dataclasses import replace
from decimal import Decimal

import pytest

from matching.engine import explain
from matching.engine.facts import Cells, Verdict
from matching.engine.judging import judge_line, judge_pair
from matching.engine.lines import read_line
from matching.engine.verdicts import Assumption, Band, Reason
from tests.matching.engine.by_hand import line, mpe, mpe_formula, mpe_rel, points, resolution, span, u, u_formula, u_rel

CMM = line(
    "length",
    span("0", "500", "mm", "length", raw="0~500 mm"),
    mpe_formula("±(1.5+L/350) μm", "m", a="1.5e-6", b=str(Decimal(1) / 350000)),
)
CMM_ROW = line(
    "length",
    span("0", "2000", "mm", "length", raw="(0~2000) mm"),
    u_formula("U = 0.6 μm + 1.5×10⁻⁶L", "m", a="6e-7", b="1.5e-6"),
)


def test_the_card_quotes_both_texts_and_the_numbers():
    assert explain.short(judge_line(CMM, [CMM_ROW])) == (
        "需求 0~500 mm，MPE ±(1.5+L/350) μm → 要求 U ≤ 0.98 μm（500 mm 处，按 1/3）；"
        "该机构 U = 0.6 μm + 1.5×10⁻⁶L = 1.35 μm：不满足，可按待定区使用（TUR 2.17）"
    )


def test_the_derivation_goes_step_by_step():
    assert explain.derivation(judge_line(CMM, [CMM_ROW], ratio=Decimal(4))) == (
        "量：需求为长度，该机构为长度，一致。",
        "范围：需求「0~500 mm」，该机构「(0~2000) mm」，覆盖 100 %。",
        "要求：需求「MPE ±(1.5+L/350) μm」，要求 U ≤ |MPE|/4（不对称时取公差带宽的一半为 |MPE|）。",
        "能力：该机构「U = 0.6 μm + 1.5×10⁻⁶L」，统一按 k=2 比较。",
        "比较：0 mm 处要求 U ≤ 0.38 μm，提供 U = 0.6 μm，TUR 2.50。",
        "比较：500 mm 处要求 U ≤ 0.73 μm，提供 U = 1.35 μm，TUR 2.17。",
        "比值：最不利处 TUR 2.17，只能按待定区使用。",
        "结论：不满足，可按待定区使用（TUR 2.17）。",
        "假定：要求 U 不大于最大允许误差绝对值的 1/4（所选的比例）。",
    )


LENGTH = span("0", "300", "mm", "length", raw="0~300mm")
FINE = line("length", LENGTH, u("1", "μm"))


def ac(low, high, percent, *bands):
    hertz = [span(*band, "Hz", "frequency") for band in bands]
    return line("voltage", span(low, high, "V", "voltage"), u_rel(percent), parameters=hertz, measurand="交流电压")


@pytest.mark.parametrize(
    ("need", "row", "sentence"),
    [
        (
            line("temperature", span("-70", "180", "℃", "temperature", raw="-70~180℃"), mpe("2", "℃")),
            line("temperature", span("-40", "150", "℃", "temperature", raw="(-40~150)℃"), u("0.3", "℃")),
            "需求 -70~180℃，MPE ±2 ℃ → 要求 U ≤ 0.67 °C（按 1/3）；"
            "该机构 (-40~150)℃，覆盖 76 %（缺 -70 °C~-40 °C、150 °C~180 °C）；"
            "该机构 U=0.3 ℃：按 CMC 计部分满足（TUR 6.67）",
        ),
        (
            line("frequency", span("9", "26500000", "kHz", "frequency"), u_rel("0.1")),
            line("frequency", span("10", "18000000000", "Hz", "frequency", raw="10 Hz~18 GHz"), u_rel("0.01")),
            "需求 9~26500000 kHz，Urel=0.1 % → 要求 U ≤ 9 Hz（9 kHz 处，k=2）；"
            "该机构 10 Hz~18 GHz，覆盖 97.4 %（线性 67.9 %，对数 97.4 %；缺 18 GHz~26.5 GHz）；"
            "该机构 Urel=0.01 % = 0.9 Hz：按 CMC 计部分满足",
        ),
        (
            line("torque", span("20", "200", "N·m", "torque"), mpe_rel("4")),
            line("energy", span("0", "450", "J", "energy"), u("1", "J")),
            "需求 20~200 N·m（扭矩）；该机构 0~450 J（能量）：不满足，两者不是同一种量",
        ),
        (
            line("length", LENGTH, mpe("0.02", "mm")),
            line("length", LENGTH),
            "需求 0~300mm，MPE ±0.02 mm：无法判断，该机构没有给出可用的测量不确定度，请向其询问",
        ),
        (
            line("length", ()),
            FINE,
            "需求 未给出数值：无法判断，需求的数值没有读出或没有读全，请写明测量范围、单位和准确度要求",
        ),
        (
            FINE,
            line("length", LENGTH, u("1.2", "μm", k="3")),
            "需求 0~300mm，U=1 μm → 要求 U ≤ 1 μm（k=2）；该机构 U=1.2 μm，折合 k=2 为 0.8 μm：按 CMC 计可满足",
        ),
        (
            FINE,
            line("length", span("500", "800", "mm", "length"), u("1", "μm")),
            "需求 0~300mm，U=1 μm；该机构 500~800 mm，覆盖 0 %（缺 0 mm~300 mm）：不满足，测量范围不重合",
        ),
        (
            line("pressure", span("10", "100", "kPa", "pressure"), mpe_rel("0.5")),
            line("pressure", span("0", "100", "kPa", "pressure"), u_rel("0.1", reference="fs", raw="U=0.1%FS")),
            "需求 10~100 kPa，MPE ±0.5 % → 要求 U ≤ 17 Pa（10 kPa 处，按 1/3）；该机构 U=0.1%FS = 100 Pa："
            "按 CMC 计部分满足，已覆盖范围的 44.4 % 不确定度足够，10 kPa~60 kPa 不足（最不利处 TUR 0.50）",
        ),
        (
            ac("1", "100", "1"),
            ac("1", "100", "0.1", ("40", "500")),
            "需求 1~100 V，Urel=1 % → 要求 U ≤ 10 mV（1 V 处，k=2）；该机构 Urel=0.1 % = 1 mV："
            "无法判断，频率：需求没有给出，请补充（该机构为 40 Hz~500 Hz）",
        ),
    ],
)
def test_sentences_on_the_card(need, row, sentence):
    assert explain.short(judge_line(need, [row])) == sentence


def test_figures_are_told_apart_when_they_differ():
    # 2.929/3 = 0.97619 against 0.98: both would read 0.98.
    row = line("length", span("0", "2", "m", "length"), u("0.98", "μm"))
    need = replace(CMM, ranges=points(["500"], "mm", "length"))
    assert "要求 U ≤ 0.976 μm（按 1/3）；该机构 U=0.98 μm：不满足" in explain.short(judge_line(need, [row]))


def test_assumptions_are_printed():
    need = line("mass", span(None, "2", "t", "mass", op="<=", raw="≤2 t"), mpe_rel("0.1"), object="吊秤")
    row = line("mass", span("0", "3", "t", "mass", low_open=True), u("0.1", "kg", k=None), object="地磅")
    steps = explain.derivation(judge_line(need, [row]))
    assert [step for step in steps if step.startswith("假定")] == [
        "假定：该机构写的测量对象与需求不同名，请确认适用。",
        "假定：需求没有写下限，按 0 计。",
        "假定：需求的端点恰为能力范围不含的端点，按含端点计。",
        "假定：该机构的不确定度没有写 k，按 k=2 计。",
        "假定：要求 U 不大于最大允许误差绝对值的 1/3（JJF 1094）。",
        "假定：相对要求在零点无意义，从 20 kg 起比较。",
    ]


def test_a_resolution_is_a_hint_and_no_rule():
    steps = explain.derivation(judge_line(line("length", LENGTH, resolution("0.02", "mm")), [FINE]))
    assert "提示：需求的分辨力为 0.02 mm，U ≤ 0.02 mm 可作参考，不作为判定依据。" in steps


def test_decibels_are_translated():
    need = line("power_level", span("-110", "10", "dBm", "power_level"), mpe("1.5", "dB"))
    row = line("power_level", span("-130", "10", "dBm", "power_level"), u("0.18", "dB"))
    assert "换算：0.18 dB 相当于功率的 4.23%、场强的 2.09%。" in explain.derivation(judge_line(need, [row]))


def test_a_pair_counts_its_lines_and_quotes_the_deciding_one():
    wide = line("length", span("0", "1", "m", "length"), u("2", "μm"))
    pair = judge_pair([FINE, wide], [FINE])
    assert (
        explain.short(pair) == f"2 项指标中1 项按 CMC 计可满足，1 项按 CMC 计部分满足。{explain.short(pair.lines[1])}"
    )
    assert explain.short(judge_pair([FINE], [FINE])) == explain.short(judge_line(FINE, [FINE]))
    assert explain.short(judge_pair([], [FINE])) == "需求没有可比较的指标：无法判断"


def test_no_sentence_promises():
    sentences = "".join((*explain.VERDICTS.values(), *explain.REASONS.values(), *explain.BANDS.values()))
    assert "保证" not in sentences


def test_every_code_has_words():
    assert set(explain.VERDICTS) == set(Verdict)
    assert set(explain.REASONS) == set(Reason)
    assert set(explain.ASSUMPTIONS) == set(Assumption)
    assert set(explain.BANDS) == set(Band)


# --- From both raw texts to the sentence ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("need", "row", "verdict", "parts"),
    [
        (
            Cells(object="三坐标测量机", range="0~500 mm", accuracy="MPE：±(1.5+L/350) μm"),
            Cells(object="坐标测量机", measurand="长度", range="(0~2000) mm", accuracy="U=0.6 μm+1.5×10⁻⁶L (k=2)"),
            Verdict.FAIL,
            ("要求 U ≤ 0.98 μm（500 mm 处，按 1/3）", "= 1.35 μm", "不满足，可按待定区使用（TUR 2.17）"),
        ),
        (
            Cells(object="数字压力计", range="0~60 MPa", accuracy="0.05级"),
            Cells(object="数字压力计", range="(0~60)MPa", accuracy="Urel=0.012%(k=2)"),
            Verdict.PASS,
            ("要求 U ≤ 10 kPa（60 MPa 处，按 1/3）", "= 7.2 kPa", "按 CMC 计可满足（TUR 4.17）"),
        ),
        (
            Cells(object="高低温试验箱", range="-70~180℃", accuracy="±2℃"),
            Cells(object="环境试验设备", measurand="温度", range="(-40~150)℃", accuracy="U=0.3℃ (k=2)"),
            Verdict.PARTIAL,
            ("覆盖 76 %（缺 -70 °C~-40 °C、150 °C~180 °C）", "TUR 6.67"),
        ),
        (
            Cells(object="砝码", range="1 kg", accuracy="E2级"),
            Cells(object="砝码", measurand="质量", range="1 mg~20 kg", accuracy="U=0.3 mg (k=2)"),
            Verdict.PASS,
            ("要求 U ≤ 0.53 mg", "TUR 5.33"),
        ),
        (
            Cells(object="扭矩扳手", range="20~200 N·m", accuracy="±4%"),
            Cells(object="摆锤式冲击试验机", measurand="冲击能量", range="(0~450)J", accuracy="Urel=1%(k=2)"),
            Verdict.FAIL,
            ("两者不是同一种量",),
        ),
        (
            Cells(object="千分表", range="0~100 mm", accuracy="U≤1μm (k=2)"),
            Cells(object="千分表", range="0~100 mm", accuracy="U=1.2μm (k=3)"),
            Verdict.PASS,
            ("折合 k=2 为 0.8 μm",),
        ),
        (
            Cells(object="信号发生器", measurand="电平", range="-110~10 dBm", accuracy="±1.5 dB"),
            Cells(object="信号发生器", measurand="电平", range="(-130~0)dBm", accuracy="U=(0.04~0.18)dB (k=2)"),
            Verdict.PARTIAL,
            ("覆盖 91.7 %", "此处为 0.18 dB", "TUR 8.33"),
        ),
        (
            Cells(object="卡尺", range="0~300mm", accuracy="±0.02mm"),
            Cells(object="卡尺", range="(0~500)mm"),
            Verdict.UNKNOWN,
            ("该机构没有给出可用的测量不确定度",),
        ),
        (
            Cells(object="试验机", range="50kN以上", accuracy="±1%"),
            Cells(object="试验机", range="(0~100)kN", accuracy="Urel=0.2% (k=2)"),
            Verdict.PASS,
            ("按 CMC 计可满足，需求只写了一端，另一端没有核对（TUR 5.00）",),
        ),
        (
            Cells(object="测力仪", range="(1~5)kN", accuracy="±1%"),
            Cells(object="测力仪", range="≥1kN", accuracy="Urel=0.1% (k=2)"),
            Verdict.UNKNOWN,
            ("该机构 ≥1kN，写明的部分覆盖 0 %（待确认 1 kN~5 kN）", "请向其询问另一端"),
        ),
        (
            Cells(object="声校准器", measurand="频率", range="100Hz~1000Hz", accuracy="±1%"),
            Cells(object="声校准器", measurand="频率", range="250Hz，1000Hz", accuracy="Urel=0.1% (k=2)"),
            Verdict.FAIL,
            ("不满足，两者只有个别点相同，请向其询问能否测全程",),
        ),
        (
            Cells(object="电压表", measurand="交流电压", range="1V~100V", accuracy="±0.5%"),
            Cells(object="电压表", measurand="直流电压", range="1V~100V", accuracy="Urel=0.1% (k=2)"),
            Verdict.FAIL,
            ("交流或直流 需求 交流，该机构 直流，不一致", "不满足，测量条件不重合"),
        ),
        (
            Cells(object="流量计", measurand="流量", range="DN15~DN100，(1~100)m³/h", accuracy="±1%"),
            Cells(object="流量计", measurand="流量", range="DN15~DN50，(1~100)m³/h", accuracy="Urel=0.1% (k=2)"),
            Verdict.PARTIAL,
            ("公称直径 需求 DN15~DN100，该机构 DN15~DN50，覆盖 41.2 %",),
        ),
    ],
)
def test_from_both_texts_to_the_sentence(need, row, verdict, parts):
    judged = judge_line(read_line(need), [read_line(row)])
    sentence = explain.short(judged)
    assert (judged.verdict, [part for part in parts if part not in sentence]) == (verdict, [])


def test_what_only_the_combination_lacks_is_told():
    need = Cells(object="电压表", measurand="交流电压", range="1V~100V，10Hz~100kHz", accuracy="±0.5%")
    bands = (("(1~10)V，(10Hz~100kHz)", "0.05"), ("(10~100)V，(10Hz~10kHz)", "0.1"))
    rows = [Cells(object="电压表", measurand="交流电压", range=band, accuracy=f"Urel={u}% (k=2)") for band, u in bands]
    sentence = explain.short(judge_line(read_line(need), [read_line(row) for row in rows]))
    assert sentence.endswith("按 CMC 计部分满足，范围与条件的组合只覆盖 87.5 %（TUR 5.00）")


def test_every_point_is_told_in_the_unit_that_fits_it():
    need = Cells(object="真空计", measurand="真空度", range="1×10⁻³ Pa~1×10⁵ Pa", accuracy="±10%")
    row = Cells(object="真空计", measurand="真空度", range="1×10⁻³ Pa~1×10⁵ Pa", accuracy="Urel=3% (k=2)")
    steps = explain.derivation(judge_line(read_line(need), [read_line(row)]))
    assert [step for step in steps if step.startswith("比较")] == [
        "比较：1 mPa 处要求 U ≤ 33 μPa，提供 U = 30 μPa，TUR 3.33。",
        "比较：100000 Pa 处要求 U ≤ 3.3 kPa，提供 U = 3 kPa，TUR 3.33。",
    ]


def test_what_was_not_compared_rests_on_no_rule():
    steps = explain.derivation(judge_line(line("length", LENGTH, mpe("0.02", "mm")), [line("length", LENGTH)]))
    assert [step for step in steps if step.startswith("假定")] == []
