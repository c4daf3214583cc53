"""W1 to W3: which events are in the window, one boundary a test."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession

from tests.helpers.frames import at, frame
from tests.helpers.window_frames import NOON, TICK, answers, calendar, count, counts, times, windows_at

HOUR = timedelta(hours=1)


def test_w1_an_event_at_t_itself_is_outside(spark: SparkSession) -> None:
    found = counts(times(spark, NOON), count("7d"), NOON - TICK, NOON, NOON + TICK)
    assert found == [0, 0, 1]


def test_w1_a_window_begins_exactly_168_hours_before_t(spark: SparkSession) -> None:
    """Across the clock change of 10 March seven days are still 168 hours."""
    event = at("12:00", "2024-03-08")
    end = event + timedelta(hours=168)
    assert counts(times(spark, event), count("7d"), end - TICK, end, end + TICK) == [1, 1, 0]


def test_w1_a_late_event_counts_once_it_is_available(spark: SparkSession) -> None:
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


def test_w1_an_event_known_in_advance_waits_for_its_time(spark: SparkSession) -> None:
    rows = frame(spark, "k string, at timestamp, seen timestamp", [("a", NOON, NOON - timedelta(days=1))])
    assert counts(rows, count("1d"), NOON, NOON + TICK, available_at="seen") == [0, 1]


def test_w2_a_day_of_23_hours_and_one_of_25(spark: SparkSession) -> None:
    spring, autumn = at("05:00", "2024-03-10"), at("04:00", "2024-11-03")
    rows = times(spark, spring - TICK, spring, autumn - TICK, autumn)
    ends = spring + timedelta(hours=23), autumn + timedelta(hours=25)
    found = counts(rows, count(calendar("day")), *(end + by for end in ends for by in (-TICK, timedelta(0))))
    assert found == [1, 0, 1, 0]


def test_w2_the_running_unit_is_one_of_the_length(spark: SparkSession) -> None:
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


def test_w2_a_leap_day_is_a_day_of_its_month(spark: SparkSession) -> None:
    leap = at("12:00", "2024-02-29")
    specs = count(calendar("month", zone="UTC"))
    moments = at("23:59:59.999999", "2024-02-29"), at("00:00", "2024-03-01")
    assert counts(times(spark, leap), specs, *moments) == [1, 0]


def test_w3_an_offset_moves_both_ends_of_a_rolling_window(spark: SparkSession) -> None:
    start, end = NOON - timedelta(days=8), NOON - timedelta(days=7)
    for event, expected in ((start - TICK, 0), (start, 1), (end - TICK, 1), (end, 0)):
        assert counts(times(spark, event), count("1d", offset="7d"), NOON) == [expected]


def test_w3_visibility_stays_at_t_whatever_the_offset(spark: SparkSession) -> None:
    rows = frame(
        spark,
        "k string, at timestamp, seen timestamp",
        [("a", NOON - timedelta(days=7, hours=12), NOON)],
    )
    assert counts(rows, count("1d", offset="7d"), NOON - TICK, NOON, available_at="seen") == [0, 1]


@pytest.mark.parametrize("zone", ["America/New_York", "Australia/Sydney", "Europe/London"])
def test_w2_dates_of_a_declared_zone_lie_in_their_own_day_also_where_clocks_change(
    spark: SparkSession, zone: str
) -> None:
    clock, day = ZoneInfo(zone), timedelta(days=1)
    days = [date(2024, 1, 1) + day * place for place in range(366)]
    begins = {each: datetime(each.year, each.month, each.day, tzinfo=clock) for each in days}
    changes = [date(2024, 3, 10), date(2024, 3, 31), date(2024, 11, 3), date(2024, 10, 27), date(2024, 4, 7)]
    starts = [
        begins[each].astimezone(timezone.utc) for each in [*changes, date(2024, 10, 6), date(2024, 7, 1)]
    ]
    moments = [start + by for start in starts for by in (timedelta(0), TICK, 5 * HOUR, 23 * HOUR)]
    first = {
        "day": lambda today: today,
        "week": lambda today: today - day * today.weekday(),
        "month": lambda today: today.replace(day=1),
    }
    by_hand = [
        {
            unit: sum(
                start_of(moment.astimezone(clock).date()) <= each
                and begins[each].timestamp() < moment.timestamp()
                for each in days
            )
            for unit, start_of in first.items()
        }
        for moment in moments
    ]
    specs = {unit: {"function": "count", "window": calendar(unit, zone=zone)} for unit in first}
    rows = frame(spark, "k string, at date", [("a", each) for each in days])
    assert windows_at(rows, specs, *moments, timezone=zone) == by_hand


def test_w3_a_calendar_offset_leaves_whole_units(spark: SparkSession) -> None:
    start, end = at("04:00", "2024-07-19"), at("04:00", "2024-07-20")
    rows = times(spark, start - TICK, start, end - TICK, end)
    specs = {
        "yesterday": {"function": "count", "window": calendar("day"), "offset": 1},
        "day_before": {"function": "count", "window": calendar("day"), "offset": 2},
        "both": {"function": "count", "window": calendar("day", 2), "offset": 1},
    }
    assert windows_at(rows, specs, NOON) == [{"yesterday": 2, "day_before": 1, "both": 3}]


def test_label_events_without_an_entity_share_nothing_with_keys_that_are_small_numbers(
    spark: SparkSession,
) -> None:
    """A number is its own bucket, and label events without an entity are spread over small numbers."""
    rows = frame(spark, "k int, at timestamp, v int", [(key, NOON, key) for key in range(1100)])
    specs = {
        "n": {"function": "count", "window": "1d"},
        "v": {"function": "max", "column": "v", "window": "1d"},
    }
    label_events: list[tuple[Any, ...]] = [(key, NOON + TICK, key) for key in range(1100)]
    label_events += [(None, NOON + TICK, place) for place in range(1100, 1400)]
    found = answers(rows, specs, label_events, key="k long")
    assert found[:1100] == [{"n": 1, "v": key} for key in range(1100)]
    assert found[1100:] == [{"n": None, "v": None}] * 300
