import pytest

from matching.engine.report import check_case, check_cases, rates_by_form, summary

RANGE = {"kind": "range", "quantity": "length", "si_min": 0, "si_max": 0.025, "si_unit": "m"}


@pytest.mark.parametrize(
    ("text", "expect", "exact"),
    [
        ("量程 0～25mm", [RANGE], True),
        ("量程 0～25mm", [RANGE | {"si_max": 0.0250001}], True),
        ("量程 0～25mm", [RANGE | {"si_max": 0.026}], False),
        ("量程 0～25mm", [RANGE | {"quantity": "mass"}], False),
        ("量程 0～25mm", [RANGE | {"quantity": None}], True),
        ("量程 0～25mm", [], False),
        ("量程 0～25mm，1级", [RANGE], False),
        ("1级，量程 0～25mm", [RANGE, {"kind": "accuracy_class", "class": "1", "op": None}], True),
        ("优于1级", [{"kind": "accuracy_class", "class": "1", "op": None}], False),
        ("U=1mm,k=2", [{"kind": "uncertainty", "si_min": 0.001, "si_max": 0.001, "si_unit": "m", "k": 3}], False),
        ("U=1mm,k=2", [{"kind": "uncertainty", "si_min": 0.001, "si_max": 0.001, "si_unit": "m", "k": None}], True),
        ("型号XH-500", [{"kind": "none"}], True),
    ],
)
def test_what_counts_as_exact(text, expect, exact):
    assert check_case({"text": text, "expect": expect}).exact is exact


def test_the_rate_is_given_by_form_and_in_all():
    outcomes = check_cases(
        [
            '{"form": "a", "text": "5 kg", "expect": [{"kind": "none"}]}',
            '{"form": "trap", "text": "第3条", "expect": [{"kind": "none"}]}',
            "",
        ]
    )
    assert rates_by_form(outcomes) == [("a", 0, 1), ("trap", 1, 1)]
    assert summary(outcomes) == "exact 1 of 2 (50.0 %), traps clean 1 of 2"
