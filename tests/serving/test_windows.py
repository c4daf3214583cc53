"""The rules of window aggregations on the serving side, by literals: one boundary a test."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import skewless
from skewless import FeatureError, windows

UTC = timezone.utc
NOON = datetime(2024, 7, 8, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def event(at: datetime | date | None, v: Any = 1, **others: Any) -> dict[str, Any]:
    return {"event_timestamp": at, "v": v, **others}


def values(*found: Any) -> list[dict[str, Any]]:
    """Events with these values, an hour apart, the last an hour before noon."""
    return [event(NOON - (len(found) - place) * HOUR, v) for place, v in enumerate(found)]


def calendar(unit: str, length: int = 1, zone: str = "America/New_York") -> dict[str, object]:
    return {"calendar": unit, "length": length, "timezone": zone}


def counted(moments: list[datetime], at: datetime, **options: Any) -> int | None:
    return windows.count([event(moment) for moment in moments], at=at, **options)


def problem(*args: Any, function: Any = windows.count, **options: Any) -> str:
    with pytest.raises(FeatureError) as caught:
        function(*args, **options)
    return str(caught.value)


def test_w1_a_rolling_window_begins_with_its_start_and_ends_before_t() -> None:
    start = NOON - 168 * HOUR
    assert counted([start - TICK], NOON, window="7d") == 0
    assert counted([start], NOON, window="7d") == 1
    assert counted([NOON - TICK], NOON, window="7d") == 1
    assert counted([NOON], NOON, window="7d") == 0
    assert counted([NOON - 36 * HOUR, NOON - 36 * HOUR - TICK], NOON, window="PT36H") == 1


def test_w1_a_rolling_day_has_24_hours_across_a_change_of_clocks() -> None:
    after_change = datetime(2024, 3, 10, 20, tzinfo=NEW_YORK)
    assert counted([datetime(2024, 3, 9, 19, tzinfo=NEW_YORK)], after_change, window="24h") == 1
    assert counted([datetime(2024, 3, 9, 18, 59, tzinfo=NEW_YORK)], after_change, window="24h") == 0


def test_w1_an_event_that_is_not_yet_available_is_invisible() -> None:
    late = [event(NOON - HOUR, landed=NOON + TICK)]
    assert windows.count(late, window="7d", at=NOON, available_at="landed") == 0
    assert windows.count(late, window="7d", at=NOON + TICK, available_at="landed") == 1
    assert windows.count(late, window="7d", at=NOON + TICK, available_at="landed", strict=True) == 0
    assert windows.count(late, window="7d", at=NOON) == 1


def test_w1_the_delay_is_added_to_availability_or_else_to_the_event_timestamp() -> None:
    events = [event(NOON - HOUR, landed=NOON - HOUR / 2)]
    assert windows.count(events, window="7d", at=NOON, delay="1h") == 1
    assert windows.count(events, window="7d", at=NOON - TICK, delay="1h") == 0
    assert windows.count(events, window="7d", at=NOON, delay="1h", strict=True) == 0
    assert windows.count(events, window="7d", at=NOON, delay="30m", available_at="landed") == 1
    assert windows.count(events, window="7d", at=NOON, delay="31m", available_at="landed") == 0


def test_w2_a_calendar_day_is_the_zones_own() -> None:
    at = datetime(2024, 7, 8, 9, tzinfo=NEW_YORK)
    midnight = datetime(2024, 7, 8, 0, tzinfo=NEW_YORK)
    moments = [midnight - TICK, midnight, at - TICK, at]
    assert counted(moments, at, window=calendar("day")) == 2
    assert counted(moments, at, window=calendar("day", 2)) == 3
    assert counted([midnight], midnight, window=calendar("day")) == 0


@pytest.mark.parametrize(("day", "hours"), [(10, 23), (11, 24)])
def test_w2_days_of_23_and_24_hours(day: int, hours: int) -> None:
    at = datetime(2024, 3, day + 1, tzinfo=NEW_YORK)
    start = at.astimezone(UTC) - hours * HOUR
    assert counted([start, start - TICK], at - TICK, window=calendar("day")) == 1


def test_w2_a_day_of_25_hours() -> None:
    start = datetime(2024, 11, 3, 4, tzinfo=UTC)
    assert counted([start, start - TICK], start + 25 * HOUR - TICK, window=calendar("day")) == 1
    assert counted([start], start + 25 * HOUR, window=calendar("day")) == 0


def test_w2_a_day_whose_midnight_is_skipped_begins_at_the_later_wall_time() -> None:
    start = datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert counted([start, start - TICK], start + HOUR, window=calendar("day", zone="America/Sao_Paulo")) == 1


def test_w2_a_day_whose_midnight_is_repeated_begins_at_the_earlier_one() -> None:
    start = datetime(2024, 11, 3, 4, tzinfo=UTC)
    havana = calendar("day", zone="America/Havana")
    assert counted([start, start - TICK], start + 2 * HOUR, window=havana) == 1


def test_w2_weeks_start_on_monday() -> None:
    sunday = datetime(2024, 7, 14, 12, tzinfo=UTC)
    monday = datetime(2024, 7, 8, tzinfo=UTC)
    week = calendar("week", zone="UTC")
    assert counted([monday, monday - TICK], sunday, window=week) == 1
    assert counted([monday, monday - TICK], monday + TICK, window=week) == 1


def test_w2_months_end_where_the_calendar_says() -> None:
    leap = datetime(2024, 3, 1, tzinfo=UTC)
    moments = [
        datetime(2024, 2, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 23, tzinfo=UTC),
        datetime(2024, 1, 31, tzinfo=UTC),
    ]
    month, two = calendar("month", zone="UTC"), calendar("month", 2, "UTC")
    assert counted(moments, leap - TICK, window=month) == 2
    assert counted(moments, leap, window=month) == 0
    assert counted(moments, leap, window=two) == 2
    assert counted(moments, datetime(2024, 3, 31, tzinfo=UTC), window=calendar("month", 3, "UTC")) == 3


def test_w2_a_window_may_reach_before_the_first_year() -> None:
    assert counted([datetime(1, 1, 1, tzinfo=UTC)], NOON, window=calendar("month", 100_000, "UTC")) == 1


def test_w3_an_offset_moves_a_rolling_window_and_visibility_stays_at_t() -> None:
    moments = [NOON - 3 * DAY, NOON - DAY - TICK, NOON - DAY, NOON - 3 * DAY - TICK]
    assert counted(moments, NOON, window="2d", offset="1d") == 2
    late = [event(NOON - 2 * DAY, landed=NOON)]
    assert windows.count(late, window="2d", offset="1d", at=NOON, available_at="landed") == 1
    assert windows.count(late, window="2d", offset="1d", at=NOON - TICK, available_at="landed") == 0


def test_w3_an_offset_moves_a_calendar_window_by_whole_units() -> None:
    today, yesterday = datetime(2024, 7, 8, tzinfo=UTC), datetime(2024, 7, 7, tzinfo=UTC)
    moments = [today, today - TICK, yesterday, yesterday - TICK]
    assert counted(moments, NOON, window=calendar("day", zone="UTC"), offset=1) == 2
    assert counted(moments, NOON, window=calendar("day", zone="UTC"), offset=2) == 1
    assert counted(moments, NOON, window=calendar("day", 2, "UTC"), offset=1) == 3
    assert counted(moments, NOON, window=calendar("day", zone="UTC"), offset=0) == 1


def test_w3_an_offset_of_months_counts_back_over_the_year() -> None:
    january = datetime(2024, 1, 31, 12, tzinfo=UTC)
    moments = [datetime(2023, 11, 30, 23, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC)]
    assert counted(moments, january, window=calendar("month", zone="UTC"), offset=1) == 1
    assert counted(moments, january, window=calendar("month", 2, "UTC"), offset=1) == 2


def test_a_null_t_gives_null() -> None:
    assert windows.count([], window="7d", at=None) is None
    assert windows.last_n(values(1), window="7d", at=None, column="v", n=1) is None


def test_an_event_without_its_time_or_its_availability_matches_nothing() -> None:
    events = [event(None), event(NOON - HOUR, landed=None)]
    assert windows.count([event(None)], window="7d", at=NOON) == 0
    assert windows.count(events[1:], window="7d", at=NOON) == 1
    assert windows.count(events[1:], window="7d", at=NOON, available_at="landed") == 0


def test_a_missing_column_is_an_error_that_names_it_wherever_the_event_lies() -> None:
    old = [event(NOON - HOUR), {"event_timestamp": NOON - 900 * DAY, "w": 1}]
    assert (
        problem(old, window="7d", at=NOON, column="v") == "event 1: no column 'v'; it has event_timestamp, w"
    )
    assert problem(old, window="7d", at=NOON, where="v = 1").startswith("event 1: no column 'v'")
    assert problem([{"event_timestmp": NOON}], window="7d", at=NOON) == (
        "event 0: no column 'event_timestamp'; did you mean 'event_timestmp'?"
    )
    assert problem(old, window="7d", at=NOON, available_at="landed").startswith("event 0: no column 'landed'")


def test_naive_times_are_refused_unless_a_zone_is_declared() -> None:
    naive = [event(datetime(2024, 7, 8, 7, 59, 59))]
    assert problem(naive, window="7d", at=NOON).startswith(
        "event 0: column 'event_timestamp': naive datetime"
    )
    assert windows.count(naive, window="1m", at=NOON, timezone="America/New_York") == 1
    assert problem([], window="7d", at=datetime(2024, 1, 1)).startswith("at: naive datetime")
    assert problem([event("2024-01-01")], window="7d", at=NOON) == (  # type: ignore[arg-type]
        "event 0: column 'event_timestamp': expected an aware datetime, found str '2024-01-01'"
    )


def test_a_repeated_local_time_is_the_earlier_instant() -> None:
    events = [event(datetime(2024, 11, 3, 1, 30, fold=1))]
    at = datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    assert windows.count(events, window="1s", at=at + TICK, timezone="America/New_York") == 1


def test_a_date_is_midnight_of_the_zone_else_of_utc() -> None:
    events = [event(date(2024, 7, 8))]
    midnight = datetime(2024, 7, 8, tzinfo=UTC)
    assert windows.count(events, window="1s", at=midnight + TICK) == 1
    assert windows.count(events, window="1s", at=midnight + 4 * HOUR + TICK, timezone="America/New_York") == 1


def test_unknown_keywords_are_refused_with_the_nearest() -> None:
    with pytest.raises(TypeError, match=r"windows.count: unknown keyword 'offst'; did you mean 'offset'"):
        windows.count([], window="7d", at=NOON, offst="1d")  # type: ignore[call-arg]


def test_windows_is_exported() -> None:
    assert skewless.windows is windows


OTHER_ZONES = [("month", "America/New_York"), ("day", "Asia/Kolkata"), ("week", "Europe/London")]


@pytest.mark.parametrize(("unit", "zone"), OTHER_ZONES)
def test_dates_of_no_declared_zone_that_a_calendar_of_another_zone_puts_into_the_day_before_are_refused(
    unit: str, zone: str
) -> None:
    assert problem([event(NOON), event(date(2024, 7, 1))], window=calendar(unit, zone=zone), at=NOON) == (
        f"event 1: aggregation 'count': its window is a calendar {unit} of {zone}, and event timestamps (column "
        "'event_timestamp') are dates, midnight UTC unless a zone is declared; "
        f"declare timezone: {zone}, or UTC where that is meant"
    )


@pytest.mark.parametrize("window", ["30d", calendar("month", zone="UTC"), calendar("month", zone="Etc/GMT")])
def test_dates_of_no_declared_zone_count_in_rolling_windows_and_in_calendars_of_utc(window: Any) -> None:
    assert windows.count([event(date(2024, 7, 1))], window=window, at=NOON) == 1


def counted_by_hand(days: list[date], unit: str, at: datetime, zone: ZoneInfo) -> int:
    """How many days begin, on the zone's clocks, in the unit that `at` lies in and before `at`."""
    today = at.astimezone(zone).date()
    first = {"day": today, "week": today - DAY * today.weekday(), "month": today.replace(day=1)}[unit]
    starts = [datetime(day.year, day.month, day.day, tzinfo=zone) for day in days if first <= day <= today]
    return len([start for start in starts if start.astimezone(UTC) < at.astimezone(UTC)])


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "Europe/London", "Australia/Sydney"])
@pytest.mark.parametrize("unit", ["day", "week", "month"])
def test_dates_of_a_declared_zone_lie_in_their_own_day_also_where_clocks_change(unit: str, zone: str) -> None:
    days = [date(2024, 1, 1) + DAY * place for place in range(366)]
    changes = [datetime(2024, 3, 10), datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2024, 11, 3)]
    months = [datetime(2024, 4, 7), datetime(2024, 10, 6), datetime(2024, 7, 1), datetime(2024, 12, 1)]
    for start in [moment.replace(tzinfo=ZoneInfo(zone)) for moment in changes + months]:
        for at in (start, start + TICK, start + 5 * HOUR, start + 23 * HOUR):
            found = windows.count(
                [event(day) for day in days], window=calendar(unit, zone=zone), at=at, timezone=zone
            )
            assert found == counted_by_hand(days, unit, at, ZoneInfo(zone)), at


def test_dates_that_are_declared_utc_are_midnight_of_it_in_a_calendar_of_another_zone() -> None:
    july = [event(date(2024, 7, 1)), event(date(2024, 7, 2))]
    assert windows.count(july, window=calendar("month"), at=NOON, timezone="UTC") == 1
    assert windows.count(july, window=calendar("month"), at=NOON, timezone="America/New_York") == 2
