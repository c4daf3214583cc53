"""Which label events are called hard: instants exactly on a boundary and not a microsecond off, late rows, absence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from skewless.parts.asof import JoinSide
from skewless.parts.windows import WindowReduction
from tests.helpers.frames import at, frame, joined_either_way, spine

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
TEN = at("10:00")


def told(rows: DataFrame, *times: datetime | None, **options: Any) -> list[Any]:
    """What one table says of entity a's label event at each time."""
    label_events = [("a", moment, place) for place, moment in enumerate(times)]
    events = frame(rows.sparkSession, "k string, t timestamp, place int", label_events)
    side = JoinSide(**{"name": "r", "rows": rows, "keys": (("k", "k"),), "columns": ("v",), "event_timestamp": "at",
                   "audited": True, **options})  # fmt: skip
    found = joined_either_way(spine(events, "k"), [side], ["label.place", side.audit_slot])
    return [row[side.audit_slot] for row in sorted(found, key=lambda row: int(row["place"]))]


def flags(name: str, rows: DataFrame, *times: datetime | None, **options: Any) -> list[Any]:
    return [each[name] for each in told(rows, *times, **options)]


def windows(rows: DataFrame, *windows: str, **more: Any) -> dict[str, Any]:
    specs = [
        {"name": f"n{place}", "function": "count", "window": window, **more}
        for place, window in enumerate(windows)
    ]
    return {"columns": (), "reduction": WindowReduction.read(specs, rows.schema, False)}


def row_at(spark: SparkSession, *moments: datetime) -> DataFrame:
    return frame(spark, "k string, at timestamp, v int", [("a", moment, 1) for moment in moments])


def late_rows(spark: SparkSession, *times: tuple[datetime, datetime]) -> DataFrame:
    rows = [("a", moment, landed, 1) for moment, landed in times]
    return frame(spark, "k string, at timestamp, landed timestamp, v int", rows)


def test_an_event_timestamp_or_an_availability_that_is_t(spark: SparkSession) -> None:
    rows = late_rows(spark, (TEN, TEN + 2 * HOUR))
    moments = [TEN, TEN + 2 * HOUR - TICK, TEN + 2 * HOUR, TEN + 2 * HOUR + TICK, None]
    assert flags("boundary", rows, *moments, available_at="landed") == [False, False, True, False, False]
    assert flags("boundary", row_at(spark, TEN), TEN - TICK, TEN, TEN + TICK) == [False, True, False]
    delayed = flags("boundary", row_at(spark, TEN), TEN + HOUR, TEN + HOUR + TICK, delay=HOUR)
    assert delayed == [True, False]


def test_an_age_within_a_microsecond_of_its_limit_and_an_end_that_is_t(spark: SparkSession) -> None:
    moments = [TEN + HOUR + TICK * off for off in (-2, -1, 0, 1, 2)]
    aged = flags("boundary", row_at(spark, TEN), *moments, max_age=HOUR)
    assert aged == [False, True, True, True, False]
    rows = frame(spark, "k string, at timestamp, ends timestamp, v int", [("a", TEN, TEN + HOUR, 1)])
    ended = flags("boundary", rows, *moments, valid_until="ends")
    assert ended == [False, False, True, False, False]


def test_a_row_that_came_later_than_its_delay_decides(spark: SparkSession) -> None:
    rows = late_rows(spark, (TEN, TEN), (TEN + HOUR, TEN + HOUR + TICK))
    moments = [TEN + HOUR, TEN + 3 * HOUR]
    assert flags("late", rows, *moments, available_at="landed") == [False, True]
    assert flags("late", rows, *moments, available_at="landed", delay=HOUR) == [False, True]
    assert flags("late", rows, *moments, delay=HOUR) == [False, False]


def test_absence_is_of_a_row_that_survives(spark: SparkSession) -> None:
    rows = row_at(spark, TEN)
    assert flags("absent", rows, TEN - TICK, TEN, TEN + HOUR, TEN + 2 * HOUR, None, max_age=HOUR) == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_an_event_exactly_where_a_window_begins_or_ends(spark: SparkSession) -> None:
    rows = row_at(spark, TEN)
    moments = [TEN + HOUR + TICK * off for off in (-1, 0, 1)]
    assert flags("boundary", rows, *moments, **windows(rows, "1h")) == [False, True, False]
    ends = [TEN + TICK * off for off in (-1, 0, 1)]
    assert flags("boundary", rows, *ends, **windows(rows, "1h")) == [False, True, False]
    moved = [TEN + 2 * HOUR, TEN + 3 * HOUR, TEN]
    assert flags("boundary", rows, *moved, **windows(rows, "1h", offset="2h")) == [True, True, False]


def test_where_no_row_competes_windows_alone_say_what_is_a_boundary(spark: SparkSession) -> None:
    rows = late_rows(spark, (TEN, TEN + HOUR))
    asked = {"available_at": "landed", **windows(rows, "3h")}
    assert flags("boundary", rows, TEN + HOUR, **asked) == [False]
    assert flags("boundary", rows, TEN + HOUR, **{**asked, "columns": ("v",)}) == [True]


def test_an_event_in_a_window_that_is_not_visible_yet(spark: SparkSession) -> None:
    rows = late_rows(spark, (TEN, TEN + HOUR))
    moments = [TEN, TEN + HOUR - TICK, TEN + HOUR, TEN + 3 * HOUR]
    found = flags("late", rows, *moments, available_at="landed", **windows(rows, "2h"))
    assert found == [False, True, False, False]


def test_the_largest_of_the_windows_counts_visible_or_not(spark: SparkSession) -> None:
    rows = late_rows(spark, (TEN, TEN), (TEN + HOUR, TEN + 9 * HOUR), (TEN + 2 * HOUR, TEN + 2 * HOUR))
    moments = [TEN, TEN + TICK, TEN + 2 * HOUR + TICK, TEN + 9 * HOUR, None]
    asked = windows(rows, "30m", "4h", "1h")
    assert flags("events", rows, *moments, available_at="landed", **asked) == [0, 1, 3, 0, 0]


def test_a_static_table_has_neither_boundaries_nor_late_rows(spark: SparkSession) -> None:
    (found, other) = told(row_at(spark, TEN), TEN, None, event_timestamp=None)
    assert found == {"boundary": False, "late": False, "absent": False, "events": 0}
    assert other["absent"]
