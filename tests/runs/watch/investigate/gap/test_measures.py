"""Metrics against scikit-learn, their errors against loops written for reading and against the bootstrap."""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import pytest
from sklearn.metrics import log_loss, mean_absolute_error, mean_squared_error, roc_auc_score

from skewless.runs.watch.investigate.gap.measures import Floats, Ints, contrast, interval, measure


def rows(seed: int, size: int = 60, digits: int = 1) -> tuple[Floats, Floats, Floats]:
    """Two scores of the same rows, with many ties, and labels."""
    draw = np.random.default_rng(seed)
    label = (draw.uniform(size=size) < 0.4).astype(np.float64)
    one = np.clip(0.5 + 0.2 * (label - 0.4) + draw.normal(0, 0.2, size), 0, 1).round(digits)
    other = np.clip(one + draw.normal(0, 0.15, size), 0, 1).round(digits)
    return one, other, label


def components(score: Floats, label: Floats) -> tuple[list[float], list[float]]:
    """DeLong's V10 of each positive and V01 of each negative, pair by pair."""
    positives, negatives = score[label == 1], score[label == 0]

    def wins(one: float, other: float) -> float:
        return 1.0 if one > other else 0.5 if one == other else 0.0

    v10 = [np.mean([wins(one, other) for other in negatives]) for one in positives]
    v01 = [np.mean([wins(one, other) for one in positives]) for other in negatives]
    return v10, v01  # type: ignore[return-value]


def delong(score: Floats, label: Floats) -> float:
    v10, v01 = components(score, label)
    return float(np.var(v10, ddof=1) / len(v10) + np.var(v01, ddof=1) / len(v01))


def alone(size: int, start: int = 0) -> Ints:
    return np.arange(start, start + size, dtype=np.int64)


@pytest.mark.parametrize("seed", range(5))
def test_auc_with_ties_is_that_of_scikit_learn_and_its_error_delongs(seed: int) -> None:
    score, _, label = rows(seed)
    found = interval(measure("auc", score, label, alone(60)))
    assert found.value == pytest.approx(roc_auc_score(label, score), abs=1e-12)
    assert found.error == pytest.approx(sqrt(delong(score, label)), rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_two_scores_of_the_same_rows_are_compared_by_the_paired_test_of_delong(seed: int) -> None:
    one, other, label = rows(seed)
    (v10, v01), (w10, w01) = components(one, label), components(other, label)
    differences = np.subtract(v10, w10), np.subtract(v01, w01)
    expected = sum(np.var(each, ddof=1) / len(each) for each in differences)
    found = contrast(measure("auc", one, label, alone(60)), measure("auc", other, label, alone(60)))
    assert found.error == pytest.approx(sqrt(expected), rel=1e-9)


def test_tables_without_a_common_row_are_compared_by_the_unpaired_test() -> None:
    one, _, label = rows(1)
    other, _, other_label = rows(2, size=80)
    found = contrast(measure("auc", one, label, alone(60)), measure("auc", other, other_label, alone(80, 60)))
    expected = sqrt(delong(one, label) + delong(other, other_label))
    assert found.error == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("metric", "reference"),
    [
        ("log_loss", log_loss),
        ("mae", mean_absolute_error),
        ("rmse", lambda y, s: sqrt(mean_squared_error(y, s))),
    ],
)
def test_losses_are_those_of_scikit_learn_with_weights_too(metric: str, reference: object) -> None:
    score, _, label = rows(3)
    repeated = np.random.default_rng(4).integers(1, 4, 60)
    found = measure(metric, score, label, alone(60)).value
    weighted = measure(metric, score, label, alone(60), repeated.astype(np.float64)).value
    assert found == pytest.approx(reference(label, score), rel=1e-12)  # type: ignore[operator]
    again = reference(np.repeat(label, repeated), np.repeat(score, repeated))  # type: ignore[operator]
    assert weighted == pytest.approx(again, rel=1e-12)


def test_a_weight_of_three_is_three_rows_and_half_a_label_is_half_a_positive_to_auc() -> None:
    score, _, label = rows(5)
    repeated = np.random.default_rng(6).integers(1, 4, 60)
    weighted = measure("auc", score, label, alone(60), repeated.astype(np.float64)).value
    assert weighted == pytest.approx(roc_auc_score(np.repeat(label, repeated), np.repeat(score, repeated)))
    halves = measure("auc", score, np.full(60, 0.5), alone(60)).value
    assert halves == pytest.approx(0.5)


@pytest.mark.parametrize("metric", ["auc", "log_loss", "rmse", "mae"])
def test_where_entities_repeat_the_error_is_that_of_a_bootstrap_of_entities(metric: str) -> None:
    draw = np.random.default_rng(7)
    unit = np.repeat(np.arange(150, dtype=np.int64), draw.integers(1, 9, 150))
    tilt = draw.normal(0, 1.0, 150)[unit]
    label = (draw.uniform(size=len(unit)) < 1 / (1 + np.exp(-tilt))).astype(np.float64)
    score = 1 / (1 + np.exp(-(0.8 * tilt + draw.normal(0, 0.6, len(unit)))))
    found = interval(measure(metric, score, label, unit))
    of_unit = [np.flatnonzero(unit == each) for each in range(150)]
    values = []
    for _ in range(600):
        places = np.concatenate([of_unit[each] for each in draw.integers(0, 150, 150)])
        values.append(measure(metric, score[places], label[places], alone(len(places))).value)
    assert found.error == pytest.approx(float(np.std(values)), rel=0.15)
    independent = interval(measure(metric, score, label, alone(len(unit)))).error
    assert found.error > 1.1 * independent


def test_a_gap_of_equal_sides_is_no_gap_and_a_perfect_one_is_certain() -> None:
    score, _, label = rows(8)
    same = measure("auc", score, label, alone(60))
    assert contrast(same, same)[:2] == (0.0, 0.0)
    assert contrast(same, same).p_value == 1.0
    perfect, wrong = measure("auc", label, label, alone(60)), measure("auc", 1 - label, label, alone(60))
    assert contrast(perfect, wrong).p_value == 0.0


def test_intervals_of_auc_cover_the_truth_about_as_often_as_they_say() -> None:
    """Scores are normal with means one apart: the true AUC is Φ(1/√2)."""
    truth, draw, covered = 0.7602499389065233, np.random.default_rng(9), 0
    for _ in product(range(400)):
        label = (np.arange(200) < 60).astype(np.float64)
        found = interval(measure("auc", label + draw.normal(size=200), label, alone(200)))
        covered += found.low <= truth <= found.high
    assert 0.92 <= covered / 400 <= 0.98


def test_a_table_that_has_every_row_twice_knows_no_more() -> None:
    score, _, label = rows(10)
    once = interval(measure("mae", score, label, alone(60)))
    twice = interval(measure("mae", np.repeat(score, 2), np.repeat(label, 2), np.repeat(alone(60), 2)))
    assert twice.error == pytest.approx(once.error, rel=1e-12)
