import pytest

from matching.engine.facts import Cells, Line, Role, from_json, to_json
from matching.engine.lines import read_line, split_lines


def facts(line):
    return (line.quantity, [item.quantity for item in line.ranges], [item.quantity for item in line.parameters])


@pytest.mark.parametrize(
    ("cells", "headers", "expected"),
    [
        (Cells("交流电压表", "交流电压", "10mV～1000V(40Hz～1kHz)"),
         Cells(), ("voltage", ["voltage"], ["frequency"])),
        (Cells("水表", "流量", "DN15～DN50\n(0.03～30)m³/h"),
         Cells(), ("flow_volume", ["flow_volume"], ["nominal_diameter"])),
        (Cells("频谱分析仪", "频率", "9kHz～26.5GHz"), Cells(), ("frequency", ["frequency"], [])),
        (Cells("加速度计", "加速度", "(1～100)g\n20Hz～2kHz"),
         Cells(), ("acceleration", ["acceleration"], ["frequency"])),
        (Cells("千分尺", "示值误差", "0～25"), Cells(range="测量范围/mm"), ("length", ["length"], [])),
        (Cells("一等砝码", "质量", ""), Cells(), ("mass", [], [])),
        (Cells("冲击试验机", "冲击能量", "(0～450)N·m"), Cells(), ("energy", ["energy"], [])),
        (Cells("声级计", "声压级", "(20～140)dB，(10Hz～20kHz)"),
         Cells(), ("sound_pressure_level", ["sound_pressure_level"], ["frequency"])),
        (Cells("电导率仪、pH计", "pH", "1.68~12.46"), Cells(), ("ph", ["ph"], [])),
        (Cells("洛氏硬度计", "HRC", "20~67"), Cells(), ("hardness", ["hardness"], [])),
        (Cells("棉花测试仪（HVI）", "马克隆值", "2.5~6.0"), Cells(), (None, [], [])),
        (Cells("拉力机", "", "5 吨、500 公斤"), Cells(), ("force", ["force", "force"], [])),
        (Cells("称重传感器", "", "5 吨"), Cells(), ("mass", ["mass"], [])),
        (Cells("风压变送器", "压差", "±250 Pa"), Cells(), ("pressure", ["pressure"], [])),
    ],
)  # fmt: skip
def test_the_measured_quantity_and_its_parameters(cells, headers, expected):
    assert facts(read_line(cells, headers=headers)) == expected


def test_the_heading_gives_k_and_unit_of_the_uncertainty():
    line = read_line(Cells("卡尺", "长度", "(0～300)mm", "10～20"), headers=Cells(accuracy="扩展不确定度 U/μm（k=2）"))
    assert [(item.kind, str(item.low), str(item.high), str(item.k)) for item in line.accuracy] == [
        ("uncertainty", "0.000010", "0.000020", "2")
    ]


def test_a_plain_value_in_the_cell_of_accuracy_is_an_error_limit():
    line = read_line(Cells("压力表", "压力", "0～60MPa", "0.1%FS"))
    assert [(item.kind, item.reference) for item in line.accuracy] == [("mpe", "fs")]


def test_tonnes_of_a_tensile_tester_are_their_weight():
    line = read_line(Cells("万能试验机", "力值", "(1~5) t"))
    assert [(str(item.low), str(item.high), item.si_unit) for item in line.ranges] == [
        ("9806.65000", "49033.25000", "N")
    ]


def test_a_bare_uncertainty_takes_the_scale_of_its_line():
    line = read_line(Cells("pH计", "pH", "0~14", "U=0.03 (k=2)"), headers=Cells(accuracy="扩展不确定度"))
    assert [(item.quantity, str(item.low), item.relative) for item in line.accuracy] == [("ph", "0.03", False)]


def test_conditions_are_kept_apart():
    line = read_line(Cells("量块", "长度", "(0.5～100)mm", "U=0.1μm", "温度(20±1)℃，湿度≤65%RH"))
    assert [(item.quantity, item.role) for item in line.conditions] == [
        ("temperature", Role.CONDITION), ("relative_humidity", Role.CONDITION),
    ]  # fmt: skip


def test_the_note_adds_what_is_said_of_other_quantities():
    line = read_line(Cells("交流电压表", "交流电压", "10mV～1000V", note="频率：40Hz～1kHz，共 3 台，100V 档"))
    assert [(item.raw, item.role) for item in line.conditions] == [("40Hz～1kHz", Role.CONDITION)]


def test_codes_come_from_every_cell():
    line = read_line(Cells("量块 JJG 146-2011", "长度", "(0.5～100)mm", codes="JJG146-2011\nGB/T 6093-2001"))
    assert line.codes == ("JJG 146-2011", "GB/T 6093-2001")


def test_what_could_not_be_read_is_named():
    assert read_line(Cells("传感器", "灵敏度", "5 mV/foo")).unread == ("5 mV/foo",)


def test_a_line_survives_json():
    line = read_line(Cells("坐标测量机", "长度", "(0～1500)mm", "MPE±(1.9+L/300)μm", codes="JJF 1064-2010"))
    assert from_json(Line, to_json(line)) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我司有2台0~150mm游标卡尺（分度值0.02mm）需检定，要求2024年6月前完成",
         [("游标卡尺", "0~150mm", "分度值0.02mm", "")]),
        ("高低温试验箱 -40℃到150℃，温度偏差不超过±2℃，湿度20%RH~98%RH，偏差±3%RH",
         [("高低温试验箱", "-40℃到150℃", "偏差不超过±2℃", ""),
          ("高低温试验箱", "20%RH~98%RH", "偏差±3%RH", "")]),
        ("需对0.05级数字压力计(0~60MPa)进行校准，按JJG 875-2019",
         [("数字压力计", "(0~60MPa)", "0.05级", "JJG 875-2019")]),
        ("压力表0~60MPa，1.6级。\n扭矩扳手20~200N·m，精度±4%",
         [("压力表", "0~60MPa", "1.6级", ""), ("扭矩扳手", "20~200N·m", "精度±4%", "")]),
        ("想了解贵院的培训安排", []),
        # What names the device, the plant or the signal is not asked for.
        ("压力变送器 8 只，量程 0～100 MPa，输出 4~20 mA，允差 ±0.1 %FS",
         [("压力变送器", "0～100 MPa", "允差 ±0.1 %FS", "")]),
        ("160 MPa 数字压力表 0.05级\n数字压力表一块，量程 0～160 MPa，0.05级",
         [("数字压力表", "0～160 MPa", "0.05级", "")]),
        ("分析天平（220 g，用到 200 g），最大允许误差 ±0.5 mg，称量范围 0～200 g",
         [("分析天平", "0～200 g", "最大允许误差 ±0.5 mg", "")]),
        ("直流分压器 ±800 kV，50～800 kV 现场校，±0.2%", [("直流分压器", "50～800 kV", "±0.2%", "")]),
        ("电子天平 30kg/0.1g，0～30 kg，允差 ±0.3 g", [("电子天平", "0～30 kg", "分度值0.1g、允差 ±0.3 g", "")]),
        ("质量流量计 3 台，介质稠油，黏度 300~400 mPa·s，50～300 t/h，允差 ±0.5 %",
         [("质量流量计", "50～300 t/h", "允差 ±0.5 %", "")]),
        ("DO 仪 4 台，0~20 ppm", [("DO 仪", "0~20 mg/L", "", "")]),
        ("铷原子频率标准，10 MHz 输出，频率准确度 U ≤ 5×10-13", [("铷原子频率标准", "10 MHz", "U ≤ 5×10-13", "")]),
    ],
)  # fmt: skip
def test_lines_are_suggested_from_a_need_in_plain_words(text, expected):
    lines = split_lines(text)
    assert [(line.cells.object, line.cells.range, line.cells.accuracy, line.cells.codes) for line in lines] == expected


def test_what_has_a_wavelength_is_the_power_of_light():
    line = read_line(Cells("激光功率计", "功率", "0.5～6 kW、波长 1070 nm"))
    assert (line.quantity, [item.quantity for item in line.parameters]) == ("optical_power", ["wavelength"])


def test_direct_current_is_read_from_its_abbreviation():
    assert [line.cells.measurand for line in split_lines("万用表两台，只关心 DCV：100 mV–1000 V")] == ["直流电压"]
