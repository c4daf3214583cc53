"""The oracle itself, by literals: one boundary a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.oracles import duck
from tests.oracles.asof import Map, OracleTable, Row, asof, compare, instant, matches_nothing

NOON = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)

PLAIN = OracleTable(name="r", keys=(("k", "k"),), event_timestamp="at", columns=("v",))
CORRECTED = replace(PLAIN, available_at="seen")
ENDING = replace(PLAIN, valid_until="ends")


def value_at(moment: datetime | date | None, table: OracleTable, rows: list[Row], **label: Any) -> Any:
    """The column v of the one label event's winner, "absent" where it has none."""
    label_event: Row = {"k": 1, "t": moment, **label}
    (winner,) = asof([label_event], table, rows, "t")
    return "absent" if winner is None else winner["v"]


def row(v: Any, at: datetime | date | None = NOON, **others: Any) -> Row:
    return {"k": 1, "at": at, "v": v, **others}


def test_the_newest_visible_row_wins_whatever_the_row_order() -> None:
    rows = [row("new", NOON - HOUR), row("old", NOON - 2 * HOUR), row("future", NOON + HOUR)]
    assert value_at(NOON, PLAIN, rows) == "new"
    assert value_at(NOON, PLAIN, rows[::-1]) == "new"


def test_every_label_event_is_answered_in_its_place() -> None:
    labels: list[Row] = [
        {"k": 1, "t": NOON},
        {"k": None, "t": NOON},
        {"k": 1, "t": None},
        {"k": 1, "t": NOON},
    ]
    assert asof(labels, PLAIN, [row("a")], "t") == [{"v": "a"}, None, None, {"v": "a"}]


def test_a_static_row_joins_whatever_its_times_but_not_where_t_is_null() -> None:
    static = OracleTable(name="r", keys=(("k", "k"),), static=True, columns=("v",))
    rows = [row("a", NOON + HOUR), row("b", None)]
    assert value_at(NOON, static, rows) == "b"
    assert value_at(None, static, rows) == "absent"


def test_a_table_about_the_whole_world_joins_every_t_that_is_not_null() -> None:
    world = replace(PLAIN, keys=())
    assert value_at(NOON, world, [row("a")], k=None) == "a"
    assert value_at(None, world, [row("a")]) == "absent"


def test_an_event_at_t_is_visible_and_a_microsecond_later_is_not() -> None:
    assert value_at(NOON, PLAIN, [row("a", NOON)]) == "a"
    assert value_at(NOON, PLAIN, [row("a", NOON + TICK)]) == "absent"


def test_strict_hides_an_event_at_t_and_an_availability_at_t() -> None:
    strict = replace(CORRECTED, strict=True)
    assert value_at(NOON, strict, [row("a", NOON, seen=NOON - TICK)]) == "absent"
    assert value_at(NOON, strict, [row("a", NOON - TICK, seen=NOON)]) == "absent"
    assert value_at(NOON, strict, [row("a", NOON - TICK, seen=NOON - TICK)]) == "a"


def test_delay_is_added_to_the_event_where_there_is_no_available_at() -> None:
    delayed = replace(PLAIN, delay=HOUR)
    assert value_at(NOON, delayed, [row("a", NOON - HOUR)]) == "a"
    assert value_at(NOON, delayed, [row("a", NOON - HOUR + TICK)]) == "absent"


def test_delay_is_added_to_available_at() -> None:
    delayed = replace(CORRECTED, delay=HOUR)
    assert value_at(NOON, delayed, [row("a", NOON - 2 * HOUR, seen=NOON - HOUR)]) == "a"
    assert value_at(NOON, delayed, [row("a", NOON - 2 * HOUR, seen=NOON - HOUR + TICK)]) == "absent"


def test_a_row_available_before_its_event_still_waits_for_its_event() -> None:
    assert value_at(NOON, CORRECTED, [row("a", NOON + TICK, seen=NOON - HOUR)]) == "absent"


def test_max_age_is_inclusive() -> None:
    fresh = replace(PLAIN, max_age=HOUR)
    assert value_at(NOON, fresh, [row("a", NOON - HOUR)]) == "a"
    assert value_at(NOON, fresh, [row("a", NOON - HOUR - TICK)]) == "absent"


def test_age_is_counted_from_the_event_and_not_from_its_availability() -> None:
    fresh = replace(CORRECTED, max_age=HOUR)
    assert value_at(NOON, fresh, [row("a", NOON - HOUR - TICK, seen=NOON)]) == "absent"


def test_valid_until_is_exclusive() -> None:
    assert value_at(NOON, ENDING, [row("a", ends=NOON + TICK)]) == "a"
    assert value_at(NOON, ENDING, [row("a", ends=NOON)]) == "absent"
    assert value_at(NOON, ENDING, [row("a", ends=None)]) == "a"


def test_no_older_row_takes_the_place_of_a_winner_that_is_over() -> None:
    rows = [row("older", NOON - HOUR, ends=None), row("newer", NOON - TICK, ends=NOON)]
    assert value_at(NOON, ENDING, rows) == "absent"


def test_of_tied_events_the_greatest_available_wins() -> None:
    rows = [row("a", seen=NOON), row("b", seen=NOON - TICK)]
    assert value_at(NOON, CORRECTED, rows) == "a"


def test_then_the_columns_decide_in_their_order() -> None:
    rows = [row("a", w=2), row("b", w=1)]
    assert value_at(NOON, replace(PLAIN, columns=("v", "w")), rows) == "b"
    assert value_at(NOON, replace(PLAIN, columns=("w", "v")), rows) == "a"


def test_then_valid_until_decides_with_null_greatest() -> None:
    over, endless = row("a", ends=NOON), row("a", ends=None)
    later = row("a", ends=NOON + TICK)
    assert value_at(NOON, ENDING, [endless, over]) == "a"
    assert value_at(NOON, ENDING, [later, over]) == "a"
    assert value_at(NOON + TICK, ENDING, [later, over, endless]) == "a"
    assert value_at(NOON + TICK, ENDING, [later, over]) == "absent"


@pytest.mark.parametrize(
    "ascending",
    [
        [None, float("-inf"), -1.5, -0.0, 0.0, 0.1, float("inf"), float("nan")],
        [None, -(2**63), -1, 0, 2**53, 2**53 + 1],
        [None, Decimal("-1.50"), Decimal("0.10"), Decimal("0.9")],
        [None, False, True],
        [None, "", "Z", "a", "ab", "e\u0301", "\u00e9", "\uffff", "\U0001f600"],
        [None, b"", b"\x00", b"\x7f", b"\x80"],
        [None, date(2024, 7, 1), date(2024, 7, 2)],
        [None, NOON, NOON + TICK],
        [None, [], [None], [None, 2], [1], [1, None], [1, 2], [2]],
        [None, {"b": None, "a": 9}, {"b": 1, "a": None}, {"b": 1, "a": 2}, {"b": 2, "a": 0}],
        [None, Map(), Map(b=9, a=1), Map(a=1, c=0), Map(a=2), Map(b=0)],
    ],
    ids=["float", "int", "decimal", "bool", "text", "bytes", "date", "instant", "array", "struct", "map"],
)
def test_values_are_totally_ordered(ascending: list[Any]) -> None:
    assert all(compare(low, high) == -1 and compare(high, low) == 1 for low, high in pairwise(ascending))
    assert all(compare(value, value) == 0 for value in ascending)


def test_entries_of_a_map_have_no_order_and_every_nan_is_the_same() -> None:
    assert compare(Map(a=1, b=2), Map(b=2, a=1)) == 0
    assert compare([float("nan")], [float("nan")]) == 0


def test_of_tied_zeros_the_positive_one_wins() -> None:
    assert str(value_at(NOON, PLAIN, [row(0.0), row(-0.0)])) == "0.0"
    assert str(value_at(NOON, PLAIN, [row(-0.0), row(0.0)])) == "0.0"


def test_rows_with_a_null_key_event_or_declared_available_match_nothing() -> None:
    nulls = [row("a", None, seen=NOON), row("b", seen=None), {**row("c", seen=NOON), "k": None}]
    assert [matches_nothing(each, CORRECTED) for each in nulls] == [True, True, True]
    assert value_at(NOON, CORRECTED, nulls) == "absent"
    assert value_at(NOON, PLAIN, [row("b", seen=None)]) == "b"


def test_a_late_row_is_invisible_and_the_older_one_is_used_until_it_lands() -> None:
    older = row("older", NOON - 2 * HOUR, seen=NOON - 2 * HOUR)
    late = row("late", NOON - HOUR, seen=NOON)
    assert value_at(NOON - TICK, CORRECTED, [older, late]) == "older"
    assert value_at(NOON, CORRECTED, [older, late]) == "late"


def test_a_correction_replaces_the_first_value_from_its_own_available_on() -> None:
    first = row("first", NOON - HOUR, seen=NOON - HOUR)
    correction = row("corrected", NOON - HOUR, seen=NOON)
    assert value_at(NOON - TICK, CORRECTED, [first, correction]) == "first"
    assert value_at(NOON, CORRECTED, [first, correction]) == "corrected"


def test_a_late_correction_of_an_older_event_does_not_replace_the_newer_event() -> None:
    newer = row("newer", NOON - HOUR, seen=NOON - HOUR)
    correction_of_older = row("older", NOON - 2 * HOUR, seen=NOON)
    assert value_at(NOON, CORRECTED, [newer, correction_of_older]) == "newer"


def test_a_null_in_the_winning_row_stays_null() -> None:
    rows = [{**row("a", NOON - HOUR), "w": 1}, {**row(None), "w": 2}]
    assert asof([{"k": 1, "t": NOON}], replace(PLAIN, columns=("v", "w")), rows, "t") == [{"v": None, "w": 2}]


def test_composite_keys_match_part_by_part_under_other_names() -> None:
    table = replace(PLAIN, keys=(("k", "from"), ("l", "to")))
    labels = [{"from": 1, "to": 12, "t": NOON}, {"from": 11, "to": 2, "t": NOON}]
    rows = [{"k": 1, "l": 12, "at": NOON, "v": "1-12"}, {"k": 11, "l": 2, "at": NOON, "v": "11-2"}]
    assert asof(labels, table, rows, "t") == [{"v": "1-12"}, {"v": "11-2"}]


@pytest.mark.parametrize(
    ("written", "zone", "utc"),
    [
        (datetime(2024, 7, 1, 8), "America/New_York", datetime(2024, 7, 1, 12)),
        (datetime(2024, 11, 3, 1, 30), "America/New_York", datetime(2024, 11, 3, 5, 30)),
        (datetime(2024, 11, 3, 1, 30, fold=1), "America/New_York", datetime(2024, 11, 3, 5, 30)),
        (datetime(2024, 3, 10, 2, 30), "America/New_York", datetime(2024, 3, 10, 7, 30)),
        (datetime(2024, 10, 6, 2, 15), "Australia/Lord_Howe", datetime(2024, 10, 5, 15, 45)),
        (date(2024, 11, 4), "America/New_York", datetime(2024, 11, 4, 5)),
        (date(2024, 11, 4), None, datetime(2024, 11, 4)),
        (datetime(2024, 7, 1, 8, tzinfo=timezone(-4 * HOUR)), "Asia/Tokyo", datetime(2024, 7, 1, 12)),
    ],
    ids=["local", "fold", "fold marked", "gap", "half-hour gap", "date", "date in UTC", "aware"],
)
def test_times_are_instants(written: datetime | date, zone: str | None, utc: datetime) -> None:
    assert instant(written, zone) == utc.replace(tzinfo=timezone.utc)


def test_a_local_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="2024-07-01T08:00:00: expected a time zone"):
        instant(datetime(2024, 7, 1, 8), None)


def test_labels_and_rows_have_their_own_zones() -> None:
    new_york = replace(PLAIN, timezone="America/New_York")
    labels = [{"k": 1, "t": datetime(2024, 7, 1, 21)}, {"k": 1, "t": datetime(2024, 7, 1, 20, 59)}]
    rows = [row("a", datetime(2024, 7, 1, 8))]
    assert asof(labels, new_york, rows, "t", label_timezone="Asia/Tokyo") == [{"v": "a"}, None]


def test_a_table_is_either_static_or_has_an_event_timestamp() -> None:
    with pytest.raises(ValueError, match="'r': expected either static or an event_timestamp"):
        replace(PLAIN, static=True)


def test_duckdb_refuses_a_table_whose_semantics_differ() -> None:
    with pytest.raises(ValueError, match="'r': expected keys, an event_timestamp and no available_at"):
        duck.asof([], CORRECTED, [], "t")
