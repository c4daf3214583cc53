"""How scores compare with what happened: mean score and mean label over groups of rows with like scores."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from skewless.runs.watch.investigate.gap.measures import Estimate, Measure, interval
from skewless.runs.watch.investigate.gap.predictions import Predictions

GROUPS = 10


class Group(NamedTuple):
    """Rows between two quantiles of the score."""

    rows: int
    score: float
    label: float
    low: float
    high: float


class Calibration(NamedTuple):
    """`bias` is mean score less mean label; `error` the mean distance of the groups' scores and labels (ECE)."""

    bias: Estimate
    error: float
    groups: tuple[Group, ...]


def calibration(side: Predictions) -> Calibration:
    """Over ten groups of equally many rows; equal scores stay together, so there may be fewer."""
    edges = np.quantile(side.score, np.linspace(0, 1, GROUPS + 1)[1:-1])
    place = np.searchsorted(edges, side.score)
    groups, distance = [], 0.0
    for number in np.unique(place):
        inside = side.take(place == number)
        label = _mean(inside.label, inside)
        score = float(inside.score.mean())
        distance += len(inside) * abs(score - label.value)
        # A share of labels: what the normal approximation puts beyond 0 or 1 near the ends is no label.
        low, high = max(label.low, 0.0), min(label.high, 1.0)
        groups.append(Group(len(inside), score, label.value, low, high))
    return Calibration(_mean(side.score - side.label, side), distance / len(side), tuple(groups))


def _mean(values: np.typing.NDArray[np.float64], side: Predictions) -> Estimate:
    rows = len(values)
    spread = np.sqrt(rows / max(1, rows - 1))
    return interval(Measure(float(values.mean()), (values - values.mean()) / rows * spread, side.unit))
