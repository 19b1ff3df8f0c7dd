"""Judging over anything a reader could hand over: it never raises, survives JSON, and is monotone."""

import json
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import explain
from matching.engine.facts import Cells, Formula, Item, ItemKind, Line, Verdict, from_json, to_json
from matching.engine.judging import judge_line, judge_pair
from matching.engine.verdicts import PairVerdict
from tests.matching.engine.by_hand import line, mpe, mpe_formula, mpe_rel, span, u, u_formula, u_rel

numbers = st.one_of(
    st.none(),
    st.decimals(-1000, 1000, places=3),
    st.sampled_from([Decimal(text) for text in ("0", "1E+90", "-1E+500", "1E-90", "1E+59", "-1E-59", "273.15", "0.1")]),
    st.sampled_from([Decimal("Infinity"), Decimal("NaN")]),
)
terms = numbers.map(lambda number: Decimal(0) if number is None else number)
formulas = st.builds(
    Formula,
    terms,
    terms,
    terms,
    combine=st.sampled_from(["sum", "rss"]),
    zero=terms,
    digits=st.sampled_from([0, 2]).map(Decimal),
)
quantities = st.sampled_from(
    [None, "length", "form", "temperature", "voltage", "power", "power_level", "mass", "unheard"]
)
units = st.sampled_from([None, "m", "K", "V", "W", "dBm", "kg", "1", "dB"])


def items(*kinds):
    return st.lists(
        st.builds(
            Item,
            st.sampled_from(kinds),
            st.just((0, 0)),
            st.text(max_size=5),
            quantities,
            numbers,
            numbers,
            units,
            st.sampled_from([None, "m", "℃", "nonsense"]),
            low_open=st.booleans(),
            high_open=st.booleans(),
            nominal=st.booleans(),
            descending=st.booleans(),
            k=numbers,
            relative=st.sampled_from([None, True, False]),
            reference=st.sampled_from([None, "reading", "fs", "span"]),
            formula=st.none() | formulas,
            grade=st.sampled_from([None, "0.5", "E2", "1", "x"]),
        ),
        max_size=3,
    ).map(tuple)


ranges = items(ItemKind.RANGE, ItemKind.LIMIT)
accuracies = items(ItemKind.UNCERTAINTY, ItemKind.MPE, ItemKind.ACCURACY_CLASS, ItemKind.RESOLUTION)
words = st.sampled_from(["", "砝码", "K型热电偶", "压力表", "直流电压", "量块"])
lines = st.builds(
    Line,
    st.builds(Cells, object=words, measurand=words),
    quantities,
    ranges,
    accuracies,
    ranges,
    unread=st.sampled_from([(), ("5 foo",)]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(lines, max_size=2), st.lists(lines, max_size=4))
def test_judging_and_explaining_never_raise_and_survive_json(needs, rows):
    pair = judge_pair(needs, rows)
    written = json.dumps(to_json(pair), allow_nan=False)
    # A NaN equals nothing, itself included.
    assert "NaN" in written or from_json(PairVerdict, json.loads(written)) == pair
    for verdict in (pair, *pair.lines):
        assert explain.short(verdict)
        assert 0 <= verdict.share <= 1
    for verdict in pair.lines:
        assert explain.derivation(verdict)


LENGTH = span("0", "500", "mm", "length")
requirements = st.sampled_from(
    [mpe("0.02", "mm"), mpe_rel("0.1"), mpe_rel("0.01", "fs"), u("5", "μm"), mpe_formula("±", "m", a="2e-6", b="2e-5")]
)
offers = st.sampled_from(
    [
        u("6", "μm"),
        u("2", "μm", to="12"),
        u("12", "μm", to="2"),
        u_rel("0.02"),
        u_rel("0.1", to="0.01"),
        u_rel("0.002", reference="fs"),
        u_formula("U", "m", a="1e-6", b="2e-5"),
        u_formula("U", "m", a="3e-6", b="2e-5", combine="rss"),
    ]
)
spans = st.tuples(st.integers(0, 600), st.integers(1, 600)).map(
    lambda at: span(str(at[0]), str(at[0] + at[1]), "mm", "length")
)
ORDER = (Verdict.FAIL, Verdict.PARTIAL, Verdict.PASS)


@given(requirements, st.lists(st.tuples(spans, offers), min_size=1, max_size=4), st.decimals("0.01", "1", places=2))
def test_a_smaller_uncertainty_never_judges_worse(requirement, rows, factor):
    need = line("length", LENGTH, requirement)
    given_rows = [line("length", place, offer) for place, offer in rows]
    better_rows = [line("length", place, _scaled(offer, factor)) for place, offer in rows]
    one, other = judge_line(need, given_rows), judge_line(need, better_rows)
    assert ORDER.index(other.verdict) >= ORDER.index(one.verdict)
    assert (other.uncertainty.share or 0.0) >= (one.uncertainty.share or 0.0) - 1e-6


def _scaled(offer, factor):
    formula = offer.formula and replace(offer.formula, a=offer.formula.a * factor, b=offer.formula.b * factor)
    low, high = (end and end * factor for end in (offer.low, offer.high))
    return replace(offer, low=low, high=high, formula=formula)


@given(st.lists(spans, min_size=1, max_size=4), st.integers(0, 300), st.sampled_from(["10", "100"]))
def test_a_wider_row_never_serves_less_of_the_box(places, more, high):
    band = span("1", "100", "Hz", "frequency")
    need = line("length", span("100", "400", "mm", "length"), mpe("0.02", "mm"), parameters=[band])
    own = span("1", high, "Hz", "frequency")
    rows = [line("length", place, u("1", "μm"), parameters=[own]) for place in places]
    wider = [
        replace(row, ranges=(replace(row.ranges[0], high=row.ranges[0].high + Decimal(more) / 1000),)) for row in rows
    ]
    assert judge_line(need, wider).share >= judge_line(need, rows).share - 1e-9


def _longer(item, more):
    return replace(item, high=item.high + more)
