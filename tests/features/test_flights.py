"""Each flight feature as a plain function, at its boundaries."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from features import flights
from skewless import FeatureSet


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]


def test_departure_hour_follows_the_clock_of_new_york_through_the_change_to_summer_time() -> None:
    assert flights.departure_hour(utc(2013, 3, 9, 13, 0)) == 8
    assert flights.departure_hour(utc(2013, 3, 10, 13, 0)) == 9


def test_a_departure_after_midnight_utc_is_still_the_evening_before_in_new_york() -> None:
    late_on_friday = utc(2013, 7, 6, 3, 30)
    assert flights.departure_hour(late_on_friday) == 23
    assert flights.departure_weekday(late_on_friday) == 5


@pytest.mark.parametrize(("weekday", "expected"), [(1, False), (5, False), (6, True), (7, True)])
def test_the_weekend_is_saturday_and_sunday(weekday: int, expected: bool) -> None:
    assert flights.is_weekend(weekday) is expected


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (utc(2013, 11, 28, 17), 0),  # Thanksgiving is the fourth Thursday, not the last
        (utc(2012, 11, 22, 17), 0),
        (utc(2013, 5, 27, 17), 0),  # Memorial Day
        (utc(2013, 9, 2, 17), 0),  # Labor Day
        (utc(2013, 7, 3, 17), 1),
        (utc(2013, 12, 31, 17), 1),  # nearest is the next year's first day
        (utc(2013, 1, 1, 4), 1),  # 31 December in New York
        (utc(2013, 3, 1, 17), 59),
    ],
)
def test_days_to_holiday_counts_to_the_nearest_on_either_side(day: datetime, expected: int) -> None:
    assert flights.days_to_holiday(day) == expected


def test_scheduled_minutes_and_speed() -> None:
    assert flights.scheduled_minutes(utc(2013, 1, 1, 10, 15), utc(2013, 1, 1, 13, 45)) == 210.0
    assert flights.scheduled_speed_mph(1400, 210.0) == 400.0
    assert flights.scheduled_speed_mph(1400, 0.0) is None


def test_minutes_since_landing_count_to_t() -> None:
    assert flights.minutes_since_landing(utc(2013, 1, 1, 12), utc(2013, 1, 1, 9, 29, 30)) == 150.5


@pytest.mark.parametrize(("delay", "expected"), [(15, False), (16, True), (-20, False)])
def test_an_aircraft_was_late_above_fifteen_minutes(delay: int, expected: bool) -> None:
    assert flights.aircraft_was_late(delay) is expected


def test_minutes_lost_in_the_air_are_negative_recoveries() -> None:
    assert flights.aircraft_minutes_recovered(30, 12) == 18
    assert flights.aircraft_minutes_recovered(-2, 11) == -13


def test_a_route_is_trusted_from_ten_landings_on() -> None:
    assert flights.route_usual_late_share(0.4, 10) == 0.4
    assert flights.route_usual_late_share(0.4, 9) is None


def test_plane_age_turns_with_the_year_at_the_origin() -> None:
    assert flights.plane_age_years(utc(2014, 1, 1, 4, 59), 2013) == 0
    assert flights.plane_age_years(utc(2014, 1, 1, 5, 0), 2013) == 1


def test_wind_chill_agrees_with_the_chart_of_the_weather_service() -> None:
    assert round(flights.wind_chill_f(0.0, 15.0)) == -19
    assert round(flights.wind_chill_f(40.0, 5.0)) == 36


def test_wind_chill_is_the_temperature_where_the_index_is_not_defined() -> None:
    assert flights.wind_chill_f(50.1, 30.0) == 50.1
    assert flights.wind_chill_f(20.0, 3.0) == 20.0
    assert flights.wind_chill_f(50.0, 30.0) < 50.0
    assert flights.wind_chill_f(20.0, 3.1) < 20.0


def test_no_gust_reported_is_no_excess() -> None:
    assert flights.gust_excess_mph(20.0, 31.5) == 11.5
    assert flights.gust_excess_mph(20.0, None) == 0.0
    assert flights.gust_excess_mph(20.0, 19.0) == 0.0


def test_crosswind_is_measured_on_the_best_aligned_runway() -> None:
    assert flights.crosswind_mph("JFK", 31, 20.0) == pytest.approx(0.0)
    assert flights.crosswind_mph("JFK", 211, 20.0) == pytest.approx(0.0)
    assert flights.crosswind_mph("JFK", 76, 20.0) == pytest.approx(14.1421356)


def test_crosswind_of_a_variable_wind_or_an_unknown_airport_is_null_and_of_a_calm_zero() -> None:
    assert flights.crosswind_mph("JFK", None, 6.0) is None
    assert flights.crosswind_mph("ORD", 90, 6.0) is None
    assert flights.crosswind_mph("JFK", None, 0.0) == 0.0


@pytest.mark.parametrize(
    ("temp", "precip", "expected"), [(32.0, 0.01, True), (32.1, 0.01, False), (20.0, 0.0, False)]
)
def test_deicing_takes_frost_and_precipitation(temp: float, precip: float, expected: bool) -> None:
    assert flights.needs_deicing(temp, precip) is expected


def test_instrument_conditions_begin_below_three_miles() -> None:
    assert flights.instrument_conditions(2.99) is True
    assert flights.instrument_conditions(3.0) is False


def test_a_flight_without_weather_aircraft_or_route_still_has_its_calendar() -> None:
    features = FeatureSet.from_module("features.flights")
    unknown = dict.fromkeys(features.inputs)
    values = features.compute({**unknown, "event_timestamp": utc(2013, 5, 1, 12), "origin": "JFK",
                               "sched_dep_at": utc(2013, 5, 1, 14), "distance": 100})  # fmt: skip
    known = {name: value for name, value in values.items() if value is not None}
    assert known == {"departure_hour": 10, "departure_weekday": 3, "is_weekend": False, "days_to_holiday": 26}


def test_the_late_share_of_thirty_days_needs_a_flight() -> None:
    assert flights.aircraft_late_share_30d(1, 4) == 0.25
    assert flights.aircraft_late_share_30d(0, 0) is None
