"""W4 to W6: what the functions make of the events, one boundary a test."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

from pyspark.sql import SparkSession

from tests.helpers.frames import frame
from tests.helpers.window_frames import NOON, TICK, answers, calendar, count, of_v, values, windows_at


def test_w4_duplicates_and_corrections_count_each(spark: SparkSession) -> None:
    when = NOON - timedelta(hours=1)
    rows = frame(spark, "k string, at timestamp, v int", [("a", when, 1), ("a", when, 1), ("a", when, 5)])
    assert windows_at(rows, of_v("count", "sum"), NOON) == [{"count": 3, "sum": 7}]


def test_w4_an_empty_window_is_zero_or_an_empty_list_or_null(spark: SparkSession) -> None:
    functions = of_v("count", "count_distinct", "sum", "mean", "stddev", "min", "max", "first", "last")
    specs = functions | of_v("time_since_last") | of_v("last_n", n=2) | of_v("percentile", p=0.5)
    empty = dict.fromkeys(specs) | {"count": 0, "count_distinct": 0, "last_n": []}
    no_event, only_nulls = values(spark, "int"), values(spark, "int", None, None)
    assert windows_at(no_event, specs, NOON) == [empty]
    assert windows_at(only_nulls, specs, NOON) == [empty]


def test_w4_without_a_column_nulls_are_events_too(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, None)
    specs = count("1d") | {"since": {"function": "time_since_last", "window": "1d"}}
    assert windows_at(rows, specs | of_v("count", "time_since_last"), NOON) == [
        {"n": 2, "since": 60.0, "count": 1, "time_since_last": 120.0}
    ]


def test_without_an_entity_or_a_t_even_counts_are_null(spark: SparkSession) -> None:
    rows = frame(spark, "k string, at timestamp", [("a", NOON - TICK), (None, NOON - TICK), ("a", None)])
    label_events = [("a", NOON, 0), (None, NOON, 1), ("a", None, 2), ("z", NOON, 3)]
    specs = count("1d") | {"day": {"function": "count", "window": calendar("day")}}
    assert answers(rows, specs, label_events) == [
        {"n": 1, "day": 1},
        {"n": None, "day": None},
        {"n": None, "day": None},
        {"n": 0, "day": 0},
    ]


def test_w4_first_and_last_settle_ties_by_availability_then_value(spark: SparkSession) -> None:
    when, soon = NOON - timedelta(hours=2), NOON - timedelta(hours=1)
    rows = frame(
        spark,
        "k string, at timestamp, seen timestamp, v string",
        [
            ("a", when, when, "Z"),
            ("a", when, when, "a"),
            ("a", when, soon, "B"),
            ("a", when, soon, None),
        ],
    )
    specs = of_v("first", "last") | of_v("last_n", n=3)
    assert windows_at(rows, specs, NOON, available_at="seen") == [
        {"first": "Z", "last": "B", "last_n": ["B", "a", "Z"]}
    ]


def test_w4_last_n_is_newest_first_and_as_long_as_there_are_values(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2, None, 3)
    specs = {f"last_{n}": {"function": "last_n", "column": "v", "n": n, "window": "1d"} for n in (1, 2, 9)}
    assert windows_at(rows, specs, NOON) == [{"last_1": [3], "last_2": [3, 2], "last_9": [3, 2, 1]}]


def test_w4_percentiles_take_the_nearest_rank(spark: SparkSession) -> None:
    """0.07 of 100 is 7, although 0.07 * 100 is more than 7 in doubles."""
    rows = values(spark, "int", *range(1, 101))
    ranks = {"p0": 0, "p7": 0.07, "p501": 0.501, "p1": 1}
    specs = {
        name: {"function": "percentile", "column": "v", "p": p, "window": "1d"} for name, p in ranks.items()
    }
    assert windows_at(rows, specs, NOON) == [{"p0": 1, "p7": 7, "p501": 51, "p1": 100}]


def test_w4_nan_is_greatest_and_one_value_and_zeros_are_one(spark: SparkSession) -> None:
    rows = values(spark, "double", math.nan, -math.nan, 0.0, -0.0, math.inf)
    (found,) = windows_at(rows, of_v("count_distinct", "min", "max"), NOON)
    assert found["count_distinct"] == 3
    assert math.copysign(1.0, found["min"]) == -1.0
    assert math.isnan(found["max"])


def test_w4_nan_and_infinities_are_what_ieee_says(spark: SparkSession) -> None:
    (finite,) = windows_at(values(spark, "double", 1.0, math.inf), of_v("sum", "mean", "stddev"), NOON)
    assert (finite["sum"], finite["mean"]) == (math.inf, math.inf)
    assert math.isnan(finite["stddev"])
    (both,) = windows_at(values(spark, "double", -math.inf, math.inf), of_v("sum", "mean"), NOON)
    assert math.isnan(both["sum"])
    assert math.isnan(both["mean"])


def test_w4_the_deviation_is_of_a_sample_and_null_for_one_value(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, None, 3)
    assert windows_at(rows, of_v("stddev"), NOON - timedelta(minutes=1), NOON) == [
        {"stddev": None},
        {"stddev": math.sqrt(2)},
    ]


def test_w4_means_are_doubles_and_sums_keep_their_kind(spark: SparkSession) -> None:
    assert windows_at(values(spark, "smallint", 1, 2), of_v("sum", "mean"), NOON) == [{"sum": 3, "mean": 1.5}]
    (found,) = windows_at(values(spark, "float", 0.5, 0.25), of_v("sum", "last"), NOON)
    assert found == {"sum": 0.75, "last": 0.25}


def test_w5_what_is_null_is_not_true(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2, None)
    wheres = {"big": "v > 1", "not_big": "NOT (v > 1)", "either": "v > 1 OR NOT (v > 1)", "null": "v IS NULL"}
    specs = {name: {"function": "count", "window": "1d", "where": where} for name, where in wheres.items()}
    assert windows_at(rows, specs, NOON) == [{"big": 1, "not_big": 1, "either": 2, "null": 1}]


def test_w5_nan_equals_itself_and_is_greatest(spark: SparkSession) -> None:
    rows = values(spark, "double", math.nan, math.inf, 1.0)
    wheres = {"above": "v > 1e300", "beyond": "v >= v AND NOT v <= 1e308"}
    specs = {name: {"function": "count", "window": "1d", "where": where} for name, where in wheres.items()}
    assert windows_at(rows, specs, NOON) == [{"above": 2, "beyond": 2}]


def test_w5_columns_are_named_whatever_the_case(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2)
    specs = {"s": {"function": "sum", "column": "V", "window": "1d", "where": "V > 1 AND AT IS NOT NULL"}}
    assert windows_at(rows, specs, NOON) == [{"s": 2}]


def test_w6_integers_and_decimals_beyond_doubles_are_exact(spark: SparkSession) -> None:
    assert windows_at(values(spark, "bigint", 2**62, 2**62 - 1), of_v("sum"), NOON) == [{"sum": 2**63 - 1}]
    money = values(spark, "decimal(38, 2)", Decimal("9" * 30 + ".99"), Decimal("0.01"))
    assert windows_at(money, of_v("sum"), NOON) == [{"sum": Decimal("1" + "0" * 30 + ".00")}]
    digits = values(
        spark, "decimal(38, 2)", Decimal("123456789012345678901234567890123456.78"), Decimal("0.01")
    )
    assert windows_at(digits, of_v("sum"), NOON) == [
        {"sum": Decimal("123456789012345678901234567890123456.79")}
    ]


def test_w6_a_window_after_a_huge_value_is_not_blurred_by_it(spark: SparkSession) -> None:
    """The difference of prefix sums would be 0."""
    rows = frame(
        spark,
        "k string, at timestamp, v double",
        [("a", NOON - timedelta(days=2), 1e16), ("a", NOON - TICK, 0.1), ("a", NOON - 2 * TICK, 0.2)],
    )
    (found,) = windows_at(rows, of_v("sum"), NOON)
    assert abs(found["sum"] - 0.3) < 1e-15
