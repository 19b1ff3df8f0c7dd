"""The weights of the evidence, learnt from needs whose candidates have been graded.

The model is a conditional logit: each candidate gets the share of its need that e^(weighed evidence) gives it, and
the weights are sought that make these shares most like those of the grades. No weight is negative, so that more
evidence never lowers a score. The weights are drawn to those to start with: few lessons move them little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from matching.engine.scoring import Evidence, PartCode, Weights, serving, weigh

# Points that make e of odds: how sharply a ranking tells its first places from the rest.
POINTS_PER_UNIT = 10.0
# What moving a weight away from where it started costs.
INERTIA = 0.03
KINDS = tuple(PartCode)
# From this grade on a capability serves its need.
USEFUL = 2


@dataclass(frozen=True, slots=True)
class Lesson:
    """The candidates of one need: what spoke for and against each, and from 0 to 3 how well it serves."""

    evidence: tuple[tuple[Evidence, ...], ...]
    grades: tuple[int, ...]


def learn_weights(lessons: Sequence[Lesson], start: Weights, *, version: str) -> Weights:
    """The weights that rank the lessons best, not far from those to start with; gains add up to 100."""
    from numpy import array
    from scipy.optimize import minimize

    told = [
        (array([_strengths(candidate) for candidate in lesson.evidence]), _wanted_shares(lesson.grades))
        for lesson in lessons
        if any(lesson.grades)
    ]
    before = array([*(start.gains[kind] for kind in KINDS), *(start.losses.get(kind, 0.0) for kind in KINDS)])
    before = before / POINTS_PER_UNIT
    found = minimize(_loss, before, (told, before), jac=True, bounds=[(0, None)] * len(before), method="L-BFGS-B").x
    points = [round(float(weight), 1) for weight in 100 * found / found[: len(KINDS)].sum()]
    learnt = replace(
        start,
        version=version,
        gains={kind.value: weight for kind, weight in zip(KINDS, points, strict=False)},
        losses={kind.value: weight for kind, weight in zip(KINDS, points[len(KINDS) :], strict=True) if weight},
        evaluation={},
    )
    return _calibrate_gaps(lessons, learnt)


def _calibrate_gaps(lessons: Sequence[Lesson], weights: Weights) -> Weights:
    """The weights, with what speaks for a need being served: a logistic curve over the best of `serving`."""
    from sklearn.linear_model import LogisticRegression

    best = [max((serving(weigh(each, weights)) for each in lesson.evidence), default=0.0) for lesson in lessons]
    served = [max(lesson.grades, default=0) >= USEFUL for lesson in lessons]
    if len(set(served)) < 2:
        return weights
    curve = LogisticRegression().fit([[score] for score in best], served)
    slope, offset = float(curve.coef_[0][0]), float(curve.intercept_[0])
    if slope <= 0:
        return weights
    return replace(weights, served_at=round(-offset / slope, 1), served_by=round(1 / slope, 1))


def _strengths(evidence: Sequence[Evidence]) -> list[float]:
    """The strengths that speak for a pairing, then those that speak against it, as negative numbers."""
    return [*(max(each.strength, 0.0) for each in evidence), *(min(each.strength, 0.0) for each in evidence)]


def _wanted_shares(grades: Sequence[int]) -> Any:
    from numpy import array

    gains = 2.0 ** array(grades) - 1
    return gains / gains.sum()


def _loss(weights: Any, told: Sequence[tuple[Any, Any]], before: Any) -> tuple[float, Any]:
    """The mean cross entropy of wanted and given shares and the cost of moving, with its gradient."""
    from numpy import log
    from scipy.special import softmax

    moved = weights - before
    loss, slope = INERTIA * (moved @ moved), 2 * INERTIA * moved
    for rows, wanted in told:
        given = softmax(rows @ weights)
        loss = loss - (wanted @ log(given)) / len(told)
        slope = slope + rows.T @ (given - wanted) / len(told)
    return loss, slope
