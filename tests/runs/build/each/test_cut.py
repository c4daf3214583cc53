"""Pieces: together the range, apart from one another, and one only where something is."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.ground.names import UNITS, Unit
from skewless.ground.run.ranges import RunRange
from skewless.runs.build.each.cut import names_of, pieces_of

NOW = datetime(2025, 1, 1, tzinfo=timezone.utc)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2024, 4, 1), timezones=st.just(timezone.utc))
DATES = st.sets(st.dates(date(2024, 1, 1), date(2024, 3, 31)), min_size=1, max_size=12)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


@given(st.one_of(st.none(), MOMENTS), st.one_of(st.none(), MOMENTS), DATES, st.sampled_from(UNITS))
def test_each_instant_of_a_date_with_anything_in_it_is_in_one_piece(
    start: datetime | None, end: datetime | None, dates: set[date], unit: Unit
) -> None:
    if start and end and start >= end:
        start, end = end, start + timedelta(days=1)
    run_range = RunRange(NOW, start, end)
    pieces = pieces_of(run_range, unit, dates)
    for day in dates:
        for hour in (0, 5, 23):
            moment = datetime(day.year, day.month, day.day, hour, 59, tzinfo=timezone.utc)
            inside = (start is None or start <= moment) and (end is None or moment < end)
            holders = [
                piece
                for piece in pieces
                if (piece.start is None or piece.start <= moment)
                and (piece.end is None or moment < piece.end)
            ]
            assert len(holders) == int(inside)
    bounds = [bound for piece in pieces for bound in (piece.start, piece.end) if bound is not None]
    assert bounds == sorted(bounds)


def test_units_begin_at_midnight_utc_on_mondays_and_on_the_first() -> None:
    run_range = RunRange(NOW, utc("2024-02-27T06:00"), utc("2024-03-05T18:00"))
    dates = [date(2024, 2, 27) + timedelta(days=at) for at in range(8)]
    cut = {unit: [str(piece) for piece in pieces_of(run_range, unit, dates)] for unit in UNITS}
    assert cut["month"] == [
        "[2024-02-27T06:00:00+00:00, 2024-03-01T00:00:00+00:00)",
        "[2024-03-01T00:00:00+00:00, 2024-03-05T18:00:00+00:00)",
    ]
    assert cut["week"][0].endswith("2024-03-04T00:00:00+00:00)")
    assert len(cut["day"]) == 8


def test_a_unit_without_anything_is_no_piece() -> None:
    pieces = pieces_of(RunRange(NOW, utc("2024-01-01"), utc("2024-02-01")), "day", [date(2024, 1, 5)])
    assert list(names_of(pieces)) == ["2024-01-05"]


def test_open_ends_stay_open_so_that_nothing_outside_is_left() -> None:
    first, last = pieces_of(RunRange(NOW), "day", [date(2024, 1, 5), date(2024, 1, 9)])
    assert (first.start, first.end) == (None, utc("2024-01-06"))
    assert (last.start, last.end) == (utc("2024-01-09"), None)


@pytest.mark.parametrize(
    ("run_range", "dates", "pieces"),
    [
        (RunRange(NOW), [date(2024, 1, 5), date(2024, 1, 9), None], [False, False, True]),
        (RunRange(NOW), [date(2024, 1, 5), None], [False]),
        (RunRange(NOW), [None], [False]),
        (RunRange(NOW, start=utc("2024-01-01")), [date(2024, 1, 5), date(2024, 1, 9), None], [False, False]),
    ],
    ids=["whole", "whole, one day", "nothing else", "a range"],
)
def test_label_events_without_a_t_are_the_last_piece_of_a_whole_build(
    run_range: RunRange, dates: list[date | None], pieces: list[bool]
) -> None:
    assert [piece.without_times for piece in pieces_of(run_range, "day", dates)] == pieces
