"""What was read from a row, in words that people can check."""

import pytest

from providers.models import CapabilityLine
from providers.readings import Words, describe_line
from providers.services import read_capability_line


@pytest.mark.parametrize(
    ("instrument", "range_text", "uncertainty", "expected"),
    [
        ("游标卡尺", "(0~300) mm", "0.01 mm (k=2)", Words("长度", "0 mm ~ 300 mm", "U = 0.01 mm（k=2）")),
        ("数字压力计", "(0~60) MPa", "Urel=0.02 %~0.05 %", Words("压力", "0 MPa ~ 60 MPa", "Urel = 0.02 % ~ 0.05 %")),
        ("热电偶", "(-30~300) ℃", "U=0.5 ℃", Words("温度", "-30 °C ~ 300 °C", "U = 0.5 °C")),
        ("压力表", "(0~1) MPa", "准确度等级 0.4", Words("压力", "0 MPa ~ 1 MPa", "准确度等级 0.4")),
        ("量块", "≤100 mm", "U=0.2 μm+2×10⁻⁶L", Words("长度", "≤ 100 mm", "U = 0.2 μm + 2×10⁻⁶·x")),
        ("砝码", "1 kg", "最大允许误差 ±5 mg", Words("质量", "1 kg", "MPE ±5 mg")),
        ("粗糙度仪", "按客户要求", "见证书", Words("表面粗糙度", "", "")),
    ],
)
def test_a_reading_is_said_in_words(instrument, range_text, uncertainty, expected):
    row = CapabilityLine(range_text=range_text, uncertainty_text=uncertainty)
    words = describe_line(read_capability_line(instrument, row))
    assert words == expected
