"""Coverage: axes cut into pieces, unions of rows; its properties over random ranges."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine.coverage import (
    check_axis,
    cut_axis,
    needed_intervals,
    offered_intervals,
    union,
)
from matching.engine.facts import Verdict
from matching.engine.verdicts import Assumption, Interval, Scale
from tests.matching.engine.by_hand import span


def interval(low, high):
    return Interval(Decimal(low), Decimal(high))


def covered(needed, rows, quantity="length"):
    """The check of rows of intervals against what is needed."""
    edges = {end for row in rows for one in row for end in (one.low, one.high)}
    axis = cut_axis(quantity, needed, edges)
    return check_axis(axis, rows, rows)


@pytest.mark.parametrize(
    ("needed", "quantity", "scale", "has_log"),
    [
        ([interval(1, 99)], "length", Scale.LINEAR, True),
        ([interval(1, 100)], "length", Scale.LOG, True),
        ([interval(1, 2)], "resistance", Scale.LOG, True),
        ([interval(0, 100)], "resistance", Scale.LINEAR, False),
        ([interval(1, 1000)], "attenuation", Scale.LINEAR, False),
        ([interval(5, 5), interval(7, 7)], "length", Scale.POINTS, True),
    ],
)
def test_how_an_axis_is_measured(needed, quantity, scale, has_log):
    check = covered(needed, [[interval(0, 10_000)]], quantity)
    assert (check.scale, check.log is not None, check.verdict) == (scale, has_log, Verdict.PASS)


def test_rows_unite_and_what_is_missing_is_listed():
    check = covered([interval(0, 100)], [[interval(-5, 20)], [interval(15, 30)], [interval(60, 80)]])
    assert check.share == pytest.approx(0.5)
    assert check.uncovered == (interval(30, 60), interval(80, 100))
    assert check.offered == (interval(-5, 30), interval(60, 80))


def test_points_beside_a_range_count_one_each():
    # The range 0~10 is half covered, one of the points 20 and 30 is: (0.5 + 1 + 0)/3.
    check = covered([interval(0, 10), interval(20, 20), interval(30, 30)], [[interval(0, 5)], [interval(15, 25)]])
    assert check.share == pytest.approx(0.5)
    assert check.uncovered == (interval(5, 10), interval(30, 30))


def test_a_range_of_no_width_is_a_point():
    assert covered([interval(5, 5)], [[interval(0, 10)]]).share == 1.0
    assert covered([interval(0, 10)], [[interval(5, 5)]]).verdict is Verdict.FAIL


def test_a_seam_between_rows_is_closed():
    # 1000 psi = 6.894757 MPa beside 6.895 MPa.
    rows = [[interval(0, "6.894757")], [interval("6.895", 20)]]
    assert covered([interval(1, 10)], rows).verdict is Verdict.PASS
    assert covered([interval(1, 10)], [rows[0], [interval("6.9", 20)]]).verdict is Verdict.PARTIAL


def test_one_sided_ranges():
    below, above = span(None, "2", "t", "mass"), span("2", None, "t", "mass")
    assert needed_intervals([below], True) == ((interval(0, 2000),), {Assumption.NEED_LOW_ZERO})
    assert needed_intervals([below], False) == ((interval(2000, 2000),), {Assumption.OTHER_END_UNSTATED})
    assert needed_intervals([above], True) == ((interval(2000, 2000),), {Assumption.OTHER_END_UNSTATED})
    offer = offered_intervals([above], True)
    assert (offer.certain, offer.possible) == ((interval(2000, 2000),), (interval(2000, "1e60"),))


# --- Properties ----------------------------------------------------------------------------------------------

ends = st.decimals(-1000, 1000, places=2)
intervals = st.tuples(ends, ends).map(lambda pair: Interval(min(pair), max(pair)))
rows_of_intervals = st.lists(st.lists(intervals, min_size=1, max_size=3), max_size=5)
needs = st.lists(intervals, min_size=1, max_size=4)
# Shares are sums of floats.
ROUNDING = 1e-9


@given(needs, rows_of_intervals, st.data())
def test_a_wider_capability_never_covers_less(needed, rows, data):
    more = st.decimals(0, 100, places=2)
    wider = [[Interval(one.low - data.draw(more), one.high + data.draw(more)) for one in row] for row in rows]
    assert covered(needed, wider).share >= covered(needed, rows).share - ROUNDING


@given(needs, rows_of_intervals, rows_of_intervals)
def test_a_union_never_covers_less_than_a_part(needed, rows, others):
    assert covered(needed, rows + others).share >= covered(needed, rows).share - ROUNDING


@given(needs, rows_of_intervals)
def test_covered_and_uncovered_make_the_whole(needed, rows):
    check = covered(needed, rows)
    assert 0 <= check.share <= 1
    missing = covered(needed, [list(check.uncovered)]) if check.uncovered else None
    if missing and check.scale is Scale.LINEAR and all(one.low < one.high for one in union(needed)):
        assert check.share + missing.share == pytest.approx(1)
