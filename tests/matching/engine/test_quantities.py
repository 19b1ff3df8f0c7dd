import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.engine.facts import Formula, Item, ItemKind, Reading, Role, from_json, to_json
from matching.engine.quantities import MOST_CHARACTERS, read
from matching.engine.report import check_cases, summary
from matching.engine.writing import write

CASES = Path(__file__).parents[1] / "cases"

# The signs of the trade, so that random texts look like measurements often enough to reach every pattern.
FRAGMENTS = [
    "0", "5", "25", "1.5", ".5", "10", "100", "1,000", "1e5", "1e999", "NaN", "inf", "~", "～", "-", "—", "…",
    "...", "至", "到", "±", "+/-", "+", "×", "/", "÷", "(", ")", "（", "）", "[", "]", "|", "√", "Q[", "²",
    "⁻³", "×10-6", "×104", "10⁻³", "mm", "μm", "kg", "g", "℃", "°C", "%RH", "%", "ppm", "mPa", "MPa",
    "V", "kV", "A", "Hz", "dB", "dBm", "N·m", "r/min", "°", "′", "″", "L", "L/250", "|t|", "%FS", "%RD",
    "字", "U=", "Urel=", "k=2", "p=95%", "MPE", "误差", "允差", "量程", "分辨力", "不确定度", "准确度等级",
    "级", "等", "E2", "Ⅲ", "JJG 52-2013", "DN15", "pH", "Pt100", "环境", "条件", "温度", "湿度", "三百",
    "万分之五", "天平", "≤", ">", "以上", "以下", "，", "、", "；", "。", "\n", " ", "元", "2024-05-06",
    "单位：mm", "/mm：", "\x00", "\ud800", "㎜", "℡", "ｋｇ",
]  # fmt: skip
texts = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
cases = sorted(CASES.glob("reading_*.jsonl"))


def facts(item: Item) -> dict:
    """What must survive writing, to 12 figures: all but the place, the spelling and the quantity of a ratio."""
    dropped = {"span", "raw", "unit", "role", "nominal"} | (
        {"quantity"} if item.si_unit == "1" and item.kind not in ("range", "limit") else set()
    )
    return {name: rounded(value) for name, value in to_json(item).items() if name not in dropped}


def rounded(value):
    if isinstance(value, dict):
        return {name: rounded(part) for name, part in value.items()}
    try:
        return f"{float(value):.12g}"
    except (TypeError, ValueError):
        return value


@pytest.mark.parametrize("path", cases, ids=lambda path: path.stem)
def test_worked_cases_are_read_exactly(path):
    outcomes = check_cases(path.read_text(encoding="utf-8").splitlines())
    wrong = [outcome.case["text"] for outcome in outcomes if not outcome.exact]
    assert len(wrong) <= len(outcomes) * 0.03, summary(outcomes) + "\n" + "\n".join(wrong)


@pytest.mark.parametrize("path", cases, ids=lambda path: path.stem)
def test_nothing_is_read_from_a_trap(path):
    outcomes = check_cases(path.read_text(encoding="utf-8").splitlines())
    assert [outcome.case["text"] for outcome in outcomes if outcome.is_trap and not outcome.exact] == []


@settings(deadline=None)
@given(texts)
@example("\ud800\x00" * 10)
@example("1e999999 mm ~ 10⁹⁹⁹ mm")
@example("9" * 5000 + " kg")
@example("±(" * 50 + "0.5%" + ")" * 50)
@example("U=Q[0.1,0.8L]")
def test_any_text_is_read_and_every_place_points_into_it(text):
    reading = read(text)
    for part in (*reading.items, *reading.unread):
        start, end = part.span
        assert 0 <= start <= end <= len(text)
        assert text[start:end] == part.raw


@settings(deadline=None)
@given(texts, texts)
def test_any_header_is_taken(text, header):
    assert isinstance(read(text, header=header), Reading)


@settings(deadline=None)
@given(texts)
def test_a_reading_survives_json(text):
    reading = read(text)
    assert from_json(Reading, json.loads(json.dumps(to_json(reading)))) == reading


@pytest.mark.parametrize("path", cases, ids=lambda path: path.stem)
def test_what_was_read_is_read_again_after_writing(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        for item in read(case["text"], header=case.get("header", "")).items:
            again = read(write(item)).items
            assert [facts(other) for other in again] == [facts(item)], (case["text"], write(item))


@settings(deadline=None)
@given(
    st.decimals("0.001", "9999", places=3), st.decimals("0.001", "9999", places=3),
    st.sampled_from(["mm", "kPa", "℃", "%RH", "kN", "N·m", "mL/min", "μSv/h", "dBm", "r/min", "mg/m³"]),
)  # fmt: skip
def test_any_range_is_the_same_after_writing(first, last, unit):
    (item,) = read(f"{first}~{last} {unit}").items
    (again,) = read(write(item)).items
    assert facts(again) == facts(item)


def test_spans_point_into_the_original_text():
    text = "量程（－４０～１５０）℃，U＝０.３㎜"
    assert [(item.raw, text[slice(*item.span)]) for item in read(text).items] == [
        ("（－４０～１５０）℃", "（－４０～１５０）℃"),
        ("U＝０.３㎜", "U＝０.３㎜"),
    ]


def test_a_long_text_is_read_up_to_a_bound_and_the_rest_is_listed():
    text = "5 kg。" * MOST_CHARACTERS
    reading = read(text)
    assert (reading.unread[-1].span, reading.items[0].raw) == ((MOST_CHARACTERS, len(text)), "5 kg")


@pytest.mark.parametrize(("text", "unread"), [("灵敏度 5 mV/foo", "5 mV/foo"), ("0.03 mm²/s²", "0.03 mm²/s²")])
def test_an_unknown_compound_unit_is_unread_and_not_its_first_part(text, unread):
    reading = read(text)
    assert (reading.items, [part.raw for part in reading.unread]) == ((), [unread])


def test_a_header_gives_unit_k_and_meaning():
    (item,) = read("0.3~0.8", header="扩展不确定度/μm（k=2）").items
    assert (item.kind, item.low, item.high, item.k) == (
        ItemKind.UNCERTAINTY,
        Decimal("3E-7"),
        Decimal("8E-7"),
        Decimal(2),
    )


def test_a_column_of_classes_holds_bare_grades():
    assert [(item.grade, item.op) for item in read("0.5、1.0\nE2\nⅢ级", header="准确度等级").items] == [
        ("0.5", None), ("1.0", None), ("E2", None), ("Ⅲ", None),
    ]  # fmt: skip


def test_a_celsius_formula_keeps_its_zero():
    (item,) = read("±(0.15+0.002|t|)℃").items
    assert item.formula == Formula(a=Decimal("0.15"), b=Decimal("0.002"), zero=Decimal("273.15"))


def test_digits_are_counted():
    (item,) = read("±(0.5%RD+2字)").items
    assert item.formula == Formula(b=Decimal("0.005"), digits=Decimal(2))


def test_surroundings_are_conditions():
    items = read("校准环境：温度(20±1)℃，湿度≤65%RH。测量范围0~25mm").items
    assert [(item.quantity, item.role) for item in items] == [
        ("temperature", Role.CONDITION), ("relative_humidity", Role.CONDITION), ("length", Role.MEASURAND),
    ]  # fmt: skip


def test_a_tolerance_of_a_workpiece_is_a_size_and_an_error():
    assert [(item.kind, item.low, item.high) for item in read("轴径φ50±0.02mm").items] == [
        (ItemKind.RANGE, Decimal("0.05"), Decimal("0.05")),
        (ItemKind.MPE, Decimal("-0.00002"), Decimal("0.00002")),
    ]


def test_per_cent_of_a_quantity_in_per_cent_is_left_open():
    assert [item.relative for item in read("误差矢量幅度 2%～20%，U=0.7%(k=2)").items] == [None, None]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("HV 200~800，±6 %", ("HV", 200, 800)),
        ("HRC25~65", ("HRC", 25, 65)),
        ("(95~650) HBW10/3000", ("HBW", 95, 650)),
        ("水表 DN20 100 只", ("m", 0.02, 0.02)),
        ("电压 5 mV/div~5 V/div", ("V", 0.005, 5)),
        ("300 cN", ("N", 3, 3)),
        ("甲烷 0~4 %CH₄", ("1", 0, 0.04)),
    ],
)
def test_a_number_keeps_its_own_unit(text, read_as):
    item = read(text).items[0]
    assert (item.si_unit, float(item.low), float(item.high)) == read_as


def test_a_formula_of_the_speed_has_the_speed_as_its_variable():
    formulas = [item.formula for item in read("误差 ±(0.2+0.06v) m/s，U=0.03 m/s+0.02v").items]
    assert [(float(formula.a), float(formula.b)) for formula in formulas] == [(0.2, 0.06), (0.03, 0.02)]
