"""Why a row is used or not, on boundaries: T is 1,000, and times are microseconds around it."""

from __future__ import annotations

from typing import Any

import pytest

from skewless.runs.trace import Row, RowRules, rows_traced

T = 1000


def told(*times: tuple[Any, ...], **rules: Any) -> tuple[int | None, list[tuple[int, str]]]:
    """The place of the row used, and (place, why) of the others; rows are given in J4's order."""
    rows = [Row(place, *each) for place, each in enumerate(times)]
    found = rows_traced(rows, T, RowRules(**rules))
    return found.used and found.used.place, [(each.row.place, each.why) for each in found.unused]


def test_the_greatest_visible_row_is_used_and_an_older_one_is_older() -> None:
    assert told((800, 800), (900, 950)) == (1, [(0, "older")])


@pytest.mark.parametrize(
    ("row", "strict", "why"),
    [
        ((1000, 1000), False, None),
        ((1000, 1000), True, "future"),
        ((1001, 1001), False, "future"),
        ((1001, 900), False, "future"),
        ((999, 1000), False, None),
        ((999, 1000), True, "late"),
        ((999, 1001), False, "late"),
        ((999, 999), True, None),
    ],
)
def test_a_row_is_future_by_its_event_and_late_by_its_availability(
    row: tuple[int, int], strict: bool, why: str | None
) -> None:
    assert told((1, 1), row, strict=strict) == ((1, [(0, "older")]) if why is None else (0, [(1, why)]))


@pytest.mark.parametrize(("max_age", "used"), [(101, 1), (100, 1), (99, None)])
def test_a_winner_older_than_max_age_is_stale_and_no_older_row_takes_its_place(
    max_age: int, used: int | None
) -> None:
    assert told((800, 800), (900, 900), max_age=max_age) == (
        used,
        [(0, "older")] if used else [(1, "stale"), (0, "older")],
    )


@pytest.mark.parametrize(("ends", "used"), [(1001, 1), (1000, None), (None, 1)])
def test_a_winner_is_ended_from_the_instant_of_its_end_on(ends: int | None, used: int | None) -> None:
    assert told((800, 800, 5000), (900, 900, ends))[0] == used
    if used is None:
        assert told((900, 900, ends))[1] == [(0, "ended")]


def test_of_rows_with_the_winners_event_timestamp_the_smaller_lost_the_tie() -> None:
    assert told((900, 900), (900, 950), (900, 950)) == (2, [(1, "tie lost"), (0, "tie lost")])
    details = [
        each.detail
        for each in rows_traced([Row(0, 9, 9), Row(1, 9, 10), Row(2, 9, 10)], T, RowRules()).unused
    ]
    assert details == ["another row with the same times is greater", "another became available 1µs later"]


def test_rows_of_a_static_table_are_always_visible_and_all_but_one_lost_the_tie() -> None:
    assert told((0, 0), (0, 0), static=True, strict=True) == (1, [(0, "tie lost")])


def test_of_many_rows_the_nearest_of_each_reason_are_told_the_newest_first() -> None:
    times = [(500, 500), (600, 600), (700, 700), (800, 800), (900, 2000), (910, 2000), (920, 2000)]
    times += [(1100, 1100), (1200, 1200), (1300, 1300)]
    assert told(*times) == (
        3,
        [(8, "future"), (7, "future"), (6, "late"), (5, "late"), (2, "older"), (1, "older")],
    )


def test_no_row_is_used_where_there_is_none() -> None:
    assert told() == (None, [])
    assert told((2000, 2000)) == (None, [(0, "future")])
