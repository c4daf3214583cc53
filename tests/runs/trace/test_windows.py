"""Why an event counts in a window or not, on boundaries: the window is [500, 900) and T 1,000, or ends at T."""

from __future__ import annotations

import pytest

from skewless.runs.trace import Event, Row, events_traced

T = 1000


def why(event: int, available: int, end: int = 900, *, strict: bool = False, **more: bool) -> str | None:
    found = events_traced([Event(Row(0, event, available), **more)], T, (500, end), strict=strict)
    assert found.inside == (0 if found.unused else 1) == len(found.newest)
    return found.unused[0].why if found.unused else None


@pytest.mark.parametrize(
    ("event", "end", "expected"),
    [
        (499, 900, "before"),
        (500, 900, None),
        (899, 900, None),
        (900, 900, "after"),
        (999, 900, "after"),
        (999, T, None),
        (1000, T, "future"),
        (1000, 900, "future"),
    ],
)
def test_the_start_is_inclusive_and_the_end_exclusive(event: int, end: int, expected: str | None) -> None:
    assert why(event, event, end) == expected


@pytest.mark.parametrize(
    ("available", "strict", "expected"),
    [(1000, False, None), (1001, False, "late"), (1000, True, "late"), (999, True, None)],
)
def test_an_event_that_came_after_t_is_late(available: int, strict: bool, expected: str | None) -> None:
    assert why(600, available, strict=strict) == expected


def test_what_where_and_the_column_leave_out_is_told() -> None:
    assert why(600, 600, is_wanted=False, has_value=False) == "where"
    assert why(600, 600, has_value=False) == "null"


def test_events_inside_are_counted_and_the_nearest_outside_told() -> None:
    rows = [Event(Row(place, event, event)) for place, event in enumerate(range(100, 1300, 100))]
    found = events_traced(rows, T, (500, T))
    assert found.inside == 5
    assert [row.event for row in found.newest] == [900, 800, 700]
    assert [(each.row.event, each.why) for each in found.unused] == [
        (1000, "future"),
        (400, "before"),
    ]
