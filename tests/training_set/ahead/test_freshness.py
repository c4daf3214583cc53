"""`require_fresh`: which row makes a table fresh enough for what is built, to the microsecond."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.ground.run.ranges import RunRange
from skewless.training_set.ahead.freshness import Freshness, freshness_of
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet
from tests.helpers.frames import at, delta, feature_table, frame, training_set

NOON = RunRange(at("12:00"))
Checked = Callable[..., Freshness]


@pytest.fixture(scope="module")
def opened(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> OpenedTrainingSet:
    """A training set over one table r, whose newest row may be six hours old; each test gives the table its rows."""
    root = tmp_path_factory.mktemp("freshness")
    source = delta(spark, str(root / "r"), "k string, at timestamp, v int", [])
    spec = training_set(feature_table(source, require_fresh="6h"))
    events = frame(spark, "k string, t timestamp, y int", [])
    return bind(spark, load(LocalFiles(root), {}, {}).from_dicts(spec), events)


@pytest.fixture
def checked(spark: SparkSession, opened: OpenedTrainingSet) -> Checked:
    """Whether a table of these rows is ready: (k, at), or with a schema of their own; `options` are a side's."""

    def of(
        *rows: tuple[Any, ...],
        run_range: RunRange = NOON,
        schema: str = "k string, at timestamp",
        **options: Any,
    ) -> Freshness:
        told = {"columns": (), **options}
        side = replace(opened.sides[0], rows=frame(spark, schema, rows), **told)
        return freshness_of(replace(opened, sides=(side,)), run_range)["r"]

    return of


@pytest.mark.parametrize(
    ("event", "is_ready"),
    [
        ("05:59:59.999999", False),
        ("06:00", True),
        ("12:00", True),
        ("12:00:00.000001", False),
    ],
)
def test_both_ends_are_inclusive(checked: Checked, event: str, is_ready: bool) -> None:
    assert checked(("a", at(event))).is_ready is is_ready


@pytest.mark.parametrize(
    ("event", "is_ready"), [("06:00", True), ("11:00", True), ("11:00:00.000001", False)]
)
def test_a_delay_makes_rows_available_later_and_no_older(
    checked: Checked, event: str, is_ready: bool
) -> None:
    assert checked(("a", at(event)), delay=timedelta(hours=1)).is_ready is is_ready


@pytest.mark.parametrize(
    ("available", "delay", "is_ready"),
    [
        ("12:00", 0, True),
        ("12:00:00.000001", 0, False),
        ("11:00", 1, True),
        ("11:00:00.000001", 1, False),
        ("01:00", 0, True),
    ],
)
def test_a_row_that_came_late_does_not_count_until_it_is_available(
    checked: Checked, available: str, delay: int, is_ready: bool
) -> None:
    row = ("a", at("06:00"), at(available))
    schema = "k string, at timestamp, seen timestamp"
    found = checked(row, schema=schema, available_at="seen", delay=timedelta(hours=delay))
    assert found.is_ready is is_ready


def test_a_row_that_is_available_before_its_event_is_visible_from_its_event_on(checked: Checked) -> None:
    row = ("a", at("12:00:00.000001"), at("01:00"))
    found = checked(row, schema="k string, at timestamp, seen timestamp", available_at="seen")
    assert not found.is_ready


@pytest.mark.parametrize(
    ("event", "available", "is_ready"),
    [
        ("11:59:59.999999", "11:59:59.999999", True),
        ("12:00", "11:59:59.999999", False),
        ("11:59:59.999999", "12:00", False),
        ("06:00", "06:00", True),
    ],
)
def test_a_strict_table_wants_both_times_before_the_last_t(
    checked: Checked, event: str, available: str, is_ready: bool
) -> None:
    schema = "k string, at timestamp, seen timestamp"
    found = checked(("a", at(event), at(available)), schema=schema, available_at="seen", strict=True)
    assert found.is_ready is is_ready


@pytest.mark.parametrize(
    ("event", "is_ready"),
    [
        ("05:59:59.999998", False),
        ("05:59:59.999999", True),
        ("11:59:59.999999", True),
        ("12:00", False),
    ],
)
def test_an_end_belongs_to_the_next_range_so_that_the_last_t_is_the_microsecond_before(
    checked: Checked, event: str, is_ready: bool
) -> None:
    run_range = RunRange(at("23:00"), at("00:00"), at("12:00"))
    assert checked(("a", at(event)), run_range=run_range).is_ready is is_ready


@pytest.mark.parametrize(("event", "is_ready"), [("12:00", True), ("12:00:00.000001", False)])
def test_nothing_is_known_after_as_of_whatever_the_range(
    checked: Checked, event: str, is_ready: bool
) -> None:
    run_range = RunRange(at("12:00"), at("00:00"), at("23:00"))
    assert checked(("a", at(event)), run_range=run_range).is_ready is is_ready


def test_a_start_alone_leaves_the_end_to_as_of(checked: Checked) -> None:
    assert checked(("a", at("12:00")), run_range=RunRange(at("12:00"), at("11:00"))).is_ready


@pytest.mark.parametrize(
    "row",
    [(None, at("11:00"), at("11:00")), ("a", None, at("11:00")), ("a", at("11:00"), None)],
    ids=["key", "event", "available"],
)
def test_a_row_with_a_null_key_or_time_makes_no_table_fresh(checked: Checked, row: tuple[Any, ...]) -> None:
    found = checked(row, schema="k string, at timestamp, seen timestamp", available_at="seen")
    assert (found.is_ready, found.newest) == (False, None)


@pytest.mark.parametrize(("last", "is_ready"), [(at("21:00"), True), (at("21:00:00.000001"), False)])
def test_a_date_is_midnight_of_the_tables_zone(checked: Checked, last: datetime, is_ready: bool) -> None:
    """2 July begins in Tokyo at 15:00 UTC on 1 July."""
    row = ("a", date(2024, 7, 2))
    found = checked(row, run_range=RunRange(last), schema="k string, at date", timezone="Asia/Tokyo")
    assert found.is_ready is is_ready


def test_what_is_missing_is_said_with_the_newest_row_there_is(checked: Checked) -> None:
    schema = "k string, at timestamp, seen timestamp"
    rows = [
        ("a", at("03:00"), at("03:30")),
        ("b", at("04:00"), at("04:10")),
        ("c", at("04:00"), at("04:20")),
        ("d", at("02:00"), at("05:00")),
        ("e", at("11:00"), at("13:00")),
    ]
    assert str(checked(*rows, schema=schema, available_at="seen")) == (
        "feature table 'r': require_fresh 6h needs a row of 2024-07-01T06:00:00Z or later that is visible at "
        "2024-07-01T12:00:00Z; the newest is of 2024-07-01T04:00:00Z (available 2024-07-01T04:20:00Z); run again "
        "when it has landed"
    )


def test_an_empty_table_is_not_fresh(checked: Checked) -> None:
    assert str(checked()) == (
        "feature table 'r': require_fresh 6h needs a row of 2024-07-01T06:00:00Z or later that is visible at "
        "2024-07-01T12:00:00Z; there is none at all; run again when it has landed"
    )


def test_files_that_hold_no_such_row_stay_unread(spark: SparkSession, tmp_path: Path) -> None:
    """Two files, the older one with a null time: it is removed, and nobody notices."""
    source = str(tmp_path / "r")
    schema = "k string, at timestamp, v int"
    old = [("a", at("12:00", "2024-06-01"), 1), ("a", None, 2)]
    delta(spark, source, schema, old)
    (stale,) = (tmp_path / "r").glob("*.parquet")
    new = frame(spark, schema, [("a", at("11:00"), 3)])
    new.coalesce(1).write.format("delta").mode("append").save(source)
    stale.unlink()
    spec = training_set(feature_table(source, require_fresh="6h"))
    events = frame(spark, "k string, t timestamp, y int", [])
    table = bind(spark, load(LocalFiles(tmp_path), {}, {}).from_dicts(spec), events)
    assert freshness_of(table, NOON)["r"].is_ready
