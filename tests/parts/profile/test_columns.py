"""A profile is made in one pass: figures of all rows, whatever the tasks, and a sample of whole rows."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.parts.profile import columns
from skewless.parts.profile.columns import Figures, profile


def figures(*batches: pa.Array) -> Figures:
    found = Figures()
    for each in batches:
        found.add(each)
    return found


def test_figures_add_up_over_batches_and_pass_over_what_is_no_number() -> None:
    found = figures(pa.array([1.0, None, nan]), pa.array([5.0, -inf]), pa.array([], pa.float64()))
    assert (found.rows, found.nulls, found.mean, found.least, found.greatest) == (5, 1, 3.0, 1.0, 5.0)
    assert found.null_share == 0.2
    assert found.texts is None


def test_texts_are_counted_one_by_one_until_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    assert figures(pa.array(["a", "b", None]), pa.array(["a"])).texts == {"a": 2, "b": 1}
    monkeypatch.setattr(columns, "MOST_VALUES", 2)
    assert figures(pa.array(["a", "b"]), pa.array(["c"]), pa.array(["a"])).texts is None


def test_a_column_without_a_value_has_no_figures() -> None:
    found = figures(pa.array([None, None], pa.float64()))
    assert (found.mean, found.least, found.null_share) == (None, None, 1.0)
    assert Figures().null_share == 0.0


def test_all_tasks_count_and_what_is_sampled_are_whole_rows(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MOST_SAMPLED", 500)
    rows = spark.range(2000, numPartitions=4)
    values = {"id": F.col("id").cast("double"), "odd": F.when(F.col("id") % 2 == 1, F.lit("odd"))}
    found = profile(rows, values, 2000)
    whole: Any = found.columns["id"].figures
    assert (whole.rows, whole.mean, whole.least, whole.greatest) == (2000, 999.5, 0.0, 1999.0)
    assert found.columns["odd"].figures.texts == {"odd": 1000}
    assert 350 < found.sampled < 650
    ids, odd = (found.columns[name].sample.to_pylist() for name in ("id", "odd"))
    assert len(set(ids)) == found.sampled
    assert [("odd" if each % 2 else None) for each in ids] == odd
