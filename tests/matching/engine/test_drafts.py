import pytest

from matching.engine.drafts import draft_lines
from matching.engine.lines import split_lines


def drafted(text):
    return [(cells.object, cells.range, cells.accuracy) for cells in draft_lines(text)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("高低温试验箱 -60~150 ℃ 校准\n高低温试验箱 3 台，温度范围 -60~150 ℃，温度偏差 ±2 ℃",
         [("高低温试验箱", "-60~150 ℃", "偏差 ±2 ℃")]),
        ("80 kN 标准测力仪校准\n标准测力仪 (5~80) kN，要求 Urel≤0.017 %（k=2）",
         [("标准测力仪", "(5~80) kN", "Urel≤0.017 %（k=2）")]),
        ("大型龙门三坐标 4 米\n龙门式坐标测量机，Y 向行程 4 m，长度 (0~4000) mm，MPE ±(4.5+L/250) μm",
         [("坐标测量机", "(0~4000) mm", "MPE ±(4.5+L/250) μm")]),
        ("露点变送器校准 ±2 ℃\n露点变送器，露点 (-60~0) ℃，允差 ±2 ℃",
         [("露点变送器", "(-60~0) ℃", "允差 ±2 ℃")]),
        ("0.5 级万能试验机 U≤0.25 %\n万能试验机 (10~1000) kN，力值 Urel≤0.25 %（k=2）",
         [("万能试验机", "(10~1000) kN", "0.5 级、Urel≤0.25 %（k=2）")]),
        ("压力表 0~60MPa，0.4级。压力变送器 0~25MPa，0.1级",
         [("压力表", "0~60MPa", "0.4级"), ("压力变送器", "0~25MPa", "0.1级")]),
    ],
)  # fmt: skip
def test_what_is_said_twice_is_one_line(text, lines):
    assert drafted(text) == lines


@pytest.mark.parametrize(
    ("text", "range_", "accuracy", "conditions"),
    [
        ("涡轮流量计 20~400 L/min，介质 46# 液压油，油温 50 ℃，±1 %", "20~400 L/min", "±1 %", "50 ℃"),
        ("热水流量计 DN100，10~200 m³/h，运行水温 150 ℃，±1 %", "10~200 m³/h、DN100", "±1 %", "150 ℃"),
        ("印染烘箱，布速 30 m/min，180~210 ℃，±3 ℃", "180~210 ℃", "±3 ℃", "30 m/min"),
        ("X 射线剂量仪，空气比释动能 (0.1~100) mGy，管电压 50~150 kV，要求 Urel≤3 %",
         "(0.1~100) mGy、50~150 kV", "Urel≤3 %", ""),
        ("频谱分析仪，9 kHz~18 GHz，电平 -100~10 dBm，允差 ±2 dB", "-100~10 dBm、9 kHz~18 GHz", "允差 ±2 dB", ""),
        ("疲劳试验机 50 kN 力传感器，工作频率 30~200 Hz", "50 kN、30~200 Hz", "", ""),
        ("35 MPa、70 MPa 加氢机，单次 (1~8) kg，允许误差 ±1.5%", "(1~8) kg", "允许误差 ±1.5%", "35 MPa、70 MPa"),
        ("除颤器分析仪，能量 5~360 J，±5 %，负载 50 Ω", "5~360 J", "±5 %", "50 Ω"),
        ("回路电阻测试仪，100 A，0~2000 μΩ，±1 %", "0~2000 μΩ、100 A", "±1 %", ""),
        ("10 kV 电流互感器 300/5 A，0.2S 级", "300、5 A", "0.2S 级", "10 kV"),
        ("双轴倾角传感器，±30°，允差 ±0.05°", "±30°", "允差 ±0.05°", ""),
        ("热处理炉，工作温度 500~1250 ℃，温度均匀性 ±8 ℃", "500~1250 ℃", "均匀性 ±8 ℃", ""),
    ],
)  # fmt: skip
def test_what_accompanies_a_line_is_no_line(text, range_, accuracy, conditions):
    assert [(cells.range, cells.accuracy, cells.conditions) for cells in draft_lines(text)] == [
        (range_, accuracy, conditions)
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("温湿度探头，15~35 ℃、30~70 %RH，±1 ℃、±6 %RH",
         [("温湿度探头", "15~35 ℃", "±1 ℃"), ("温湿度探头", "30~70 %RH", "±6 %RH")]),
        ("充放电测试仪：电压 (0.5~5) V（±0.05%）、电流 (1~300) A（±0.1%）",
         [("充放电测试仪", "(0.5~5) V", "（±0.05%）"), ("充放电测试仪", "(1~300) A", "（±0.1%）")]),
        ("充放电柜，电压 0~5 V、电流 0.1~100 A，±0.1 %FS",
         [("充放电柜", "0~5 V", "±0.1 %FS"), ("充放电柜", "0.1~100 A", "±0.1 %FS")]),
        ("测功机扭矩 (10~200) N·m、转速 (50~2000) r/min，±0.5 %、±0.2 %",
         [("测功机", "(10~200) N·m", "±0.5 %"), ("测功机", "(50~2000) r/min", "±0.2 %")]),
        ("0.2 级电流互感器 600 A/5 A、1000 A/5 A", [("电流互感器", "600 A、5 A、1000 A", "0.2 级")]),
        ("转向标定台双向扭矩 ±10 N·m（±0.3%）、转角 ±720°（±0.1°）",
         [("转向标定台", "±10 N·m", "（±0.3%）"), ("转向标定台", "±720°", "（±0.1°）")]),
    ],
)  # fmt: skip
def test_each_quantity_has_its_tolerance(text, lines):
    assert drafted(text) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("1 吨地秤四台、300 公斤台秤十台，吊钩秤 10 吨一台",
         [("地秤", "1 吨", ""), ("台秤", "300 公斤", ""), ("吊钩秤", "10 吨", "")]),
        ("地磅全是 150T 的 9 台。拉力机里面 100 吨的 6 台、60 吨的 4 台",
         [("地磅", "150T", ""), ("拉力机", "100 吨、60 吨", "")]),
        ("数字压力计和压力变送器各一台，0~60MPa，0.05 级和 0.1 级",
         [("数字压力计", "0~60MPa", "0.05 级"), ("压力变送器", "0~60MPa", "0.1 级")]),
        ("TSI 轴振探头，探头不能拆，量程 0~400 μm", [("轴振探头", "0~400 μm", "")]),
    ],
)  # fmt: skip
def test_each_object_has_its_figures(text, lines):
    assert drafted(text) == lines


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("拉力机 5 吨一台、500 公斤一台", "force"),
        ("皮带上的秤，每小时 800 吨", "flow_mass"),
        ("退火炉 450 度 8 台", "temperature"),
        ("频谱仪 26.5G 的", "frequency"),
        ("洛氏硬度计 HRC 20~67", "hardness"),
        ("振动台 0.5~18 g", "acceleration"),
        ("天平，称 18 g 的料", "mass"),
    ],
)
def test_the_object_tells_the_quantity(text, quantity):
    assert [line.quantity for line in split_lines(text)] == [quantity]


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("轴承内圈内径 20~60 mm，±2 μm", [("轴承内圈", "内径", "20~60 mm")]),
        ("热处理炉，工作温度 500~1250 ℃，均匀性 ±8 ℃", [("热处理炉", "温度均匀性", "500~1250 ℃")]),
        ("(32~40) GHz 噪声系数分析仪（±0.6 dB）", [("噪声系数分析仪", "噪声系数", "(32~40) GHz")]),
    ],
)
def test_the_measurand_is_what_the_words_ask_for(text, cells):
    assert [(line.object, line.measurand, line.range) for line in draft_lines(text)] == cells


@pytest.mark.parametrize(
    "text",
    [
        "测温枪两把对着同一个件差 15 度",
        "我们有三坐标 0~500 mm，但是孔太深",
        "不是 0~100 %LEL 那种报警器",
        "压力计去年送检，证书给的不确定度是 0.03 MPa",
        "一个礼拜还回来，2 天也行",
    ],
)
def test_symptoms_and_what_is_set_aside_make_no_line(text):
    assert drafted(text) == []


@pytest.mark.parametrize(
    ("text", "object_", "measurand"),
    [
        ("数字多用表，直流电压 0.1~1000 V，±0.01 %", "数字多用表", "直流电压"),
        ("耐压测试仪，交流 0.5~5 kV，±3 %", "耐压测试仪", "交流电压"),
        ("电离真空计，绝对压力 (1×10⁻⁵~1×10⁻²) Pa，±50 %", "电离真空计", "绝对压力"),
        ("S 型热电偶 10 支，600~1200 ℃，Ⅱ级", "S 型热电偶", "温度"),
        ("直流高压分压器，10~200 kV，±0.2 %", "直流高压分压器", "电压"),
        ("温度变送器带传感器 20 支，0~600 ℃，0.5 级", "温度变送器", "温度"),
        ("电能表，3×220 V、(1~60) A，0.5 级", "电能表", "电能"),
        ("雾度计，雾度 1~30 %，U≤1 %", "雾度计", "雾度"),
    ],
)
def test_an_object_and_what_is_measured_keep_what_tells_them_from_others(text, object_, measurand):
    assert [(cells.object, cells.measurand) for cells in draft_lines(text)] == [(object_, measurand)]
