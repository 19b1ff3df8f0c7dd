"""The fourteen worked examples of the measurement rule, then more from every discipline, computed by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest

from matching.engine.facts import Cells, Line, Verdict, from_json, to_json
from matching.engine.judging import judge_line, judge_pair
from matching.engine.lines import read_line
from matching.engine.verdicts import Assumption, Band, LineVerdict, PairVerdict, Reason
from tests.matching.engine.by_hand import (
    grade,
    line,
    mpe,
    mpe_formula,
    mpe_rel,
    points,
    resolution,
    span,
    u,
    u_formula,
    u_rel,
)

PASS, PARTIAL, FAIL, UNKNOWN = Verdict.PASS, Verdict.PARTIAL, Verdict.FAIL, Verdict.UNKNOWN
FOUR = Decimal(4)
CMM_MPE = mpe_formula("±(1.5+L/350) μm", "m", a="1.5e-6", b=str(Decimal(1) / 350000))


def checks(verdict):
    """The overall verdict and those of coverage and uncertainty."""
    return verdict.verdict, verdict.coverage.verdict, verdict.uncertainty.verdict


def shown(number, places=2):
    """A number rounded for comparison with a sum done by hand."""
    return None if number is None else round(float(number), places)


def gaps(check, offset=0.0, factor=1.0):
    """The uncovered pieces in the unit of the example."""
    return [
        (shown(float(one.low) / factor - offset), shown(float(one.high) / factor - offset)) for one in check.uncovered
    ]


# --- The fourteen examples -----------------------------------------------------------------------------------


def test_example_1_a_coordinate_measuring_machine_needs_the_better_institute():
    need = line("length", span("0", "500", "mm", "length"), CMM_MPE)
    first = line("length", span("0", "2000", "mm", "length"), u_formula("U=0.6μm+1.5×10⁻⁶L", "m", a="6e-7", b="1.5e-6"))
    second = line("length", span("0", "2000", "mm", "length"), u_formula("U", "m", a="2e-7", b="8e-7"))

    # L = 0: 1.5/0.6 = 2.50; L = 500 mm: MPE = 1.5 + 500/350 = 2.929 µm, U = 0.6 + 0.75 = 1.35 µm, 2.929/1.35 = 2.17.
    verdict = judge_line(need, [first])
    assert checks(verdict) == (FAIL, PASS, FAIL)
    assert [shown(end.quotient * 3) for end in verdict.uncertainty.ends] == [2.50, 2.17]
    assert shown(verdict.uncertainty.tur) == 2.17
    assert verdict.uncertainty.band is Band.GUARD_BAND
    assert shown(verdict.uncertainty.worst.required * 10**6, 3) == 0.976

    # 1.5/0.2 = 7.5; 2.929/0.6 = 4.88.
    verdict = judge_line(need, [second])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert [shown(end.quotient * 3) for end in verdict.uncertainty.ends] == [7.5, 4.88]
    assert checks(judge_line(need, [second], ratio=FOUR)) == (PASS, PASS, PASS)


@pytest.mark.parametrize(("ratio", "required"), [(Decimal(3), 10.0), (FOUR, 7.5)])
def test_example_2_a_pressure_gauge_of_class_0_05(ratio, required):
    # Class 0.05 of 60 MPa is ±30 kPa; 0.012 % of 60 MPa is 7.2 kPa; 30/7.2 = 4.17.
    need = line("pressure", span("0", "60", "MPa", "pressure"), grade("0.05"), object="数字压力计")
    row = line("pressure", span("0", "60", "MPa", "pressure"), u_rel("0.012"))
    verdict = judge_line(need, [row], ratio=ratio)
    assert checks(verdict) == (PASS, PASS, PASS)
    assert shown(verdict.uncertainty.worst.required / 1000) == required
    assert shown(verdict.uncertainty.worst.offered / 1000) == 7.2
    assert shown(verdict.uncertainty.tur) == 4.17


def test_example_3_a_chamber_is_covered_to_76_per_cent():
    # Covered −40…150 of −70…180 ℃: 190/250 = 0.76. TUR 2/0.3 = 6.67.
    need = line("temperature", span("-70", "180", "℃", "temperature"), mpe("2", "℃"))
    row = line("temperature", span("-40", "150", "℃", "temperature"), u("0.3", "℃"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PARTIAL, PARTIAL, PASS)
    assert verdict.coverage.share == pytest.approx(0.76)
    assert gaps(verdict.coverage, 273.15) == [(-70, -40), (150, 180)]
    assert shown(verdict.uncertainty.tur, 1) == 6.7


@pytest.mark.parametrize(
    ("quantity", "unit", "need", "offered", "linear", "log"),
    [
        # (18 − 0.000009)/(26.5 − 0.000009) = 0.6792; ln(18e9/9e3)/ln(26.5e9/9e3) = 14.509/14.895 = 0.9740.
        ("frequency", "Hz", ("9e3", "26.5e9"), ("10", "18e9"), 0.6792, 0.9740),
        # 1 − 0.099/1e5 = 0.999999; six of eight decades.
        ("pressure", "Pa", ("1e-3", "1e5"), ("1e-1", "1e5"), 0.999999, 0.75),
    ],
)
def test_example_4_wide_ranges_are_measured_by_decades(quantity, unit, need, offered, linear, log):
    verdict = judge_line(
        line(quantity, span(*need, unit, quantity)), [line(quantity, span(*offered, unit, quantity), u_rel("1"))]
    )
    assert verdict.coverage.linear == pytest.approx(linear, abs=1e-4)
    assert verdict.coverage.share == verdict.coverage.log == pytest.approx(log, abs=1e-4)
    assert verdict.coverage.verdict is PARTIAL


def test_example_5_a_weight_of_class_e2():
    # R 111: E2 1 kg ±1.6 mg; 1.6/3 = 0.533 mg; TUR 1.6/0.3 = 5.33.
    need = line("mass", points(["1"], "kg", "mass"), grade("E2"), object="砝码")
    row = line("mass", span("1e-6", "20", "kg", "mass"), u("0.3", "mg"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert shown(verdict.uncertainty.worst.required * 10**6, 3) == 0.533
    assert shown(verdict.uncertainty.tur, 1) == 5.3


def test_example_6_a_platinum_thermometer_counts_in_celsius():
    # Class A at 200 ℃: 0.15 + 0.002·200 = 0.55 ℃, over 3 = 0.1833; in kelvin it would be 0.15 + 0.946 = 1.096.
    need = line("temperature", points(["200"], "℃", "temperature"), grade("A"), object="Pt100 铂热电阻")
    row = line("temperature", span("0", "300", "℃", "temperature"), u("0.05", "℃"))
    verdict = judge_line(need, [row])
    assert shown(verdict.uncertainty.worst.required * 3, 3) == 0.55
    assert shown(verdict.uncertainty.tur, 1) == 11.0


def test_example_7_torque_is_not_energy():
    # ±4 % against 1 %: TUR 4.0 all over.
    need = line("torque", span("20", "200", "N·m", "torque"), mpe_rel("4"))
    wrench = line("torque", span("2", "500", "N·m", "torque"), u_rel("1"))
    hammer = line("energy", span("0", "450", "J", "energy"), u("1", "J"))
    verdict = judge_line(need, [wrench])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert (shown(verdict.uncertainty.tur), verdict.uncertainty.band) == (4.0, Band.FOUR_TO_ONE)
    refused = judge_line(need, [hammer])
    assert (refused.verdict, refused.kind.verdict, refused.reason) == (FAIL, FAIL, Reason.KIND_DIFFERS)


def test_example_8_humidity_misses_the_third():
    # 3 %RH / 3 = 1.0 %RH against 1.2 %RH: TUR 2.5.
    need = line("relative_humidity", span("20", "90", "%RH", "relative_humidity"), mpe("3", "%RH"))
    row = line("relative_humidity", span("10", "95", "%RH", "relative_humidity"), u("1.2", "%RH"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (FAIL, PASS, FAIL)
    assert shown(verdict.uncertainty.worst.required * 100) == 1.0
    assert (shown(verdict.uncertainty.tur), verdict.uncertainty.band) == (2.5, Band.GUARD_BAND)


def test_example_9_a_capability_without_uncertainty_is_unknown():
    need = line("length", span("0", "300", "mm", "length"), mpe("0.02", "mm"))
    row = line("length", span("0", "500", "mm", "length"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (UNKNOWN, PASS, UNKNOWN)
    assert verdict.uncertainty.reason is Reason.OFFERED_ACCURACY_UNSTATED
    assert verdict.share == 0


def test_example_10_k_3_is_brought_to_k_2():
    # 2·1.2/3 = 0.8 µm ≤ 1 µm.
    need = line("length", span("0", "100", "mm", "length"), u("1", "μm"))
    row = line("length", span("0", "100", "mm", "length"), u("1.2", "μm", k="3"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert verdict.uncertainty.worst.offered == Decimal("8E-7")
    assert verdict.uncertainty.tur is None


def test_example_11_full_scale_against_reading_suffices_from_60_per_cent_on():
    # U = 0.1 % of 100 = 0.1; U_req = 0.5 % x / 3 ≥ 0.1 from x = 60 on: (100 − 60)/(100 − 10) = 0.444.
    need = line("pressure", span("10", "100", "kPa", "pressure"), mpe_rel("0.5"))
    row = line("pressure", span("0", "100", "kPa", "pressure"), u_rel("0.1", reference="fs"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PARTIAL, PASS, PARTIAL)
    assert verdict.uncertainty.share == pytest.approx(40 / 90)
    assert [(shown(one.low), shown(one.high)) for one in verdict.uncertainty.insufficient] == [(10_000, 60_000)]
    assert shown(verdict.uncertainty.worst.offered / verdict.uncertainty.worst.at, 3) == 0.01


def test_example_12_levels_are_compared_in_decibels():
    # 110/120 = 0.9167; worst 1.5/0.18 = 8.33.
    need = line("power_level", span("-110", "10", "dBm", "power_level"), mpe("1.5", "dB"))
    row = line("power_level", span("-130", "0", "dBm", "power_level"), u("0.04", "dB", to="0.18"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PARTIAL, PARTIAL, PASS)
    assert (shown(verdict.coverage.share, 4), verdict.coverage.log) == (0.9167, None)
    assert shown(verdict.uncertainty.tur, 1) == 8.3


def test_example_13_an_asymmetric_tolerance_counts_by_its_width():
    # (0.02 + 0.01)/(2·0.004) = 3.75.
    need = line("length", points(["25"], "mm", "length"), mpe("-0.01", "mm", high="0.02"))
    row = line("length", span("0", "100", "mm", "length"), u("0.004", "mm"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert (shown(verdict.uncertainty.tur), verdict.uncertainty.band) == (3.75, Band.ONE_THIRD)


def test_example_14_the_full_scale_term_rules_the_low_end():
    # 10 mV: 0.0005·0.01 + 0.0001·1000 = 0.100005 V; 1000 V: 0.5 + 0.1 = 0.6 V.
    multimeter = mpe_formula("±(0.05%RD+0.01%FS)", "1", b="0.0005", c="0.0001")
    need = line("voltage", span("0.01", "1000", "V", "voltage"), multimeter, measurand="直流电压")
    row = line("voltage", span("0.001", "1000", "V", "voltage"), u("0.01", "V"), measurand="直流电压")
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert [shown(end.required * 3, 6) for end in verdict.uncertainty.ends] == [0.100005, 0.6]


# --- From every discipline -----------------------------------------------------------------------------------


def bad(verdict, factor=1.0, offset=0.0):
    """Where the uncertainty does not suffice, in the unit of the example."""
    found = verdict.uncertainty.insufficient
    return [(shown(float(one.low) / factor - offset), shown(float(one.high) / factor - offset)) for one in found]


def test_callipers_with_an_error_per_range():
    # 0~200 mm ±0.02: U_req 6.667 µm; 200~500 mm ±0.05: 16.667 µm. U = 5 µm + 20e-6 L: 200 mm 9 µm, 500 mm 15 µm.
    # 5 + 20 L = 6.667 at L = 83.3 mm, so 83.3~200 mm fails: (500 − 116.67)/500 = 0.7667.
    ranges = (span("0", "200", "mm", "length"), span("200", "500", "mm", "length"))
    need = line("length", ranges, mpe("0.02", "mm"), mpe("0.05", "mm"), object="游标卡尺")
    row = line("length", span("0", "500", "mm", "length"), u_formula("U", "m", a="5e-6", b="20e-6"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PARTIAL, PASS, PARTIAL)
    assert verdict.uncertainty.share == pytest.approx(0.766667, abs=1e-6)
    assert bad(verdict, 1e-3) == [(83.33, 200.0)]


def test_gauge_blocks_of_grade_1_step_up_with_length():
    # Grade 1: 0.20 µm up to 10 mm, 0.60 µm at 100 mm; over 3: 0.0667 and 0.2. U = 0.05 µm + 1e-6 L:
    # 10 mm 0.06 (TUR 3.33), 100 mm 0.15 (TUR 4.0).
    need = line("length", points(["10", "100"], "mm", "length"), grade("1"), object="量块")
    row = line("length", span("0.5", "100", "mm", "length"), u_formula("U", "m", a="5e-8", b="1e-6"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert [shown(end.quotient * 3) for end in verdict.uncertainty.ends] == [3.33, 4.0]


def test_roundness_is_a_form_and_only_part_of_a_length():
    need = line("roundness", span("0", "100", "μm", "roundness"), mpe("1", "μm"))
    row = line("form", span("0", "500", "μm", "form"), u("0.1", "μm"))
    verdict = judge_line(need, [row])
    assert (verdict.kind.verdict, verdict.verdict, verdict.reason) == (PARTIAL, PARTIAL, Reason.KIND_PART)
    assert verdict.share == 0.5


def test_a_root_of_squares_is_compared_on_a_grid():
    # U = √(0.3² + (1.2 L)²) µm; U_req = 0.5 µm + 0.5e-6 L. Equal: 0.09 + 1.44 L² = 0.25 + 0.5 L + 0.25 L²,
    # 1.19 L² − 0.5 L − 0.16 = 0, L = (0.5 + √(0.25 + 0.7616))/2.38 = 0.632682 m.
    need = line("length", span("0", "1", "m", "length"), u_formula("U", "m", a="5e-7", b="5e-7"))
    row = line("length", span("0", "1", "m", "length"), u_formula("U", "m", a="3e-7", b="1.2e-6", combine="rss"))
    verdict = judge_line(need, [row])
    assert verdict.uncertainty.share == pytest.approx(0.632682, abs=1e-6)
    assert bad(verdict) == [(0.63, 1.0)]


def test_weights_of_class_f1_over_their_whole_set():
    # R 111 F1: 1 mg ±0.020 mg, 500 g ±2.5 mg; over 3: 0.0067 and 0.833. U 0.006~0.8 mg in written order: the line
    # lies under the table at the ends only: at 100 g U = 0.006 + 0.2·0.794 = 0.1648, F1 0.5/3 = 0.1667 fits;
    # at 10 g 0.0219 against 0.0667 fits, at 200 g 0.3236 against 0.3333 fits.
    need = line("mass", span("1", "500000", "mg", "mass"), grade("F1"), object="F1级砝码")
    row = line("mass", span("1", "500000", "mg", "mass"), u("0.006", "mg", to="0.8"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (PASS, PASS, PASS)
    assert Assumption.INTERPOLATED in verdict.assumptions
    assert verdict.uncertainty.source == "OIML R 111-1:2004（JJG 99-2022）"


def test_a_descending_list_belongs_to_its_written_order():
    # Urel 2.3~0.5 % over 1~10 N·m: 2.3 % at 1, 0.5 % at 10; required 6 %/3 = 2 % all over.
    # r(x) = 2.3 − 0.2 (x − 1) = 2 at x = 2.5: (10 − 2.5)/9 = 0.8333.
    need = line("torque", span("1", "10", "N·m", "torque"), mpe_rel("6"))
    row = line("torque", span("1", "10", "N·m", "torque"), u_rel("2.3", to="0.5"))
    verdict = judge_line(need, [row])
    assert verdict.uncertainty.share == pytest.approx(7.5 / 9)
    assert bad(verdict) == [(1.0, 2.5)]
    # Both written downwards: 0.5 % belongs to 1 N·m again.
    swapped = line("torque", span("1", "10", "N·m", "torque", descending=True), u_rel("2.3", to="0.5"))
    assert bad(judge_line(need, [swapped])) == [(8.5, 10.0)]


def test_a_list_beside_several_ranges_is_unclear_between_its_ends():
    ranges = (
        span("0", "10", "kPa", "pressure"),
        span("10", "100", "kPa", "pressure"),
        span("100", "200", "kPa", "pressure"),
    )
    row = line("pressure", ranges, u("5", "Pa", to="20"))
    wide = span("0", "200", "kPa", "pressure")
    # MPE 75 Pa asks for 25 Pa ≥ 20; 30 Pa for 10, between; 12 Pa for 4 < 5.
    verdicts = [judge_line(line("pressure", wide, mpe(error, "Pa")), [row]) for error in ("75", "30", "12")]
    assert [verdict.uncertainty.verdict for verdict in verdicts] == [PASS, UNKNOWN, FAIL]
    assert verdicts[1].uncertainty.reason is Reason.UNDECIDED


def test_rows_with_their_own_uncertainty_form_a_union():
    # 0~10 kN 0.05 %, 10~100 kN 0.3 %; need ±0.5 % → 0.1667 %: sufficient up to 10 kN of 1~100 kN.
    need = line("force", span("1", "100", "kN", "force"), mpe_rel("0.5"))
    rows = [
        line("force", span("0", "10", "kN", "force"), u_rel("0.05")),
        line("force", span("10", "100", "kN", "force"), u_rel("0.3")),
    ]
    verdict = judge_line(need, rows)
    assert (verdict.coverage.verdict, verdict.uncertainty.verdict, verdict.rows) == (PASS, PARTIAL, (0, 1))
    # One of two decades.
    assert verdict.uncertainty.share == pytest.approx(0.5)
    assert bad(verdict, 1000) == [(10.0, 100.0)]


def test_a_testing_machine_of_class_1_counts_by_the_reading():
    # ±1 % of the reading over 3 = 0.333 % against 0.3 %: TUR 3.33.
    need = line("force", span("2", "200", "kN", "force"), grade("1"), object="材料试验机")
    verdict = judge_line(need, [line("force", span("1", "300", "kN", "force"), u_rel("0.3"))])
    assert (verdict.verdict, shown(verdict.uncertainty.tur)) == (PASS, 3.33)


def test_a_class_without_a_table_is_unknown():
    need = line("sound_pressure_level", span("30", "130", "dB", "sound_pressure_level"), grade("2"), object="声级计")
    row = line("sound_pressure_level", span("20", "140", "dB", "sound_pressure_level"), u("0.4", "dB"))
    verdict = judge_line(need, [row])
    assert checks(verdict) == (UNKNOWN, PASS, UNKNOWN)
    assert verdict.uncertainty.reason is Reason.CLASS_NOT_IN_TABLE


def test_the_class_of_a_standard_is_no_uncertainty():
    need = line("pressure", span("0", "6", "MPa", "pressure"), mpe("0.1", "MPa"))
    verdict = judge_line(
        need, [line("pressure", span("0", "60", "MPa", "pressure"), grade("0.02"), object="活塞压力计")]
    )
    assert verdict.uncertainty.reason is Reason.OFFERED_ACCURACY_UNSTATED


def test_a_relative_requirement_starts_at_one_per_cent_of_the_range():
    # ±1 % over 3 against U = 2 kPa: x ≥ 600 kPa; from x0 = 10 kPa on: (1000 − 600)/(1000 − 10) = 0.40404.
    need = line("pressure", span("0", "1", "MPa", "pressure"), mpe_rel("1"))
    verdict = judge_line(need, [line("pressure", span("0", "10", "MPa", "pressure"), u("2", "kPa"))])
    assert verdict.uncertainty.start == 10_000
    assert verdict.uncertainty.share == pytest.approx(400 / 990)
    assert bad(verdict, 1000) == [(10.0, 600.0)]
    assert Assumption.ZERO_LEFT_OUT in verdict.assumptions


def test_the_digits_of_a_multimeter_need_its_resolution():
    # ±(0.5 % + 2 digits), d = 0.1 V: MPE at 100 V = 0.5 + 0.2 = 0.7 V; over 3 = 0.2333 V.
    error = mpe_formula("±(0.5%+2字)", "V", b="0.005", digits="2")
    row = line("voltage", span("0", "1000", "V", "voltage"), u("0.1", "V"), measurand="直流电压")
    place = points(["100"], "V", "voltage")
    unknown = judge_line(line("voltage", place, error, measurand="直流电压"), [row])
    known = judge_line(line("voltage", place, error, resolution("0.1", "V"), measurand="直流电压"), [row])
    assert unknown.uncertainty.reason is Reason.DIGITS_UNSTATED
    assert shown(known.uncertainty.worst.required, 4) == 0.2333


def test_alternating_voltage_is_not_direct_voltage():
    need = line("voltage", span("1", "100", "V", "voltage"), mpe_rel("1"), measurand="交流电压")
    direct = line("voltage", span("0", "1000", "V", "voltage"), u_rel("0.01"), measurand="直流电压")
    plain = line("voltage", span("0", "1000", "V", "voltage"), u_rel("0.01"), measurand="电压")
    alternating = line("voltage", span("0", "1000", "V", "voltage"), u_rel("0.01"), measurand="交流电压")
    verdicts = [judge_line(need, [row]) for row in (direct, plain, alternating)]
    assert [verdict.parameters.verdict for verdict in verdicts] == [FAIL, UNKNOWN, PASS]
    assert [verdict.verdict for verdict in verdicts] == [FAIL, UNKNOWN, PASS]


def band(low, high):
    return span(low, high, "Hz", "frequency")


def ac(low, high, percent, *bands):
    return line("voltage", span(low, high, "V", "voltage"), u_rel(percent), parameters=bands, measurand="交流电压")


def test_the_box_of_voltage_and_frequency_is_a_union_over_rows():
    # Need 1~100 V (two decades) × 50~5000 Hz (two decades). Row 1: all V up to 500 Hz (one decade);
    # row 2: 1~10 V (one decade) over 500~5000 Hz. Box: 0.5 + 0.5·0.5 = 0.75.
    need = ac("1", "100", "1", band("50", "5000"))
    rows = [ac("0.1", "1000", "0.05", band("40", "500")), ac("0.1", "10", "0.05", band("500", "10000"))]
    verdict = judge_line(need, rows)
    assert (verdict.coverage.verdict, verdict.parameters.verdict) == (PASS, PARTIAL)
    assert verdict.parameters.share == pytest.approx(0.75)
    assert verdict.verdict is PARTIAL
    # One row alone is the product of its axes, 1 · 0.5.
    assert judge_line(need, rows[:1]).parameters.share == pytest.approx(0.5)


def test_a_parameter_that_one_side_leaves_out_is_unknown_and_shown():
    with_band, without = ac("1", "100", "1", band("50", "60")), ac("1", "100", "1")
    need_silent = judge_line(without, [ac("0.1", "1000", "0.05", band("40", "500"))])
    row_silent = judge_line(with_band, [ac("0.1", "1000", "0.05")])
    assert [verdict.verdict for verdict in (need_silent, row_silent)] == [UNKNOWN, UNKNOWN]
    silent = next(axis for axis in need_silent.parameters.axes if axis.quantity == "frequency")
    assert (silent.reason, silent.offered[0].low) == (Reason.NEED_PARAMETER_UNSTATED, 40)
    silent = next(axis for axis in row_silent.parameters.axes if axis.quantity == "frequency")
    assert silent.reason is Reason.OFFERED_PARAMETER_UNSTATED


def test_parameters_that_do_not_meet_fail():
    verdict = judge_line(ac("1", "100", "1", band("50", "60")), [ac("0.1", "1000", "0.05", band("1000", "5000"))])
    assert (verdict.parameters.verdict, verdict.verdict) == (FAIL, FAIL)


def test_each_band_of_frequency_has_its_own_uncertainty():
    # ±1 % asks for 0.333 %. 50~500 Hz 0.05 %, 500~5000 Hz 0.5 %: half of the two decades.
    need = ac("1", "100", "0.3333", band("50", "5000"))
    need = replace(need, accuracy=(mpe_rel("1"),))
    rows = [ac("1", "100", "0.05", band("50", "500")), ac("1", "100", "0.5", band("500", "5000"))]
    verdict = judge_line(need, rows)
    assert (verdict.parameters.verdict, verdict.uncertainty.verdict) == (PASS, PARTIAL)
    assert verdict.uncertainty.share == pytest.approx(0.5)


def test_nominal_points_are_counted():
    # 20, 50 and 100 Hz of 20, 50, 100 and 20000 Hz: 3/4.
    need = line("acceleration", points(["1", "5", "10", "200"], "m/s²", "acceleration"), mpe_rel("10"))
    row = line("acceleration", span("0.5", "100", "m/s²", "acceleration"), u_rel("2"))
    verdict = judge_line(need, [row])
    assert (verdict.coverage.share, verdict.coverage.scale.value) == (0.75, "points")
    assert verdict.verdict is PARTIAL


def test_a_need_with_one_end_must_be_reached_there():
    need = line("temperature", span("1600", None, "℃", "temperature", op=">="), mpe("9", "℃"))
    rows = [line("temperature", span("0", high, "℃", "temperature"), u("2", "℃")) for high in ("1700", "1500")]
    reached, missed = (judge_line(need, [row]) for row in rows)
    assert (reached.verdict, missed.verdict) == (PASS, FAIL)
    assert Assumption.OTHER_END_UNSTATED in reached.assumptions


def test_only_a_quantity_that_starts_at_zero_supplies_its_lower_end():
    # 吊秤 ≤ 2 t against 1~3 t: from 0 on half is covered.
    crane = line("mass", span(None, "2", "t", "mass", op="<="), mpe("2", "kg"))
    verdict = judge_line(crane, [line("mass", span("1", "3", "t", "mass"), u("0.1", "kg"))])
    assert (verdict.coverage.share, verdict.coverage.verdict) == (0.5, PARTIAL)
    assert Assumption.NEED_LOW_ZERO in verdict.assumptions
    cold = line("temperature", span(None, "-40", "℃", "temperature", op="<="), mpe("1", "℃"))
    verdict = judge_line(cold, [line("temperature", span("-60", "0", "℃", "temperature"), u("0.2", "℃"))])
    assert verdict.coverage.verdict is PASS
    assert Assumption.OTHER_END_UNSTATED in verdict.assumptions


def test_an_open_end_of_a_capability_is_not_held_against_it():
    need = line("force", span("100", "500", "kN", "force"), mpe_rel("1"))
    above = line("force", span("100", None, "kN", "force", op=">="), u_rel("0.1"))
    verdict = judge_line(need, [above])
    assert (verdict.coverage.verdict, verdict.coverage.reason) == (UNKNOWN, Reason.OFFERED_END_UNSTATED)
    below = line("force", span("10", "50", "kN", "force"), mpe_rel("1"))
    assert judge_line(below, [above]).verdict is FAIL


def test_touching_an_open_end_passes_with_a_note():
    need = line("length", span("500", "800", "mm", "length"), u("20", "μm"))
    row = line("length", span("500", "1000", "mm", "length", low_open=True), u("10", "μm"))
    verdict = judge_line(need, [row])
    assert (verdict.verdict, Assumption.OPEN_END_TOUCHED in verdict.assumptions) == (PASS, True)


def test_ends_agree_within_the_rounding_of_a_conversion():
    # 300 mmHg = 39.9967 kPa, 0.8e-4 short of 40 kPa.
    need = line("pressure", span("0", "40", "kPa", "pressure"), mpe("0.4", "kPa"))
    row = line("pressure", span("0", "300", "mmHg", "pressure"), u("0.05", "kPa"))
    assert judge_line(need, [row]).coverage.verdict is PASS


def test_hardness_scales_never_convert():
    need = line("hardness", span("20", "60", "HRC", "hardness"), mpe("1.5", "HRC"))
    brinell = line("hardness", span("100", "600", "HBW", "hardness"), u("1", "HBW"))
    rockwell = line("hardness", span("20", "70", "HRC", "hardness"), u("0.4", "HRC"))
    assert judge_line(need, [brinell]).reason is Reason.SCALE_DIFFERS
    # 1.5/0.4 = 3.75.
    assert shown(judge_line(need, [rockwell]).uncertainty.tur) == 3.75
    both = line("hardness", (*brinell.ranges, *rockwell.ranges), *brinell.accuracy, *rockwell.accuracy)
    assert shown(judge_line(need, [both]).uncertainty.tur) == 3.75


def test_ph_takes_absolute_uncertainty_only():
    need = line("ph", span("3", "10", "pH", "ph"), mpe("0.05", "pH"))
    absolute = line("ph", span("0", "14", "pH", "ph"), u("0.01", "pH"))
    relative = line("ph", span("0", "14", "pH", "ph"), u_rel("0.2"))
    # 0.05/0.01 = 5.
    assert (judge_line(need, [absolute]).verdict, shown(judge_line(need, [absolute]).uncertainty.tur)) == (PASS, 5.0)
    assert judge_line(need, [relative]).uncertainty.reason is Reason.UNITS_DIFFER


def test_watts_are_compared_with_levels_in_dbm():
    # 1 mW~1 W is 0~30 dBm; −10~20 dBm covers 20/30.
    need = line("power", span("0.001", "1", "W", "power"), mpe("1", "dB"))
    row = line("power_level", span("-10", "20", "dBm", "power_level"), u("0.2", "dB"))
    verdict = judge_line(need, [row])
    assert (verdict.kind.verdict, shown(verdict.coverage.share, 4)) == (PASS, 0.6667)
    assert shown(verdict.uncertainty.tur) == 5.0


def test_an_uncertainty_in_per_cent_of_a_quantity_in_per_cent_is_of_its_points():
    # EVM 2~20 %, U = 0.7 %, which is no Urel: ±3 % asks for 1.0 and is served; ±1.5 % for 0.5, ±0.03 % for 0.01.
    percent = replace(u_rel("0.7"), relative=None, reference=None)
    row = line("evm", span("0.02", "0.2", "1", "evm"), percent)
    errors = [Decimal(one) / 100 for one in ("3", "1.5", "0.03")]
    items = [replace(mpe("1", "1"), low=-error, high=error) for error in errors]
    verdicts = [judge_line(line("evm", span("0.02", "0.2", "1", "evm"), item), [row]) for item in items]
    assert [verdict.uncertainty.verdict for verdict in verdicts] == [PASS, FAIL, FAIL]


def test_a_tolerance_in_per_cent_of_a_range_in_per_cent_is_read_both_ways():
    # 2~20 %, ±3 %: points ask for 1.0, of the reading for 0.02~0.2. U = 0.7 serves the first, 0.01 both, 2 neither.
    need = replace(span("0.02", "0.2", "1", "evm"), unit="%")
    rows = [
        line("evm", span("0.02", "0.2", "1", "evm"), replace(u_rel(one), relative=None, reference=None))
        for one in ("0.7", "0.01", "2")
    ]
    verdicts = [judge_line(line("evm", need, mpe_rel("3")), [row]) for row in rows]
    assert [verdict.uncertainty.verdict for verdict in verdicts] == [UNKNOWN, PASS, FAIL]
    assert all(Assumption.PERCENT_AMBIGUOUS in verdict.assumptions for verdict in verdicts)


def test_dose_rate_is_measured_by_decades():
    # 1 µSv/h~1 Sv/h is six decades, 10 µSv/h~100 mSv/h four.
    need = line("dose_equivalent_rate", span("1e-6", "1", "Sv/h", "dose_equivalent_rate"), mpe_rel("30"))
    row = line("dose_equivalent_rate", span("1e-5", "0.1", "Sv/h", "dose_equivalent_rate"), u_rel("6"))
    verdict = judge_line(need, [row])
    assert verdict.coverage.share == pytest.approx(4 / 6)
    assert shown(verdict.uncertainty.tur) == 5.0


def test_thermocouples_take_the_larger_of_two_errors():
    # K class 1: max(1.5, 0.004·t): 1.5 at 300 ℃, 4.0 at 1000 ℃; U 0.6 ℃: TUR 2.5 and 6.67. Over 3: 0.5 and 1.333;
    # 0.004 t/3 = 0.6 at t = 450 ℃: (1000 − 450)/700 = 0.7857.
    need = line("temperature", span("300", "1000", "℃", "temperature"), grade("1"), object="K型热电偶")
    verdict = judge_line(need, [line("temperature", span("300", "1200", "℃", "temperature"), u("0.6", "℃"))])
    assert verdict.uncertainty.share == pytest.approx(550 / 700)
    assert bad(verdict, offset=273.15) == [(300, 450)]


def test_a_gas_detector_in_per_cent_of_full_scale():
    # ±5 % FS of 1000 µmol/mol is 50; over 3 16.67; Urel 2 % reaches 16.67 at 833: 0.8333.
    need = line("amount_fraction", span("0", "1000", "μmol/mol", "amount_fraction"), mpe_rel("5", "fs"))
    row = line("amount_fraction", span("0", "2000", "μmol/mol", "amount_fraction"), u_rel("2"))
    verdict = judge_line(need, [row])
    assert verdict.uncertainty.share == pytest.approx(0.833333, abs=1e-6)


def test_flow_meters_compare_by_nominal_diameter_too():
    # DN15~DN300 needed, DN15~DN100 offered: 85/285 of the box.
    size = {"unit": "mm", "quantity": "nominal_diameter"}
    need = line(
        "flow_volume", span("1", "10", "m³/h", "flow_volume"), mpe_rel("1"), parameters=[span("15", "300", **size)]
    )
    row = line(
        "flow_volume", span("0.5", "50", "m³/h", "flow_volume"), u_rel("0.2"), parameters=[span("15", "100", **size)]
    )
    verdict = judge_line(need, [row])
    assert verdict.share == pytest.approx(85 / 285)


# --- What is not said ----------------------------------------------------------------------------------------

LENGTH = span("0", "300", "mm", "length")


@pytest.mark.parametrize(
    ("need", "rows", "reason"),
    [
        (line("length", ()), [line("length", LENGTH, u("1", "μm"))], Reason.NEED_UNREAD),
        (line("length", LENGTH, u("1", "μm")), [], Reason.NO_ROWS),
        (line(None, ()), [line("length", LENGTH, u("1", "μm"))], Reason.NEED_UNREAD),
        (line("length", (), u("1", "μm")), [line("length", LENGTH, u("1", "μm"))], Reason.NEED_RANGE_UNSTATED),
        (line("length", LENGTH, u("1", "μm")), [line("length", (), u("1", "μm"))], Reason.OFFERED_RANGE_UNSTATED),
        (line("length", LENGTH), [line("length", LENGTH, u("1", "μm"))], Reason.NEED_ACCURACY_UNSTATED),
        (line("length", LENGTH, resolution("1", "μm")), [line("length", LENGTH, u("1", "μm"))], Reason.RESOLUTION_ONLY),
        (
            line("length", LENGTH, u("1", "μm")),
            [line(None, replace(LENGTH, quantity=None), u("1", "μm"))],
            Reason.KIND_UNSTATED,
        ),
    ],
)
def test_what_is_not_said_is_unknown_and_costs_nothing(need, rows, reason):
    verdict = judge_line(need, rows)
    assert (verdict.verdict, verdict.reason, verdict.share) == (UNKNOWN, reason, 0.0)


def test_an_unread_number_keeps_a_yes_back():
    need = line("length", LENGTH, mpe("0.02", "mm"))
    row = line("length", LENGTH, u("1", "μm"))
    unread = replace(need, unread=("5 foo",), cells=replace(need.cells, accuracy="±0.02 mm, 5 foo"))
    assert [judge_line(one, [row]).verdict for one in (need, unread)] == [PASS, UNKNOWN]
    assert judge_line(unread, [line("length", LENGTH, u("1", "mm"))]).verdict is FAIL


def test_rows_of_another_object_are_not_united():
    need = line("length", span("0", "500", "mm", "length"), mpe("0.05", "mm"), object="测长仪")
    rows = [
        line("length", span("0", "300", "mm", "length"), u("5", "μm"), object="卡尺"),
        line("length", span("300", "500", "mm", "length"), u("5", "μm"), object="千分尺"),
    ]
    verdict = judge_line(need, rows)
    assert (verdict.verdict, verdict.coverage.share, verdict.rows) == (PARTIAL, 0.6, (0,))
    assert Assumption.OBJECT_DIFFERS in verdict.assumptions


def test_a_row_of_the_named_measurand_is_preferred():
    need = line("length", span("0", "500", "mm", "length"), CMM_MPE, object="三坐标测量机", measurand="长度示值误差")
    probing = line(
        "length", span("0", "500", "mm", "length"), u("0.1", "μm"), object="坐标测量机", measurand="探测误差"
    )
    size = line("length", span("0", "900", "mm", "length"), u("0.8", "μm"), object="坐标测量机", measurand="长度")
    assert judge_line(need, [probing, size]).rows == (1,)


# --- Pairs ---------------------------------------------------------------------------------------------------


def test_wishes_do_not_decide_a_pair():
    good, wish = line("length", LENGTH, mpe("0.02", "mm")), line("length", LENGTH, mpe("1", "μm"))
    row = line("length", LENGTH, u("1", "μm"))
    both, one, none = (judge_pair([good, wish], [row], required=which) for which in ((True, True), (True, False), None))
    assert [pair.verdict for pair in (both, one, none)] == [FAIL, PASS, FAIL]
    assert (both.share, one.share, len(one.lines)) == (0.5, 1.0, 2)
    assert judge_pair([], [row]).verdict is UNKNOWN


def test_verdicts_survive_json():
    need = line("temperature", span("-70", "180", "℃", "temperature"), mpe("2", "℃"))
    rows = [line("temperature", span("-40", "150", "℃", "temperature"), u("0.3", "℃")), Line(need.cells)]
    pair = judge_pair([need, line("mass", ())], rows)
    assert from_json(PairVerdict, to_json(pair)) == pair
    assert from_json(LineVerdict, to_json(pair.lines[0])) == pair.lines[0]


def test_a_line_without_a_tolerance_counts_by_its_range_beside_one_that_has_one():
    width, height = Cells("示波器", "带宽", "DC~1 GHz"), Cells("示波器", "电压", "5 mV~5 V", "±3 %")
    rows = [read_line(Cells("示波器", "带宽", "DC~6 GHz", "Urel=5 %")),
            read_line(Cells("示波器", "电压", "2 mV~10 V", "Urel=0.5 %"))]  # fmt: skip
    verdicts = [judge_pair([read_line(cells) for cells in asked], rows).verdict for asked in ([width], [width, height])]
    assert verdicts == [Verdict.UNKNOWN, Verdict.PASS]


# --- What a row is for ---------------------------------------------------------------------------------------


def judge_cells(need, *rows):
    """The overall verdict of rows on a line, both as cells."""
    return judge_line(read_line(Cells(*need)), [read_line(Cells(*row)) for row in rows]).verdict


@pytest.mark.parametrize(("grade_asked", "verdict"), [("E1等级", FAIL), ("E2等级", PASS), ("M1等级", PASS)])
def test_a_row_up_to_a_class_does_not_serve_a_finer_one(grade_asked, verdict):
    need, row = ("砝码", "质量", "1 kg", grade_asked), ("砝码", "质量", "1 kg（E2等级及以下）", "U=0.1mg，k=2")
    assert judge_cells(need, row) is verdict


def test_the_row_counts_whose_range_names_the_object():
    plug = ("量规", "直径", "塞规φ(1～200) mm", "U=0.5μm，k=2")
    ring = ("量规", "内径", "环规φ(3～200) mm", "U=0.8μm，k=2")
    assert judge_cells(("校对环规", "长度", "φ6～φ150 mm", "±1.8 μm"), plug, ring) is FAIL


def test_the_width_of_a_line_is_no_height_of_a_step():
    need = ("线宽标准片", "长度", "20 nm～60 nm", "U≤1.5 nm，k=2")
    row = ("微纳测量", "台阶高度", "10 nm～100 nm", "U=1 nm，k=2")
    assert (judge_cells(need, row), judge_cells(need, ("微纳测量", "线宽", *row[2:]))) == (FAIL, PASS)


def test_a_band_alone_asks_for_whatever_is_measured_along_it():
    need = ("矢量网络分析仪", "频率", "100 MHz～18 GHz")
    near, far = (("矢量网络分析仪", "反射系数", f"(0～1)（{band}）") for band in ("45 MHz～50 GHz", "26.5 GHz～50 GHz"))
    assert (judge_cells(need, near), judge_cells(need, far)) == (UNKNOWN, FAIL)


def test_how_fast_a_facility_rises_leaves_nothing_open():
    row = ("动态压力传感器", "动态压力", "(0.1~100) MPa，上升时间 1 μs", "Urel=5 %，k=2")
    assert judge_cells(("压力传感器", "压力", "0.5～50 MPa", "U≤6 %，k=2"), row) is PASS


def test_at_220_volts_the_frequency_is_that_of_the_mains():
    row = ("功率表", "有功功率", "(0.5 W~60 kW)（45 Hz~65 Hz）", "Urel=0.03 %，k=2")
    assert judge_cells(("功率表", "功率", "1 W～1 kW", "±0.15%", "220 V"), row) is PASS
    assert judge_cells(("功率表", "功率", "1 W～1 kW", "±0.15%"), row) is UNKNOWN
