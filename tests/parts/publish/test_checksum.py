"""The checksum of rows: the same whatever their order, another one for whatever is another value."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.parts.publish.checksum import checksum
from tests.helpers.frames import frame

NAN = float("nan")
SCHEMA = "a int, b int, x double, s string, l array<double>, m map<string, double>, t struct<p: int, q: int>"
ROW: dict[str, Any] = {
    "a": 1, "b": None, "x": 0.0, "s": "", "l": [0.0, None], "m": [("k", 1.0)], "t": {"p": 1, "q": None},
}  # fmt: skip


def test_the_order_of_rows_and_of_map_entries_does_not_count(spark: SparkSession) -> None:
    one, other = ROW | {"m": [("a", 1.0), ("b", None)]}, ROW | {"a": 2}
    turned = ROW | {"m": [("b", None), ("a", 1.0)]}
    assert checksum(frame(spark, SCHEMA, [one, other])) == checksum(
        frame(spark, SCHEMA, [other, turned]).repartition(3)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"a": None, "b": 1},
        {"x": -0.0},
        {"x": NAN},
        {"x": None},
        {"s": None},
        {"l": [None, 0.0]},
        {"l": [-0.0, None]},
        {"l": [0.0]},
        {"l": None},
        {"m": [("k", None)]},
        {"m": [("j", 1.0)]},
        {"m": []},
        {"t": {"p": None, "q": 1}},
        {"t": None},
    ],
    ids=str,
)
def test_another_value_is_another_checksum(spark: SparkSession, change: dict[str, Any]) -> None:
    assert checksum(frame(spark, SCHEMA, [ROW | change])) != checksum(frame(spark, SCHEMA, [ROW]))


def test_duplicates_count(spark: SparkSession) -> None:
    sums = [checksum(frame(spark, "a int", [(1,)] * times)) for times in range(4)]
    assert all(one != other for one, other in itertools.combinations(sums, 2))


def test_every_nan_is_one(spark: SparkSession) -> None:
    other = -NAN
    assert checksum(frame(spark, "x double", [(NAN,)])) == checksum(frame(spark, "x double", [(other,)]))


def test_it_stays_what_manifests_of_earlier_versions_hold(spark: SparkSession) -> None:
    assert checksum(frame(spark, SCHEMA, [ROW, ROW | {"a": 2}])) == "2:6da33d70989a2ff6f0eb8278555c764b"
