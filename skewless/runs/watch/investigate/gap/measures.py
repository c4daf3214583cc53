"""Metrics with the influence of every row on them, so that any two can be compared, whatever rows they share.

A metric θ of n rows has for each row an influence: how far the row moves it. The variance of θ is the sum of squares of
the influences, and that of a difference the sum of squares of the differences, row by row where rows are the same. For
AUC the influences are DeLong's components (DeLong, DeLong and Clarke-Pearson 1988), so that on two scores of the same
rows this is the paired DeLong test, and on two tables without a common row the unpaired one. Where entities repeat,
influences are added by entity first (Obuchowski 1997 for AUC; the cluster-robust variance for the others).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

Z = 1.959963984540054
"""The 97.5th percentile of the normal distribution, for intervals of 95%."""

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""Scores are kept this far from 0 and 1 in logarithms, as in scikit-learn."""


class Measure(NamedTuple):
    """A metric's value, and the influence of each row on it; `unit` numbers the entities that rows belong to."""

    value: float
    influence: Floats
    unit: Ints


class Estimate(NamedTuple):
    """A value with its standard error, 95% interval and two-sided p-value against 0."""

    value: float
    error: float
    low: float
    high: float
    p_value: float


Metric = Callable[[Floats, Floats, Floats], tuple[float, Floats]]


def auc(score: Floats, label: Floats, weight: Floats) -> tuple[float, Floats]:
    """The probability that a random positive outscores a random negative; a tie counts half.

    A positive's component is the share of negatives below it, a negative's the share of positives above it. A label
    between 0 and 1 counts as that much of a positive.
    """
    _, place = np.unique(score, return_inverse=True)
    positive = np.bincount(place, weight * label)
    negative = np.bincount(place, weight * (1 - label))
    positives, negatives = positive.sum(), negative.sum()
    below = ((np.cumsum(negative) - negative / 2) / negatives)[place]
    above = ((positives - np.cumsum(positive) + positive / 2) / positives)[place]
    value = float(np.sum(weight * label * below) / positives)
    influence = weight * (
        label * (below - value) / positives * _spread(positives)
        + (1 - label) * (above - value) / negatives * _spread(negatives)
    )
    return value, influence


def log_loss(score: Floats, label: Floats, weight: Floats) -> tuple[float, Floats]:
    """The mean of -log of the probability given to what happened."""
    kept = np.clip(score, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return _mean(-(label * np.log(kept) + (1 - label) * np.log1p(-kept)), weight)


def mae(score: Floats, label: Floats, weight: Floats) -> tuple[float, Floats]:
    """The mean of |score - label|."""
    return _mean(np.abs(score - label), weight)


def rmse(score: Floats, label: Floats, weight: Floats) -> tuple[float, Floats]:
    """The root of the mean of squared errors; influences by the delta method."""
    square, influence = _mean((score - label) ** 2, weight)
    root = sqrt(square)
    return root, influence / (2 * root) if root else influence


METRICS: Mapping[str, Metric] = {"auc": auc, "log_loss": log_loss, "rmse": rmse, "mae": mae}
OF_CLASSES = frozenset({"auc", "log_loss"})
"""Metrics of two classes, labels 0 and 1."""
GREATER_IS_BETTER = frozenset({"auc"})


def measure(metric: str, score: Floats, label: Floats, unit: Ints, weight: Floats | None = None) -> Measure:
    """The metric of some rows; weights are taken as given, not as estimated."""
    value, influence = METRICS[metric](score, label, np.ones(len(score)) if weight is None else weight)
    return Measure(value, influence, unit)


def interval(one: Measure) -> Estimate:
    """A metric with its interval."""
    return total([(1.0, one)])


def contrast(one: Measure, other: Measure) -> Estimate:
    """One metric less another. What the two have in common, rows or entities, counts once."""
    return total([(1.0, one), (-1.0, other)])


def total(terms: Sequence[tuple[float, Measure]]) -> Estimate:
    """A sum of metrics, each with its factor."""
    influences = [factor * each.influence for factor, each in terms]
    error = _error(influences, [each.unit for _, each in terms])
    return _estimate(sum(factor * each.value for factor, each in terms), error)


def _mean(values: Floats, weight: Floats) -> tuple[float, Floats]:
    value = float(np.average(values, weights=weight))
    return value, weight * (values - value) / weight.sum() * _spread(len(values))


def _spread(rows: float) -> float:
    """What makes the sum of squares of influences the variance with n - 1 below it."""
    return sqrt(rows / (rows - 1)) if rows > 1 else 1.0


def _error(influences: list[Floats], units: list[Ints]) -> float:
    """The standard error, influences added by unit; with as many units as rows no correction is made for units."""
    numbers, place = np.unique(np.concatenate(units), return_inverse=True)
    sums = np.bincount(place, np.concatenate(influences))
    rows = max(len(each) for each in units)
    few = len(numbers) < rows
    correction = len(numbers) / max(1, len(numbers) - 1) * (rows - 1) / rows if few else 1.0
    return sqrt(float(np.sum(sums**2)) * correction)


def _estimate(value: float, error: float) -> Estimate:
    half = Z * error
    distance = abs(value) / error if error > 0 else np.inf if value else 0.0
    p_value = float(2 * norm.sf(distance))
    return Estimate(value, error, value - half, value + half, p_value)
