"""What is required and what is offered: laws, accuracy classes, k, full scale, written order."""

from dataclasses import replace
from decimal import Decimal

import pytest

from matching.engine.accuracy_classes import find_class_laws
from matching.engine.facts import Formula
from matching.engine.laws import Law, line_between
from matching.engine.sufficiency import band_of, decibel_as_ratio
from matching.engine.uncertainty import ground_of, offered_accuracy, required_accuracy
from matching.engine.verdicts import Assumption, Band, Basis, Interval, Reason
from tests.matching.engine.by_hand import (
    grade,
    line,
    mpe,
    mpe_formula,
    mpe_rel,
    resolution,
    span,
    u,
    u_formula,
    u_rel,
)

THREE = Decimal(3)


def si(low, high):
    return Interval(Decimal(low), Decimal(high))


def required(need, x, *ranges):
    """U_req at x, in SI, of the only bound that holds there."""
    requirement = required_accuracy(need, ground_of(need, ranges), THREE)
    laws = [law for bound in requirement.bounds for law in bound.laws if law.holds_over(Decimal(x), Decimal(x))]
    assert len(laws) == 1, requirement.reason
    return float(laws[0].at(Decimal(x)))


def offered(row, x, *ranges):
    """All U that the row may mean at x, in SI."""
    accuracy = offered_accuracy(row, ground_of(row, ranges))
    x = Decimal(x)
    return [float(law.at(x)) for bound in accuracy.bounds for law in bound.laws if law.holds_over(x, x)]


@pytest.mark.parametrize(
    ("name", "kind", "mark", "full_scale", "x", "error"),
    [
        # Per cent of full scale: 0.4 % of 1.6 MPa = 6.4 kPa; 0.1 % of 60 MPa = 60 kPa.
        ("精密压力表", "pressure", "0.4", "1.6e6", "0", 6400),
        ("压力变送器", "pressure", "0.1", "60e6", "1e6", 60_000),
        # Piston gauges: per cent of the reading, from a tenth of full scale on: 0.05 % of 6 and of 1 MPa.
        ("0.05级活塞式压力计", "pressure", "0.05", "10e6", "6e6", 3000),
        ("0.05级活塞式压力计", "pressure", "0.05", "10e6", "1e5", 500),
        # Per cent of the reading: 1 % of 50 kN, 3 % of 100 N·m, 0.2 % of 1 MJ.
        ("万能材料试验机", "force", "1", None, "50000", 500),
        ("扭矩扳手", "torque", "3", None, "100", 3),
        ("电能表", "energy", "0.2S", None, "1e6", 2000),
        # Transformer: ratio error 0.2 % at the rated current; earth tester: 5 % of full scale.
        ("电流互感器", "current", "0.2", None, "600", 1.2),
        ("电压互感器", "voltage", "0.5", None, "10000", 50),
        ("接地摇表", "resistance", "5", "100", "10", 5),
        # Extensometer: the larger of 1.5 µm and 0.5 %.
        ("引伸计", "length", "0.5", None, "0.0001", 1.5e-6),
        ("引伸计", "length", "0.5", None, "0.01", 5e-5),
        # R 111: E1 1 mg 0.003, E2 200 g 0.3, F1 20 kg 100, M1 5 kg 250 mg, M1-2 1000 kg 100 g.
        ("砝码", "mass", "E1", None, "1e-6", 3e-9),
        ("砝码", "mass", "E2", None, "0.2", 3e-7),
        ("F1级砝码", "mass", "f1", None, "20", 1e-4),
        ("砝码", "mass", "M1", None, "5", 2.5e-4),
        ("砝码", "mass", "M1-2", None, "1000", 0.1),
        # ISO 3650: grade 0 0.12 µm up to 10 mm, grade 2 0.8 µm up to 50 mm, grade K 4.2 µm up to 1 m.
        ("量块", "length", "0", None, "0.01", 1.2e-7),
        ("量块", "length", "2", None, "0.05", 8e-7),
        ("量块", "length", "K", None, "1", 4.2e-6),
        # IEC 60751: B at −50 ℃ 0.3 + 0.25; C at 400 ℃ 0.6 + 4.
        ("工业铂电阻", "temperature", "B", None, "223.15", 0.55),
        ("Pt100", "temperature", "C", None, "673.15", 4.6),
        # IEC 60584: S class 1 at 1500 ℃ 1 + 0.003·400; N class 2 at 200 ℃ 2.5; T class 1 at 300 ℃ 1.2.
        ("S型热电偶", "temperature", "Ⅰ", None, "1773.15", 2.2),
        ("热电偶（N型）", "temperature", "2级", None, "473.15", 2.5),
        ("T型热电偶", "temperature", "1", None, "573.15", 1.2),
    ],
)
def test_what_a_class_means_for_an_object(name, kind, mark, full_scale, x, error):
    laws, source = find_class_laws(name, kind, mark, full_scale and Decimal(full_scale))
    found = [float(law.at(Decimal(x))) for law in laws if law.holds_over(Decimal(x), Decimal(x))]
    assert source
    # A nominal value lies in both stretches beside it.
    assert found[:1] == found[-1:] == [pytest.approx(error)]


@pytest.mark.parametrize(
    ("name", "kind", "mark", "full_scale"),
    [
        ("声级计", "sound_pressure_level", "1", None),
        ("砝码", "mass", "0.5", None),
        ("砝码", "length", "E2", None),
        ("压力表", "pressure", "A", Decimal(10)),
        ("热电偶", "temperature", "1", None),
        ("量块", "length", "3等", None),
    ],
)
def test_a_class_that_is_not_in_the_tables_gives_nothing(name, kind, mark, full_scale):
    assert find_class_laws(name, kind, mark, full_scale) == ((), "")


def test_a_class_of_full_scale_without_full_scale_is_known_but_not_computed():
    assert find_class_laws("压力表", "pressure", "1.6", None) == ((), "JJG 52-2013")
    need = line("pressure", (), grade("1.6"), object="压力表")
    assert required_accuracy(need, ground_of(need, ()), THREE).reason is Reason.FULL_SCALE_UNSTATED


def test_a_compound_gauge_counts_its_span():
    # −0.1~2.4 MPa is a span of 2.5 MPa: 1.6 % is 40 kPa, a third 13.33 kPa.
    need = line("pressure", span("-0.1", "2.4", "MPa", "pressure"), grade("1.6"), object="压力真空表")
    assert required(need, "0", si("-1e5", "2.4e6")) == pytest.approx(40_000 / 3)


@pytest.mark.parametrize(
    ("need", "x", "expected"),
    [
        # U ≤ 1 µm at k = 3 is 2/3 µm at k = 2.
        (line("length", span("0", "1", "m", "length"), u("1", "μm", k="3")), "0.5", 2e-6 / 3),
        # ±0.02 mm over 3.
        (line("length", span("0", "1", "m", "length"), mpe("0.02", "mm")), "0.5", 2e-5 / 3),
        # −5~+10 g: 15/(2·3).
        (line("mass", span("0", "1", "kg", "mass"), mpe("-5", "g", high="10")), "0.5", 2.5e-3),
        # ±0.5 % of 0.4 kg over 3.
        (line("mass", span("0", "1", "kg", "mass"), mpe_rel("0.5")), "0.4", 0.002 / 3),
        # ±0.5 % of full scale 1 m over 3.
        (line("length", span("0", "1", "m", "length"), mpe_rel("0.5", "fs")), "0.1", 0.005 / 3),
        # ±(0.15 + 0.002·|t|) ℃ at −100 ℃: 0.35 over 3.
        (
            line(
                "temperature",
                span("-200", "200", "℃", "temperature"),
                mpe_formula("±(0.15+0.002|t|)℃", "K", a="0.15", b="0.002", zero="273.15"),
            ),
            "173.15",
            0.35 / 3,
        ),
    ],
)
def test_what_is_required(need, x, expected):
    assert required(need, x, si("0", "1")) == pytest.approx(expected)


def test_statements_are_taken_in_order_of_strength():
    everything = (resolution("1", "μm"), grade("0"), mpe("1", "μm"), u("1", "μm", k=None))
    found = []
    for count in (4, 3, 2, 1, 0):
        need = line("length", span("0", "10", "mm", "length"), *everything[:count], object="量块")
        requirement = required_accuracy(need, ground_of(need, (si("0", "0.01"),)), THREE)
        found.append((requirement.basis, requirement.reason, Assumption.NEED_K_ASSUMED in requirement.assumptions))
    assert found == [
        (Basis.UNCERTAINTY, None, True),
        (Basis.MPE, None, False),
        (Basis.ACCURACY_CLASS, None, False),
        (None, Reason.RESOLUTION_ONLY, False),
        (None, Reason.NEED_ACCURACY_UNSTATED, False),
    ]


ONE = si("0", "1")


@pytest.mark.parametrize(
    ("accuracy", "x", "expected"),
    [
        (u("0.5", "μm"), "0.3", [5e-7]),
        (u("1.2", "μm", k="3"), "0.3", [8e-7]),
        (u("1", "μm", k="1"), "0.3", [2e-6]),
        (u_formula("", "m", a="3e-7", b="1.5e-6"), "0.4", [9e-7]),
        # √(0.3² + 0.4²) = 0.5.
        (u_formula("", "m", a="3e-7", b="1e-6", combine="rss"), "0.4", [5e-7]),
        # √(0.3² + (0.4·1)²) with the second term of full scale 1 m.
        (u_formula("", "m", a="3e-7", c="4e-7", combine="rss"), "0.9", [5e-7]),
        (u_rel("0.02"), "0.5", [1e-4]),
        (u_rel("0.02", reference="fs"), "0.5", [2e-4]),
        # A bare percentage of a length can only be one of the reading.
        (replace(u_rel("0.02"), relative=None), "0.5", [1e-4]),
        # Halfway between 2 and 6 µm, and the other way round at a quarter.
        (u("2", "μm", to="6"), "0.5", [4e-6]),
        (u("6", "μm", to="2"), "0.25", [5e-6]),
        # 0.1~0.5 % of the reading: 0.2 % of 0.25.
        (u_rel("0.1", to="0.5"), "0.25", [5e-4]),
    ],
)
def test_every_form_is_brought_to_k_2(accuracy, x, expected):
    row = line("length", span("0", "1", "m", "length"), accuracy)
    assert offered(row, x, ONE) == pytest.approx(expected)


def test_each_uncertainty_holds_over_its_own_range():
    ranges = (span("0", "1", "m", "length"), span("1", "2", "m", "length"))
    row = line("length", ranges, u("1", "μm"), u("2", "μm"))
    places = (ONE, si("1", "2"))
    assert [offered(row, x, *places) for x in ("0.5", "1.5")] == [[1e-6], [2e-6]]
    one_range = line("length", ranges[:1], u("1", "μm"), u("2", "μm"))
    assert offered(one_range, "0.5", ONE) == [1e-6, 2e-6]


def test_two_nominal_points_take_a_list_in_written_order():
    ends = [span(value, value, "m", "length", nominal=True) for value in ("1", "0.5")]
    row = line("length", ends, u("2", "μm", to="6"))
    assert offered(row, "0.75", si("1", "1"), si("0.5", "0.5")) == pytest.approx([4e-6])
    assert offered(row, "1", si("1", "1"), si("0.5", "0.5")) == pytest.approx([2e-6])


@pytest.mark.parametrize(
    ("accuracy", "reason"),
    [
        (u("0", "μm"), Reason.OFFERED_ACCURACY_UNSTATED),
        (grade("0.02"), Reason.OFFERED_ACCURACY_UNSTATED),
        (mpe("1", "μm"), Reason.OFFERED_ACCURACY_UNSTATED),
        (u("0.3", "℃"), Reason.UNITS_DIFFER),
        (replace(u_formula("", "m"), formula=Formula(Decimal("-1"), Decimal("1"))), Reason.OFFERED_ACCURACY_UNSTATED),
        (replace(u("1", "μm"), low=None, high=None), Reason.OFFERED_ACCURACY_UNSTATED),
    ],
)
def test_what_is_no_uncertainty_is_silence(accuracy, reason):
    row = line("length", span("0", "1", "m", "length"), accuracy)
    found = offered_accuracy(row, ground_of(row, (ONE,)))
    assert (found.bounds, found.reason) == ((), reason)


def test_full_scale_counts_from_celsius_zero():
    # −50~150 ℃: full scale 150 ℃, span 200 ℃; 0.2 % are 0.3 and 0.4 ℃.
    row = line("temperature", span("-50", "150", "℃", "temperature"))
    ground = ground_of(row, (si("223.15", "423.15"),))
    assert (ground.full_scale, ground.span, ground.class_scale) == (150, 200, 200)


def test_laws_between_nodes():
    law = line_between(Decimal(1), Decimal(10), Decimal(3), Decimal(20))
    assert (law.at(Decimal(2)), law.holds_over(Decimal(1), Decimal(3)), law.holds_over(Decimal(0), Decimal(2))) == (
        15,
        True,
        False,
    )
    larger = Law(Decimal("1.5"), Decimal("0.004"), combine="max")
    assert Decimal(375) in larger.nodes
    assert Law(Decimal(0), Decimal("0.01")).vanishes_at == 0


@pytest.mark.parametrize(
    ("tur", "band"),
    [
        ("4", Band.FOUR_TO_ONE),
        ("3.99", Band.ONE_THIRD),
        ("3", Band.ONE_THIRD),
        ("2.99", Band.GUARD_BAND),
        ("1", Band.GUARD_BAND),
        ("0.99", Band.INSUFFICIENT),
    ],
)
def test_bands_of_the_ratio(tur, band):
    assert band_of(Decimal(tur)) is band


def test_decibels_as_ratios():
    # 10^0.018 − 1 = 0.0423, 10^0.009 − 1 = 0.0209.
    assert decibel_as_ratio(Decimal("0.18")) == (pytest.approx(0.0423, abs=1e-4), pytest.approx(0.0209, abs=1e-4))
