"""The oracle of window aggregations itself, by literals."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tests.oracles.asof import Row
from tests.oracles.windows import OracleStream, aggregate, agrees, same, window

NOON = datetime(2024, 7, 8, 12, tzinfo=timezone.utc)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
STREAM = OracleStream(event_timestamp="at")
NEW_YORK_DAY = {"calendar": "day", "length": 1, "timezone": "America/New_York"}


def result(function: str, found: list[Any], **spec: Any) -> Any:
    """The function over these values, an hour apart, the last an hour before noon."""
    rows = [{"at": NOON - (len(found) - place) * HOUR, "v": v} for place, v in enumerate(found)]
    return aggregate(rows, NOON, {"function": function, "column": "v", "window": "7d", **spec}, STREAM)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def test_a_rolling_window_is_half_open_and_moved_back_by_its_offset() -> None:
    assert window(NOON, {"window": "24h"}) == (NOON - 24 * HOUR, NOON)
    assert window(NOON, {"window": "1h", "offset": "30m"}) == (NOON - 1.5 * HOUR, NOON - 0.5 * HOUR)


def test_a_calendar_window_begins_at_local_midnight() -> None:
    assert window(NOON, {"window": NEW_YORK_DAY}) == (utc("2024-07-08 04:00"), NOON)
    assert window(NOON, {"window": NEW_YORK_DAY, "offset": 1}) == (
        utc("2024-07-07 04:00"),
        utc("2024-07-08 04:00"),
    )
    two_days = {**NEW_YORK_DAY, "length": 2}
    assert window(NOON, {"window": two_days, "offset": 2}) == (
        utc("2024-07-05 04:00"),
        utc("2024-07-07 04:00"),
    )


def test_a_calendar_day_has_23_or_25_hours_where_clocks_change() -> None:
    spring = window(utc("2024-03-11 12:00"), {"window": NEW_YORK_DAY, "offset": 1})
    autumn = window(utc("2024-11-04 12:00"), {"window": NEW_YORK_DAY, "offset": 1})
    assert (spring[1] - spring[0], autumn[1] - autumn[0]) == (23 * HOUR, 25 * HOUR)


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    week = {"calendar": "week", "length": 1, "timezone": "UTC"}
    month = {"calendar": "month", "length": 2, "timezone": "UTC"}
    assert window(utc("2024-07-14 12:00"), {"window": week})[0] == utc("2024-07-08 00:00")
    assert window(utc("2024-03-31 12:00"), {"window": month, "offset": 1}) == (
        utc("2024-01-01 00:00"),
        utc("2024-03-01 00:00"),
    )


def test_late_events_and_events_at_t_are_left_out() -> None:
    stream = OracleStream(event_timestamp="at", available_at="seen", delay=HOUR)
    rows: list[Row] = [
        {"at": NOON - 2 * HOUR, "seen": NOON - HOUR},
        {"at": NOON - 2 * HOUR, "seen": NOON - HOUR + TICK},
        {"at": NOON, "seen": NOON - 2 * HOUR},
        {"at": None, "seen": NOON - 2 * HOUR},
        {"at": NOON - 2 * HOUR, "seen": None},
    ]
    assert aggregate(rows, NOON, {"function": "count", "window": "7d"}, stream) == 1
    strict = OracleStream(event_timestamp="at", available_at="seen", delay=HOUR, strict=True)
    assert aggregate(rows, NOON, {"function": "count", "window": "7d"}, strict) == 0


def test_where_takes_only_what_is_true() -> None:
    rows = [{"at": NOON - HOUR, "v": v} for v in (True, False, None)]
    found = aggregate(rows, NOON, {"function": "count", "window": "7d"}, STREAM, lambda row: row["v"])
    assert found == 1


@pytest.mark.parametrize(
    ("function", "values", "expected"),
    [
        ("count", [1, None], 1),
        ("sum", [2**53, 1], 2**53 + 1),
        ("sum", [Decimal("0.10"), Decimal("0.20")], Decimal("0.30")),
        ("sum", [1e16, 1.0, -1e16], 0.0),
        ("mean", [1, 2], 1.5),
        ("stddev", [1, 3], math.sqrt(2)),
        ("stddev", [1], None),
        ("min", [0.0, -0.0], -0.0),
        ("max", [math.inf, math.nan], math.nan),
        ("first", [None, 2, 3], 2),
        ("last", [2, 3, None], 3),
        ("count_distinct", [math.nan, -math.nan, 0.0, -0.0], 2),
        ("median", [3, None, 1], 2.0),
        ("median", [3, 1, 2**53 + 1], 3.0),
        ("median", [2**63 - 1, 2**63 - 3], 2.0**63),
        ("median", [-0.0], -0.0),
        ("median", [-0.0, -0.0], 0.0),
        ("median", [Decimal("0.1"), Decimal("0.2")], 0.15),
        ("median", [math.nan, 1.0, 2.0], 2.0),
        ("mode", [2, 1, 2, None, None, None], 2),
        ("mode", ["b", "a"], "a"),
        ("mode", [-0.0, 1.0, 0.0, 1.0, -0.0], 0.0),
        ("mode", [math.nan, 1.0, -math.nan], math.nan),
        ("mode", [math.nan, 1.0], 1.0),
        ("median", [None], None),
        ("mode", [], None),
        ("time_since_last", [1, None], 7200.0),
        ("sum", [], None),
        ("count", [], 0),
        ("count_distinct", [None], 0),
    ],
)
def test_every_function(function: str, values: list[Any], expected: Any) -> None:
    assert same(result(function, values), expected)


def test_functions_with_an_argument() -> None:
    assert result("last_n", [1, 2, 3], n=2) == [3, 2]
    assert result("last_n", [], n=2) == []
    assert [result("percentile", [1, 2, 3, 4, 5], p=p) for p in (0, 0.2, 0.21, "1")] == [1, 1, 2, 5]


def test_a_sum_of_integers_beyond_64_bits_is_an_error() -> None:
    with pytest.raises(OverflowError):
        result("sum", [2**62, 2**62])


def test_a_null_t_has_a_null_result() -> None:
    assert aggregate([], None, {"function": "count", "window": "7d"}, STREAM) is None


def test_results_agree_within_the_tolerance_and_otherwise_exactly() -> None:
    assert agrees(1.0 + 1e-10, 1.0, [1.0])
    assert not agrees(1.0 + 1e-8, 1.0, [1.0])
    assert not agrees(1.0 + 1e-10, 1.0, [])
    assert agrees(math.nan, math.nan, [])
    assert agrees(0.0, -0.0, [1.0, -1.0])
    assert not agrees(0.0, -0.0, [])
    assert not agrees(1, 1.0, [1.0])
    assert not agrees([1, 2], [2, 1], [])
