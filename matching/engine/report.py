"""How well the reader does on worked cases: the comparison rule, and the rate by form.

A case is a line of JSON with id, form, text, expect and optionally header. Compared are kind, the SI ends, si_unit,
k, relative, formula, class with op, code, and the quantity of ranges; a fact given as null is not checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from matching.engine.facts import Item, ItemKind
from matching.engine.quantities import read

TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one case was read; `exact` if all that is expected and nothing else was read."""

    case: dict[str, Any]
    items: tuple[Item, ...]
    exact: bool

    @property
    def is_trap(self) -> bool:
        return expected(self.case) == []


def check_cases(lines: Iterable[str]) -> list[Outcome]:
    """The outcome of every line of JSON."""
    return [check_case(json.loads(line)) for line in lines if line.strip()]


def check_case(case: dict[str, Any]) -> Outcome:
    """The outcome of one case: items and expectations are paired in any order.

    >>> check_case({"text": "5 kg", "expect": [{"kind": "range", "si_min": 5, "si_max": 5, "quantity": "mass"}]}).exact
    True
    """
    items = read(case["text"], header=case.get("header", "")).items
    left = list(items)
    for wanted in expected(case):
        found = next((item for item in left if matches(item, wanted)), None)
        if found is None:
            return Outcome(case, items, exact=False)
        left.remove(found)
    return Outcome(case, items, exact=not left)


def expected(case: dict[str, Any]) -> list[dict[str, Any]]:
    """What must be read; nothing in a trap."""
    return [wanted for wanted in case["expect"] if wanted["kind"] != "none"]


def matches(item: Item, wanted: dict[str, Any]) -> bool:
    """Whether an item states what is wanted."""
    if item.kind != wanted["kind"]:
        return False
    if item.kind is ItemKind.CODE:
        return bool(item.code == wanted["code"])
    if item.kind is ItemKind.ACCURACY_CLASS:
        return bool(item.grade == wanted["class"] and item.op == wanted.get("op"))
    facts = {"si_unit": item.si_unit, "op": item.op, "relative": item.relative}
    if item.kind in (ItemKind.RANGE, ItemKind.LIMIT):
        facts["quantity"] = item.quantity
    return (
        all(wanted.get(name) in (None, fact) for name, fact in facts.items())
        and _is_close(item.low, wanted.get("si_min"))
        and _is_close(item.high, wanted.get("si_max"))
        and (wanted.get("k") is None or _is_close(item.k, wanted["k"]))
        and _same_formula(item, wanted.get("formula"))
    )


def rates_by_form(outcomes: list[Outcome]) -> list[tuple[str, int, int]]:
    """Form, cases read exactly, cases; in the order the forms first come."""
    rates: dict[str, list[int]] = {}
    for outcome in outcomes:
        rate = rates.setdefault(outcome.case.get("form", ""), [0, 0])
        rate[0] += outcome.exact
        rate[1] += 1
    return [(form, exact, total) for form, (exact, total) in rates.items()]


def summary(outcomes: list[Outcome]) -> str:
    """The closing line: exact N of M (P %), traps clean A of B."""
    exact = sum(outcome.exact for outcome in outcomes)
    traps = [outcome.exact for outcome in outcomes if outcome.is_trap]
    share = 100 * exact / len(outcomes) if outcomes else 100
    return f"exact {exact} of {len(outcomes)} ({share:.1f} %), traps clean {sum(traps)} of {len(traps)}"


def _same_formula(item: Item, wanted: dict[str, Any] | None) -> bool:
    if wanted is None or item.formula is None:
        return wanted is None and item.formula is None
    formula = item.formula
    return (
        _is_close(formula.a, wanted.get("a_si", 0))
        and _is_close(formula.b, wanted.get("b_rel", 0))
        and _is_close(formula.c, wanted.get("c_fs", 0))
        and formula.combine == wanted.get("combine", "sum")
        and formula.digits == wanted.get("digits", formula.digits)
    )


def _is_close(value: Decimal | None, wanted: float | None) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None
    return abs(float(value) - wanted) <= TOLERANCE * abs(wanted)
