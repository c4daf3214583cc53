"""Rows by which sides are matched, what is refused, and calibration against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression

from skewless.runs.watch.investigate.gap.calibration import calibration
from skewless.runs.watch.investigate.gap.predictions import NOBODY, Predictions, by_rows_where_few, matched


def side(name: str, score: Any, label: Any, unit: Any = None, row: Any = None) -> Predictions:
    size = len(score)
    numbers = np.arange(size) if unit is None else np.asarray(unit)
    rows = np.full(size, NOBODY) if row is None else np.asarray(row)
    return Predictions(name, np.asarray(score, float), np.asarray(label, float), numbers, rows)


def of_rows(rows: list[int]) -> Predictions:
    return side("online", np.zeros(len(rows)), np.zeros(len(rows)), row=rows)


def test_rows_match_by_number_and_neither_null_nor_repeated_ones_do() -> None:
    offline, online = of_rows([5, 7, 9, 9, NOBODY]), of_rows([NOBODY, 9, 7, 5, 5])
    at_offline, at_online, ambiguous = matched(offline, online)
    assert (at_offline.tolist(), at_online.tolist(), ambiguous) == ([1], [2], 3)


def test_with_few_entities_rows_are_units_and_matched_rows_one() -> None:
    size = 40
    offline = side("offline", np.zeros(size), np.zeros(size), np.zeros(size, int), np.arange(size))
    online = side("online", np.zeros(size), np.zeros(size), np.zeros(size, int), [*range(20), *[NOBODY] * 20])
    one, other, is_so = by_rows_where_few(offline, online)
    assert is_so
    assert len({*one.unit.tolist(), *other.unit.tolist()}) == 60


HALF = [0, 1] * 20


@pytest.mark.parametrize(
    ("score", "label", "metric", "told"),
    [
        ([0.5] * 19, HALF[:19], "auc", "online: 19 rows with score and label, expected at least 20"),
        ([0.5] * 40, [1] * 36 + [0] * 4, "auc", "online: only 4 labels are 0, the others 1 in 40 rows"),
        ([0.5] * 40, [0] * 40, "log_loss", "online: every label is 0 in 40 rows"),
        ([0.5] * 39 + [-0.1], HALF, "auc", "online: score is -0.1 in a row, and outside [0, 1] in 1 of 40"),
        ([0.5] * 39 + [np.inf], [2.0] * 40, "rmse", "online: score is NaN or infinite in 1 rows"),
        ([0.5] * 40, [np.nan] * 40, "mae", "online: label is NaN or infinite in 40 rows"),
    ],
)
def test_what_can_tell_nothing_is_refused(score: Any, label: Any, metric: str, told: str) -> None:
    problems = list(side("online", score, label).refusals(metric, any_score=False))
    assert any(problem.startswith(told) for problem in problems), problems


def test_auc_takes_any_finite_score_where_told_so_and_log_loss_never() -> None:
    one = side("online", [3.0, -2.0] * 20, HALF)
    assert list(one.refusals("auc", any_score=True)) == []
    assert len(list(one.refusals("log_loss", any_score=True))) == 1
    assert list(one.refusals("rmse", any_score=False)) == []


def test_calibration_groups_are_those_of_scikit_learn() -> None:
    draw = np.random.default_rng(1)
    score = draw.uniform(size=500)
    label = (draw.uniform(size=500) < score**2).astype(float)
    found = calibration(side("offline", score, label))
    share, mean = calibration_curve(label, score, n_bins=10, strategy="quantile")
    assert [group.label for group in found.groups] == pytest.approx(share.tolist())
    assert [group.score for group in found.groups] == pytest.approx(mean.tolist())
    assert found.bias.value == pytest.approx(score.mean() - label.mean())
    assert found.bias.low > 0


def test_the_interval_of_a_share_of_labels_ends_at_0_and_1() -> None:
    label = np.array([0.0] * 19 + [1.0] + [1.0] * 19 + [0.0])
    found = calibration(side("offline", np.repeat([0.1, 0.9], 20), label))
    first, *_, last = found.groups
    assert (first.label, first.low, last.label, last.high) == (0.05, 0.0, 0.95, 1.0)


def test_the_expected_label_is_the_isotonic_regression_on_the_score() -> None:
    draw = np.random.default_rng(2)
    score = draw.uniform(size=300).round(2)
    label = (draw.uniform(size=300) < score).astype(float)
    expected = IsotonicRegression().fit(score, label).predict(score)
    assert side("offline", score, label).expected("auc").label == pytest.approx(expected)
    assert side("offline", score, label).expected("mae").label == pytest.approx(label)
