"""Worked cases of all disciplines: raw texts on both sides, the numbers computed by hand beforehand.

Each line of `judging.jsonl` names the rule it tests, the arithmetic (`because`) and what is expected of the verdict.
Values are in SI; a list of intervals is written end by end.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from matching.engine import explain
from matching.engine.facts import Cells, Verdict
from matching.engine.judging import judge_line
from matching.engine.lines import read_line

CASES = [
    json.loads(text)
    for text in (Path(__file__).parents[1] / "cases" / "judging.jsonl").read_text(encoding="utf-8").splitlines()
]
# What a printed figure of six digits leaves open.
CLOSENESS = 1e-4


def judge(case):
    rows = [read_line(Cells(**cells)) for cells in case["rows"]]
    return judge_line(read_line(Cells(**case["need"])), rows, ratio=Decimal(case.get("ratio", "3")))


def number(value):
    return None if value is None else float(value)


def ends_of(intervals):
    return [float(end) for one in intervals for end in (one.low, one.high)]


def facts_of(verdict):
    """The verdict in the words of the cases."""
    coverage, check, worst = verdict.coverage, verdict.uncertainty, verdict.uncertainty.worst
    return {
        "verdict": verdict.verdict,
        "served": verdict.share,
        "assumptions": list(verdict.assumptions),
        "kind": verdict.kind.verdict,
        "kind_reason": verdict.kind.reason,
        "coverage": coverage.verdict,
        "coverage_reason": coverage.reason,
        "covered": coverage.share,
        "linear": coverage.linear,
        "log": coverage.log,
        "scale": coverage.scale,
        "missing": ends_of(coverage.uncovered),
        "parameters": verdict.parameters.verdict,
        "box": verdict.parameters.share,
        "uncertainty": check.verdict,
        "uncertainty_reason": check.reason,
        "sufficient": check.share,
        "insufficient": ends_of(check.insufficient),
        "basis": check.basis,
        "band": check.band,
        "tur": number(check.tur),
        "start": number(check.start),
        "hint": number(check.hint),
        "at": number(worst and worst.at),
        "required": number(worst and worst.required),
        "offered": number(worst and worst.offered),
        "quotient": number(worst and worst.quotient),
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_engine_judges_as_computed_by_hand(case):
    found = facts_of(judge(case))
    expected = {key: pytest.approx(value, rel=CLOSENESS) for key, value in case["expected"].items()}
    assert {key: found[key] for key in expected} == expected, case["because"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_sentence_quotes_both_sides(case):
    verdict = judge(case)
    card, steps = explain.short(verdict), "".join(explain.derivation(verdict))
    assert explain.VERDICTS[verdict.verdict] in card
    assert "保证" not in card + steps
    if verdict.verdict is Verdict.UNKNOWN:
        assert "请" in card
    if verdict.uncertainty.worst:
        quoted = (verdict.need.ranges, (verdict.uncertainty.need_item, verdict.uncertainty.offered_item))
        assert [item.raw for items in quoted for item in items if item.raw.strip(" ,，;；:：(（") not in card] == []
