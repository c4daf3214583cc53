"""How two sets of rows differ: how many rows are only in one of them, and in which columns."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.parts.publish import Difference, difference
from tests.helpers.frames import frame

NAN = float("nan")
SCHEMA = "k int, t int, x double, l array<double>, m map<string, double>, b binary"
ROWS: list[dict[str, Any]] = [
    {"k": 1, "t": 1, "x": NAN, "l": [0.0, None], "m": [("a", 1.0), ("b", None)], "b": b"\xff"},
    {"k": 1, "t": 2, "x": 0.0, "l": None, "m": None, "b": None},
    {"k": None, "t": None, "x": None, "l": [], "m": [], "b": b""},
]


def differing(spark: SparkSession, first: list[dict[str, Any]], second: list[dict[str, Any]]) -> Difference:
    return difference(frame(spark, SCHEMA, first), frame(spark, SCHEMA, second), ["k", "t"])


def changed(place: int, **values: Any) -> list[dict[str, Any]]:
    return [row | values if place == index else row for index, row in enumerate(ROWS)]


def test_the_order_of_rows_and_of_map_entries_is_no_difference(spark: SparkSession) -> None:
    turned = [*reversed(changed(0, m=[("b", None), ("a", 1.0)]))]
    assert differing(spark, ROWS, turned) == (0, 0, ())


@pytest.mark.parametrize(
    ("place", "column", "value"),
    [
        (0, "x", 0.0),
        (1, "x", -0.0),
        (1, "x", None),
        (0, "l", [-0.0, None]),
        (1, "l", []),
        (0, "m", [("a", 1.0), ("b", 0.0)]),
        (1, "m", []),
        (2, "b", None),
    ],
    ids=str,
)
def test_another_value_is_one_row_on_each_side_and_its_column(
    spark: SparkSession, place: int, column: str, value: Any
) -> None:
    assert differing(spark, ROWS, changed(place, **{column: value})) == (1, 1, (column,))


def test_a_duplicate_counts_as_often_as_it_is_there(spark: SparkSession) -> None:
    more = [*ROWS, ROWS[0], ROWS[0]]
    assert differing(spark, ROWS, more)[:2] == (0, 2)
    assert differing(spark, more, ROWS)[:2] == (2, 0)


def test_no_rows_on_either_side(spark: SparkSession) -> None:
    assert differing(spark, [], []) == (0, 0, ())
    assert differing(spark, ROWS, [])[:2] == (3, 0)


def test_values_that_changed_places_differ_in_their_column(spark: SparkSession) -> None:
    exchanged = [ROWS[0] | {"x": 0.0}, ROWS[1] | {"x": NAN}, ROWS[2]]
    assert differing(spark, ROWS, exchanged) == (2, 2, ("x",))


def test_where_label_events_differ_only_their_columns_are_named(spark: SparkSession) -> None:
    assert differing(spark, ROWS, changed(1, t=3, x=5.0)) == (1, 1, ("t",))


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        ("k int, t bigint", ("t",)),
        ("k int, u int", ("t", "u")),
        ("k int, t int, u int", ("u",)),
        ("t int, k int", ("k", "t")),
    ],
)
def test_other_columns_are_named_and_no_row_is_in_both(
    spark: SparkSession, schema: str, columns: tuple[str, ...]
) -> None:
    first = frame(spark, "k int, t int", [(1, 1), (2, 2)])
    assert difference(first, frame(spark, schema, [(1,) * len(schema.split(","))]), ["k"]) == (2, 1, columns)
