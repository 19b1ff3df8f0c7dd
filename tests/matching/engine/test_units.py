import re
from decimal import Decimal

import pint
import pytest
import ucumvert
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine.units import KINDS, find_kind, find_unit, format_si, from_si, to_si, units

PINT = pint.UnitRegistry()
UCUM = ucumvert.get_ucum_parser()

# How pint names the atoms of UCUM that it spells in its own way.
PINT_ATOMS = {
    "Ao": "angstrom", "deg": "degree", "'": "arcminute", "''": "arcsecond", "har": "hectare", "Cel": "kelvin",
    "[degF]": "delta_degF", "[in_i]": "inch", "[ft_i]": "foot", "[mil_i]": "mil_length", "[mi_i]": "mile",
    "[nmi_i]": "nautical_mile", "[kn_i]": "knot", "[car_m]": "carat", "[lb_av]": "pound", "[oz_av]": "ounce",
    "[lbf_av]": "force_pound", "att": "technical_atmosphere", "mm[Hg]": "mmHg", "[in_i'Hg]": "inHg",
    "[in_i'H2O]": "(249.08891*Pa)", "m[H2O]": "(9806.65*Pa)",
    "cm[H2O]": "(98.0665*Pa)", "mm[H2O]": "(9.80665*Pa)", "[psi]": "psi", "cal_IT": "international_calorie",
    "kcal_IT": "(1000*international_calorie)", "[gal_us]": "gallon", "[HP]": "horsepower", "[g]": "standard_gravity",
    "m[g]": "(0.001*standard_gravity)", "G": "(0.0001*tesla)", "mG": "(1e-7*tesla)", "kG": "(0.1*tesla)",
    "Oe": "(79.57747154594767*A/m)", "mOe": "(0.07957747154594767*A/m)", "kOe": "(79577.47154594767*A/m)",
    "R": "(2.58e-4*C/kg)", "mR": "(2.58e-7*C/kg)", "mCel": "millikelvin", "[diop]": "(1/m)", "mcd": "millicandela",
    "[ppth]": "0.001", "[ppm]": "1e-6", "[ppb]": "1e-9", "[pptr]": "1e-12", "%": "0.01", "10*-6": "1e-6",
}  # fmt: skip
# Kinds whose own unit is kept where SI would have another: the scale pH, and ageing per day.
OWN_SCALE = {"[pH]", "1/d"}


def as_pint(code):
    """The unit of a UCUM code in pint's base units."""
    code = re.sub(r"\{[^}]*\}", "1", code).replace("Ohm", "ohm")
    atoms = re.split(r"([./()])", code)
    return PINT(" ".join(_atom(atom) for atom in atoms).replace(" . ", " * "))


def _atom(atom):
    if atom in PINT_ATOMS or atom in {"", ".", "/", "(", ")"}:
        return PINT_ATOMS.get(atom, atom)
    name, power = re.fullmatch(r"(.*?)(-?[0-9]*)", atom).groups()
    return f"{PINT_ATOMS.get(name, name)}**{power}" if name and power else name or power


def test_about_110_kinds_and_200_units_are_known():
    assert len(KINDS) >= 110
    assert len(units()) >= 200


def test_every_parent_is_a_kind_with_the_same_unit():
    assert [kind.key for kind in KINDS.values() if kind.parent and find_kind(kind.parent).si_unit != kind.si_unit] == []


def test_every_unit_measures_a_known_kind():
    assert {unit.quantity for unit in units()} <= set(KINDS)


def test_every_symbol_finds_its_unit():
    assert [unit.symbol for unit in units() if find_unit(unit.symbol).symbol != unit.symbol] == []


def test_every_ucum_code_is_valid():
    for unit in units():
        assert not unit.ucum or UCUM.parse(unit.ucum), unit.symbol


@pytest.mark.parametrize(
    "unit", [unit for unit in units() if unit.ucum and unit.ucum not in OWN_SCALE], ids=lambda unit: unit.symbol
)
def test_every_factor_agrees_with_pint(unit):
    expected = as_pint(unit.ucum)
    expected = expected.to_base_units().magnitude if isinstance(expected, pint.Quantity) else expected
    # pint's base unit of mass in mol and cd terms is SI, so that only the number differs if a factor is wrong.
    assert float(to_si(Decimal(1), unit, difference=True)) == pytest.approx(float(expected), rel=1e-7)


@settings(deadline=None)
@given(
    st.sampled_from(units()), st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9)
)
def test_there_and_back_is_exact(unit, value):
    for difference in (False, True):
        back = from_si(to_si(value, unit, difference=difference), unit, difference=difference)
        assert abs(back - value) <= Decimal("1e-12") * max(abs(value), abs(unit.offset), 1)


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        ("Mpa", "MPa"), ("mPa", "mPa"), ("KN", "kN"), ("KHz", "kHz"), ("ML", "mL"), ("MOHM", "MΩ"), ("um", "μm"),
        ("Nm", "N·m"), ("nm", "nm"), ("N.m", "N·m"), ("N*m", "N·m"), ("m3/h", "m³/h"), ("㎜", None),
        ("℃", "°C"),
        ("dB(A)", "dB(A)"), ("rpm", "r/min"), ("转/分", "r/min"), ("微西弗每小时", "μSv/h"), ("公斤", "kg"),
        ("丝", "丝"),
        ("W/(m·K)", "W/(m·K)"), ("cd·m-2", "cd/m²"), ("kΩ", "kΩ"), ("千欧", "kΩ"), ("foo", None),
    ],
)  # fmt: skip
def test_spellings(written, symbol):
    unit = find_unit(written)
    assert (unit and unit.symbol) == symbol


def test_a_unit_of_two_quantities_is_the_usual_one():
    assert [(find_unit(name).quantity) for name in ("g", "N·m", "°", "kg")] == ["mass", "torque", "angle", "mass"]


@pytest.mark.parametrize(
    ("value", "quantity", "options", "text"),
    [
        ("9.8e-7", "length", {}, "0.98 μm"), ("5e-4", None, {}, "0.05 %"), ("273.15", "temperature", {}, "0 °C"),
        ("0.55", "temperature", {"difference": True}, "0.55 K"), ("60e6", "pressure", {}, "60 MPa"),
        ("0.5", "length", {"unit": "mm"}, "500 mm"), ("5e-6", "mass", {}, "5 mg"),
        ("250", "rotational_speed", {}, "15000 r/min"),
        ("1e-9", None, {}, "1×10⁻⁹"), ("0", "force", {}, "0 N"), ("-10", "power_level", {}, "-10 dBm"),
    ],
)  # fmt: skip
def test_values_are_shown_as_people_write_them(value, quantity, options, text):
    assert format_si(Decimal(value), quantity, **options) == text
