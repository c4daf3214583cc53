"""Drift is found where it is, and offline rows weighted to the online population look like it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import chi2_contingency

from skewless.runs.watch.investigate.gap.codes import coded
from skewless.runs.watch.investigate.gap.population import drifts, margins_of, raked


def table(**columns: object) -> pa.Table:
    return pa.table({name: pa.array(values) for name, values in columns.items()})


def test_null_nan_and_rare_text_have_codes_of_their_own() -> None:
    numbers, _ = coded([pa.array([None, float("nan"), 1.0, 2.0]), pa.array([1.0])])
    assert numbers[0] == 0
    assert numbers[1] == 1
    assert numbers[2] < numbers[3]
    texts, others = coded([pa.array(["a", "a", None]), pa.array(["b"])])
    assert texts.tolist() == [2, 2, 0]
    assert others.tolist() == [3]


def test_the_test_of_a_drift_is_the_chi_square_test_of_two_samples() -> None:
    draw = np.random.default_rng(1)
    offline, online = draw.integers(0, 5, 400), draw.integers(0, 4, 300)
    names = np.array(list("abcde"))
    margins = margins_of(table(x=names[offline]), table(x=names[online]))
    found = drifts(margins, np.arange(400), np.arange(400, 700))["x"]
    counts = [np.bincount(margins["x"].offline), np.bincount(margins["x"].online)]
    size = max(map(len, counts))
    expected = chi2_contingency([np.pad(each, (0, size - len(each))) for each in counts], correction=False)
    assert found.p_value == pytest.approx(expected.pvalue)
    assert found.is_real


def test_rows_of_few_entities_are_weak_evidence() -> None:
    """Forty entities with fifty equal rows each: as many independent rows would be a sure drift."""
    values = np.random.default_rng(2).normal(size=80)
    unit = np.repeat(np.arange(80), 50)
    rows = values[unit]
    margins = margins_of(table(x=rows[:2000]), table(x=rows[2000:]))
    assert drifts(margins, np.arange(2000), np.arange(2000, 4000))["x"].is_real
    assert not drifts(margins, unit[:2000], unit[2000:])["x"].is_real


def test_without_drift_nothing_is_called_one() -> None:
    wrong = 0
    for seed in range(20):
        draw = np.random.default_rng(seed)
        sides = [table(**{f"f{at}": draw.normal(size=1000) for at in range(30)}) for _ in range(2)]
        found = drifts(margins_of(*sides), np.arange(1000), np.arange(1000, 2000))
        wrong += sum(each.is_real for each in found.values())
    assert wrong <= 1


def test_raking_gives_every_feature_its_online_distribution() -> None:
    draw = np.random.default_rng(3)
    x = draw.normal(size=(20_000, 2))
    x[:, 1] += x[:, 0]
    keep = draw.uniform(size=20_000) < 1 / (1 + np.exp(-x[:, 0]))
    offline, online = table(a=x[:, 0], b=x[:, 1]), table(a=x[keep, 0], b=x[keep, 1])
    margins = margins_of(offline, online)
    weight = raked(list(margins.values()))
    assert weight.mean() == pytest.approx(1)
    assert np.average(x, axis=0, weights=weight) == pytest.approx(x[keep].mean(axis=0), abs=0.03)


def test_instants_and_lists_take_no_part() -> None:
    rows = pa.table({"at": pa.array([1, 2], pa.timestamp("us", "UTC")), "list": [[1], [2]], "x": [1, 2]})
    assert list(margins_of(rows, rows)) == ["x"]
