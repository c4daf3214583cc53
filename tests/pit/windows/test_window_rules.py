"""The rules of window aggregations, one boundary a test, in the contract's order."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs.pit.asof import Lane, as_of_join
from jobs.pit.windows import WindowReduction, aggregate_windows
from tests.frames import at, collected, frame, spine

TICK = timedelta(microseconds=1)
NOON = at("12:00", "2024-07-20")
NEW_YORK = "America/New_York"

Specs = dict[str, dict[str, Any]]


def windows_at(rows: DataFrame, specs: Specs, *times: datetime | None, **options: Any) -> list[Any]:
    """Per time, entity a's aggregates by name; None where there is neither. Rows have the key k and the time at."""
    label_events = [("a", moment, place) for place, moment in enumerate(times)]
    return _answers(rows, specs, label_events, **options)


def _answers(rows: DataFrame, specs: Specs, label_events: list[Any], **options: Any) -> list[Any]:
    events = frame(rows.sparkSession, "k string, t timestamp, place int", label_events)
    aggregations = [{"name": name, **spec} for name, spec in specs.items()]
    reduction = WindowReduction.read(aggregations, rows.schema, options.get("strict", False))
    assert reduction is not None
    assert reduction.problems() == []
    told = {"event_timestamp": "at", **options}
    lane = Lane("r", rows, (("k", "k"),), (), reduction=reduction, **told)
    joined = as_of_join(spine(events, "k"), [lane], aggregate_windows)
    found = collected(joined.select("label.place", lane.events_slot))
    assert len(found) == len(label_events)
    return [row[lane.events_slot] for row in sorted(found, key=lambda row: int(row["place"]))]


def times(spark: SparkSession, *moments: datetime) -> DataFrame:
    """Events of entity a at these instants, and one of another entity at each."""
    return frame(spark, "k string, at timestamp", [(key, moment) for moment in moments for key in "ab"])


def values(spark: SparkSession, kind: str, *column: Any) -> DataFrame:
    """Events of entity a with these values, a minute apart, the last one a minute before noon."""
    first = NOON - timedelta(minutes=len(column))
    rows = [("a", first + timedelta(minutes=place), value) for place, value in enumerate(column)]
    return frame(spark, f"k string, at timestamp, v {kind}", rows)


def of_v(*functions: str, **more: Any) -> Specs:
    """These functions of the column v over a day, each under its own name."""
    return {function: {"function": function, "column": "v", "window": "1d", **more} for function in functions}


def count(window: Any, **more: Any) -> Specs:
    return {"n": {"function": "count", "window": window, **more}}


def calendar(unit: str, length: int = 1, zone: str = NEW_YORK) -> dict[str, Any]:
    return {"calendar": unit, "length": length, "timezone": zone}


def counts(rows: DataFrame, specs: Specs, *moments: datetime | None, **options: Any) -> list[int]:
    return [answer["n"] for answer in windows_at(rows, specs, *moments, **options)]


def test_rule_1_an_event_at_t_itself_is_outside(spark: SparkSession) -> None:
    found = counts(times(spark, NOON), count("7d"), NOON - TICK, NOON, NOON + TICK)
    assert found == [0, 0, 1]


def test_rule_1_a_window_begins_exactly_168_hours_before_t(spark: SparkSession) -> None:
    """Across the clock change of 10 March seven days are still 168 hours."""
    event = at("12:00", "2024-03-08")
    end = event + timedelta(hours=168)
    assert counts(times(spark, event), count("7d"), end - TICK, end, end + TICK) == [1, 1, 0]


def test_rule_1_a_late_event_counts_once_it_is_available(spark: SparkSession) -> None:
    happened, landed = NOON - timedelta(hours=2), NOON
    rows = frame(
        spark,
        "k string, at timestamp, seen timestamp",
        [("a", happened, landed), ("a", happened + TICK, happened + TICK)],
    )
    moments = NOON - TICK, NOON, NOON + TICK
    assert counts(rows, count("1d"), *moments, available_at="seen") == [1, 2, 2]
    assert counts(rows, count("1d"), *moments, available_at="seen", strict=True) == [1, 1, 2]
    assert counts(rows, count("1d"), *moments, available_at="seen", delay=TICK) == [1, 1, 2]


def test_rule_1_an_event_known_in_advance_waits_for_its_time(spark: SparkSession) -> None:
    rows = frame(spark, "k string, at timestamp, seen timestamp", [("a", NOON, NOON - timedelta(days=1))])
    assert counts(rows, count("1d"), NOON, NOON + TICK, available_at="seen") == [0, 1]


def test_rule_2_a_day_of_23_hours_and_one_of_25(spark: SparkSession) -> None:
    spring, autumn = at("05:00", "2024-03-10"), at("04:00", "2024-11-03")
    rows = times(spark, spring - TICK, spring, autumn - TICK, autumn)
    ends = spring + timedelta(hours=23), autumn + timedelta(hours=25)
    found = counts(
        rows, count(calendar("day")), *(end + by for end in ends for by in (-TICK, timedelta(0)))
    )
    assert found == [1, 0, 1, 0]


def test_rule_2_the_running_unit_is_one_of_the_length(spark: SparkSession) -> None:
    sunday, monday = at("03:59:59.999999", "2024-07-15"), at("04:00", "2024-07-15")
    june, july = at("03:59:59.999999", "2024-07-01"), at("04:00", "2024-07-01")
    rows = times(spark, june, july, sunday, monday, NOON)
    specs = {
        "week": {"function": "count", "window": calendar("week")},
        "weeks": {"function": "count", "window": calendar("week", 3)},
        "month": {"function": "count", "window": calendar("month")},
        "months": {"function": "count", "window": calendar("month", 2)},
    }
    assert windows_at(rows, specs, NOON) == [{"week": 1, "weeks": 3, "month": 3, "months": 4}]


def test_rule_2_a_leap_day_is_a_day_of_its_month(spark: SparkSession) -> None:
    leap = at("12:00", "2024-02-29")
    specs = count(calendar("month", zone="UTC"))
    moments = at("23:59:59.999999", "2024-02-29"), at("00:00", "2024-03-01")
    assert counts(times(spark, leap), specs, *moments) == [1, 0]


def test_rule_3_an_offset_moves_both_ends_of_a_rolling_window(spark: SparkSession) -> None:
    start, end = NOON - timedelta(days=8), NOON - timedelta(days=7)
    for event, expected in ((start - TICK, 0), (start, 1), (end - TICK, 1), (end, 0)):
        assert counts(times(spark, event), count("1d", offset="7d"), NOON) == [expected]


def test_rule_3_visibility_stays_at_t_whatever_the_offset(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "k string, at timestamp, seen timestamp",
        [("a", NOON - timedelta(days=7, hours=12), NOON)],
    )
    assert counts(rows, count("1d", offset="7d"), NOON - TICK, NOON, available_at="seen") == [0, 1]


def test_rule_3_a_calendar_offset_leaves_whole_units(spark: SparkSession) -> None:
    start, end = at("04:00", "2024-07-19"), at("04:00", "2024-07-20")
    rows = times(spark, start - TICK, start, end - TICK, end)
    specs = {
        "yesterday": {"function": "count", "window": calendar("day"), "offset": 1},
        "day_before": {"function": "count", "window": calendar("day"), "offset": 2},
        "both": {"function": "count", "window": calendar("day", 2), "offset": 1},
    }
    assert windows_at(rows, specs, NOON) == [{"yesterday": 2, "day_before": 1, "both": 3}]


def test_rule_4_duplicates_and_corrections_count_each(spark: SparkSession) -> None:
    when = NOON - timedelta(hours=1)
    rows = frame(spark, "k string, at timestamp, v int", [("a", when, 1), ("a", when, 1), ("a", when, 5)])
    assert windows_at(rows, of_v("count", "sum"), NOON) == [{"count": 3, "sum": 7}]


def test_rule_4_an_empty_window_is_zero_or_an_empty_list_or_null(spark: SparkSession) -> None:
    functions = of_v("count", "count_distinct", "sum", "mean", "stddev", "min", "max", "first", "last")
    specs = functions | of_v("time_since_last") | of_v("last_n", n=2) | of_v("percentile", p=0.5)
    empty = dict.fromkeys(specs) | {"count": 0, "count_distinct": 0, "last_n": []}
    no_event, only_nulls = values(spark, "int"), values(spark, "int", None, None)
    assert windows_at(no_event, specs, NOON) == [empty]
    assert windows_at(only_nulls, specs, NOON) == [empty]


def test_rule_4_without_a_column_nulls_are_events_too(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, None)
    specs = count("1d") | {"since": {"function": "time_since_last", "window": "1d"}}
    assert windows_at(rows, specs | of_v("count", "time_since_last"), NOON) == [
        {"n": 2, "since": 60.0, "count": 1, "time_since_last": 120.0}
    ]


def test_without_an_entity_or_a_t_even_counts_are_null(spark: SparkSession) -> None:
    rows = frame(spark, "k string, at timestamp", [("a", NOON - TICK), (None, NOON - TICK), ("a", None)])
    label_events = [("a", NOON, 0), (None, NOON, 1), ("a", None, 2), ("z", NOON, 3)]
    specs = count("1d") | {"day": {"function": "count", "window": calendar("day")}}
    assert _answers(rows, specs, label_events) == [{"n": 1, "day": 1}, None, None, {"n": 0, "day": 0}]


def test_rule_4_first_and_last_settle_ties_by_availability_then_value(spark: SparkSession) -> None:
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


def test_rule_4_last_n_is_newest_first_and_as_long_as_there_are_values(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2, None, 3)
    specs = {f"last_{n}": {"function": "last_n", "column": "v", "n": n, "window": "1d"} for n in (1, 2, 9)}
    assert windows_at(rows, specs, NOON) == [{"last_1": [3], "last_2": [3, 2], "last_9": [3, 2, 1]}]


def test_rule_4_percentiles_take_the_nearest_rank(spark: SparkSession) -> None:
    """0.07 of 100 is 7, although 0.07 * 100 is more than 7 in doubles."""
    rows = values(spark, "int", *range(1, 101))
    ranks = {"p0": 0, "p7": 0.07, "p501": 0.501, "p1": 1}
    specs = {
        name: {"function": "percentile", "column": "v", "p": p, "window": "1d"} for name, p in ranks.items()
    }
    assert windows_at(rows, specs, NOON) == [{"p0": 1, "p7": 7, "p501": 51, "p1": 100}]


def test_rule_4_nan_is_greatest_and_one_value_and_zeros_are_one(spark: SparkSession) -> None:
    rows = values(spark, "double", math.nan, -math.nan, 0.0, -0.0, math.inf)
    (found,) = windows_at(rows, of_v("count_distinct", "min", "max"), NOON)
    assert found["count_distinct"] == 3
    assert math.copysign(1.0, found["min"]) == -1.0
    assert math.isnan(found["max"])


def test_rule_4_nan_and_infinities_are_what_ieee_says(spark: SparkSession) -> None:
    (finite,) = windows_at(values(spark, "double", 1.0, math.inf), of_v("sum", "mean", "stddev"), NOON)
    assert (finite["sum"], finite["mean"]) == (math.inf, math.inf)
    assert math.isnan(finite["stddev"])
    (both,) = windows_at(values(spark, "double", -math.inf, math.inf), of_v("sum", "mean"), NOON)
    assert math.isnan(both["sum"])
    assert math.isnan(both["mean"])


def test_rule_4_the_deviation_is_of_a_sample_and_null_for_one_value(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, None, 3)
    assert windows_at(rows, of_v("stddev"), NOON - timedelta(minutes=1), NOON) == [
        {"stddev": None},
        {"stddev": math.sqrt(2)},
    ]


def test_rule_4_means_are_doubles_and_sums_keep_their_kind(spark: SparkSession) -> None:
    assert windows_at(values(spark, "smallint", 1, 2), of_v("sum", "mean"), NOON) == [{"sum": 3, "mean": 1.5}]
    (found,) = windows_at(values(spark, "float", 0.5, 0.25), of_v("sum", "last"), NOON)
    assert found == {"sum": 0.75, "last": 0.25}


def test_rule_5_what_is_null_is_not_true(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2, None)
    wheres = {"big": "v > 1", "not_big": "NOT (v > 1)", "either": "v > 1 OR NOT (v > 1)", "null": "v IS NULL"}
    specs = {name: {"function": "count", "window": "1d", "where": where} for name, where in wheres.items()}
    assert windows_at(rows, specs, NOON) == [{"big": 1, "not_big": 1, "either": 2, "null": 1}]


def test_rule_5_nan_equals_itself_and_is_greatest(spark: SparkSession) -> None:
    rows = values(spark, "double", math.nan, math.inf, 1.0)
    wheres = {"above": "v > 1e300", "beyond": "v >= v AND NOT v <= 1e308"}
    specs = {name: {"function": "count", "window": "1d", "where": where} for name, where in wheres.items()}
    assert windows_at(rows, specs, NOON) == [{"above": 2, "beyond": 2}]


def test_rule_5_columns_are_named_whatever_the_case(spark: SparkSession) -> None:
    rows = values(spark, "int", 1, 2)
    specs = {"s": {"function": "sum", "column": "V", "window": "1d", "where": "V > 1 AND AT IS NOT NULL"}}
    assert windows_at(rows, specs, NOON) == [{"s": 2}]


def test_rule_6_integers_and_decimals_beyond_doubles_are_exact(spark: SparkSession) -> None:
    assert windows_at(values(spark, "bigint", 2**62, 2**62 - 1), of_v("sum"), NOON) == [{"sum": 2**63 - 1}]
    money = values(spark, "decimal(38, 2)", Decimal("9" * 30 + ".99"), Decimal("0.01"))
    assert windows_at(money, of_v("sum"), NOON) == [{"sum": Decimal("1" + "0" * 30 + ".00")}]


def test_rule_6_a_window_after_a_huge_value_is_not_blurred_by_it(spark: SparkSession) -> None:
    """The difference of prefix sums would be 0."""
    rows = frame(
        spark,
        "k string, at timestamp, v double",
        [("a", NOON - timedelta(days=2), 1e16), ("a", NOON - TICK, 0.1), ("a", NOON - 2 * TICK, 0.2)],
    )
    (found,) = windows_at(rows, of_v("sum"), NOON)
    assert abs(found["sum"] - 0.3) < 1e-15
