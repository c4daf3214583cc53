"""What a build with windows is going to run and read: the as-of join's one exchange and pass, and the needed past."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from skewless import build_frame
from skewless.ground.run.ranges import RunRange
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.rows import joined_rows, select_result, spine_for
from tests.helpers.frames import at, collected, delta, feature_table, frame, training_set
from tests.parts.asof.test_plan import LATER, counted, filters, given, plan, pruned

SCHEMA = "k string, at timestamp, v int"
TEN: list[dict[str, Any]] = [
    {"name": "n_1d", "function": "count", "window": "1d"},
    {"name": "n_90d", "function": "count", "window": "90d", "where": "v > 0"},
    {"name": "sum_7d", "function": "sum", "column": "v", "window": "7d"},
    {"name": "mean_30d", "function": "mean", "column": "v", "window": "30d", "offset": "1d"},
    {"name": "max_1h", "function": "max", "column": "v", "window": "1h"},
    {"name": "last_7d", "function": "last", "column": "v", "window": "7d"},
    {"name": "distinct_7d", "function": "count_distinct", "column": "v", "window": "7d"},
    {"name": "newest_3", "function": "last_n", "column": "v", "n": 3, "window": "30d"},
    {"name": "median_7d", "function": "percentile", "column": "v", "p": 0.5, "window": "7d"},
    {
        "name": "month",
        "function": "count",
        "window": {"calendar": "month", "length": 1, "timezone": "America/New_York"},
    },
]


def test_two_tables_and_ten_aggregations_cost_one_exchange_and_one_pass(
    spark: SparkSession, tmp_path: Path
) -> None:
    source = delta(spark, str(tmp_path / "r"), SCHEMA, [("a", at("09:00"), 1)])
    spec = training_set(
        feature_table(source, aggregations=TEN),
        feature_table(source, name="other", columns=[], aggregations=TEN[:4], strict=True),
        feature_table(source, name="plain"),
    )
    events = frame(spark, "k string, t timestamp, y int", [("a", at("10:00"), 1)])
    built = build_frame(spark, {**spec, "strategy": "exchange"}, events, conf_dir=str(tmp_path))
    assert counted(built) == (1, 0)
    assert plan(built).count("MapInArrow") == 1


def test_windows_alone_move_a_few_plain_values(spark: SparkSession, tmp_path: Path) -> None:
    """Rows are brought together by a number and left in any order, and an event is a few plain values."""
    source = delta(spark, str(tmp_path / "r"), "k long, at timestamp, v int", [(1, at("09:00"), 1)])
    spec = training_set(feature_table(source, columns=[], aggregations=TEN))
    events = frame(spark, "k int, t timestamp, y int", [(1, at("10:00"), 1)])
    built = build_frame(spark, {**spec, "strategy": "exchange"}, events, conf_dir=str(tmp_path))
    assert counted(built) == (1, 0)
    assert "Window" not in plan(built)
    assert given(built) == ["bucket", "side", "moment", "label", "values_0", "values_1"]


def aggregates(spark: SparkSession, opened: OpenedTrainingSet) -> dict[str, Any]:
    """The joined columns of the one label event, computed from what is read."""
    (row,) = collected(select_result(opened, joined_rows(opened, spine_for(opened, RunRange(LATER)))))
    return {name: value for name, value in row.items() if name.startswith("r__")}


def values_read(opened: OpenedTrainingSet) -> set[int]:
    return {row["v"] for row in opened.sides[0].rows.collect()}


def test_windows_alone_read_as_far_back_as_the_longest(spark: SparkSession, tmp_path: Path) -> None:
    """T is 12:00 on 6 July."""
    days = ("2024-06-28", "2024-06-29", "2024-06-30", "2024-07-06", "2024-07-07")
    rows = [("a", at("12:00", day), place) for place, day in enumerate(days)]
    source = delta(spark, str(tmp_path / "r"), SCHEMA, rows)
    windows = [
        {"name": "n", "function": "count", "window": "1d", "offset": "6d"},
        {"name": "m", "function": "count", "window": "2d"},
    ]
    opened = pruned(spark, tmp_path, source, columns=[], aggregations=windows)
    pushed = filters(opened.sides[0].rows, "PushedFilters")
    assert "GreaterThanOrEqual(at," in pushed
    assert "LessThanOrEqual(at," in pushed
    assert values_read(opened) == {1, 2, 3}
    assert aggregates(spark, opened) == {"r__n": 1, "r__m": 0}


def test_beside_as_of_columns_without_a_max_age_the_whole_past_is_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    rows = [("a", at("12:00", "2001-01-01"), 1), ("a", at("12:00", "2024-07-07"), 2)]
    source = delta(spark, str(tmp_path / "r"), SCHEMA, rows)
    windows = [{"name": "n", "function": "count", "window": "7d"}]
    assert values_read(pruned(spark, tmp_path, source, aggregations=windows)) == {1}
    beside = pruned(spark, tmp_path, source, aggregations=windows, max_age="1d")
    assert values_read(beside) == set()
    assert aggregates(spark, beside) == {"r__v": None, "r__n": 0}


def test_pruning_keeps_what_a_calendar_window_reaches(spark: SparkSession, tmp_path: Path) -> None:
    """July begins in New York at 04:00 UTC, in Auckland at 12:00 UTC the day before."""
    moments = (
        at("11:59:59.999999", "2024-06-30"),
        at("12:00", "2024-06-30"),
        at("03:59:59.999999", "2024-07-01"),
        at("04:00", "2024-07-01"),
        at("12:00", "2024-01-01"),
    )
    source = delta(
        spark, str(tmp_path / "r"), SCHEMA, [("a", moment, place) for place, moment in enumerate(moments)]
    )
    windows = [
        {
            "name": name,
            "function": "count",
            "window": {"calendar": "month", "length": 1, "timezone": zone},
        }
        for name, zone in (("here", "America/New_York"), ("there", "Pacific/Auckland"))
    ]
    opened = pruned(spark, tmp_path, source, columns=[], aggregations=windows)
    assert 4 not in values_read(opened)
    assert aggregates(spark, opened) == {"r__here": 1, "r__there": 3}


def test_pruning_keeps_late_rows_that_a_window_reaches(spark: SparkSession, tmp_path: Path) -> None:
    rows = [
        ("a", at("12:00", "2024-07-01"), at("12:00", "2024-07-06"), 1),
        ("a", at("12:00", "2024-07-01"), at("12:00:00.000001", "2024-07-06"), 2),
    ]
    source = delta(spark, str(tmp_path / "r"), "k string, at timestamp, seen timestamp, v int", rows)
    windows = [{"name": "s", "function": "sum", "column": "v", "window": "7d"}]
    opened = pruned(spark, tmp_path, source, columns=[], aggregations=windows, available_at="seen")
    assert values_read(opened) == {1}
    assert aggregates(spark, opened) == {"r__s": 1}
