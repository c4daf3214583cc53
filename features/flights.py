"""What is known two hours before a flight's departure: schedule, aircraft, route and weather → features.

`event_timestamp` is T, in UTC. Joined inputs are `<table>__<column>`: °F, mph, degrees true, inches, statute
miles, minutes. Where an input is null and its annotation does not say `| None`, the feature is null.
"""

from datetime import date, datetime, timedelta
from math import radians, sin
from zoneinfo import ZoneInfo

ORIGIN_ZONE = ZoneInfo("America/New_York")
LATE_MINUTES = 15
FEWEST_LANDINGS = 10

RUNWAY_HEADINGS = {"EWR": (26.0, 95.0), "JFK": (31.0, 121.0), "LGA": (32.0, 122.0)}
"""Degrees true of each origin's runways, one direction of each (FAA airport data)."""


def departure_hour(sched_dep_at: datetime) -> int:
    """The hour of the scheduled departure on the origin's clock, 0 to 23."""
    return sched_dep_at.astimezone(ORIGIN_ZONE).hour


def departure_weekday(sched_dep_at: datetime) -> int:
    """The ISO weekday of the scheduled departure at the origin, 1 (Monday) to 7 (Sunday)."""
    return sched_dep_at.astimezone(ORIGIN_ZONE).isoweekday()


def is_weekend(departure_weekday: int) -> bool:
    """Whether the flight is scheduled for a Saturday or a Sunday at the origin."""
    return departure_weekday >= 6


def days_to_holiday(sched_dep_at: datetime) -> int:
    """Days from the departure's date at the origin to the nearest holiday, before or after; 0 on the day.

    The holidays that fill US airports: New Year, Memorial Day, Independence Day, Labor Day, Thanksgiving,
    Christmas.
    """
    day = sched_dep_at.astimezone(ORIGIN_ZONE).date()
    near = [*_holidays(day.year), date(day.year + 1, 1, 1), date(day.year - 1, 12, 25)]
    return min(abs((holiday - day).days) for holiday in near)


def scheduled_minutes(sched_dep_at: datetime, sched_arr_at: datetime) -> float:
    """Minutes from scheduled departure to scheduled arrival, taxiing and the airline's padding included."""
    return (sched_arr_at - sched_dep_at).total_seconds() / 60


def scheduled_speed_mph(distance: int, scheduled_minutes: float) -> float | None:
    """Miles per scheduled hour: little of it is a generous schedule. Null where no time is scheduled."""
    return distance * 60 / scheduled_minutes if scheduled_minutes > 0 else None


def minutes_since_landing(event_timestamp: datetime, aircraft__landed_at: datetime) -> float:
    """Minutes at T since the aircraft landed from its last completed flight out of New York."""
    return (event_timestamp - aircraft__landed_at).total_seconds() / 60


def aircraft_late_share_30d(aircraft__late_flights_30d: int, aircraft__flights_30d: int) -> float | None:
    """Share of the aircraft's flights of the last 30 days, known at T, that arrived late. Null without flights."""
    return aircraft__late_flights_30d / aircraft__flights_30d if aircraft__flights_30d else None


def aircraft_was_late(aircraft__arr_delay: int) -> bool:
    """Whether the aircraft's last completed flight arrived more than 15 minutes late."""
    return aircraft__arr_delay > LATE_MINUTES


def aircraft_minutes_recovered(aircraft__dep_delay: int, aircraft__arr_delay: int) -> int:
    """Minutes that the aircraft made up on its last completed flight; negative where it lost some."""
    return aircraft__dep_delay - aircraft__arr_delay


def route_usual_late_share(route__late_share: float, route__flights: int) -> float | None:
    """The share of the airline's flights on this route that landed late of late; null below ten landings."""
    return route__late_share if route__flights >= FEWEST_LANDINGS else None


def plane_age_years(event_timestamp: datetime, planes__built: int) -> int:
    """Calendar years at T, on the origin's clock, since the aircraft was built; 0 in its first."""
    return event_timestamp.astimezone(ORIGIN_ZONE).year - planes__built


def wind_chill_f(weather__temp: float, weather__wind_speed: float) -> float:
    """The temperature felt, °F: the National Weather Service's index of 2001.

    35.74 + 0.6215 T - 35.75 v^0.16 + 0.4275 T v^0.16, defined at or below 50 °F and above 3 mph; elsewhere
    it is the temperature itself. https://www.weather.gov/safety/cold-wind-chill-chart
    """
    if weather__temp > 50 or weather__wind_speed <= 3:
        return weather__temp
    wind: float = weather__wind_speed**0.16
    return 35.74 + 0.6215 * weather__temp - 35.75 * wind + 0.4275 * weather__temp * wind


def gust_excess_mph(weather__wind_speed: float, weather__wind_gust: float | None) -> float:
    """How far gusts exceed the mean wind, mph; 0 where none is reported: the wind is steady."""
    return 0.0 if weather__wind_gust is None else max(0.0, weather__wind_gust - weather__wind_speed)


def crosswind_mph(origin: str, weather__wind_dir: int | None, weather__wind_speed: float) -> float | None:
    """The wind across the origin's best-aligned runway, mph: never negative.

    Null where the origin is not one of the three, and where the wind has no direction; 0 in a calm.
    """
    if weather__wind_speed == 0:
        return 0.0
    headings = RUNWAY_HEADINGS.get(origin)
    if headings is None or weather__wind_dir is None:
        return None
    return min(abs(weather__wind_speed * sin(radians(weather__wind_dir - heading))) for heading in headings)


def needs_deicing(weather__temp: float, weather__precip: float) -> bool:
    """Whether rain or snow is falling at or below freezing, 32 °F."""
    return weather__temp <= 32 and weather__precip > 0


def instrument_conditions(weather__visib: float) -> bool:
    """Whether visibility is below 3 statute miles, where the FAA's instrument flight rules begin."""
    return weather__visib < 3


def _holidays(year: int) -> tuple[date, ...]:
    memorial = _weekday_on_or_before(date(year, 5, 31), 1)
    labor = _weekday_on_or_before(date(year, 9, 7), 1)
    thanksgiving = _weekday_on_or_before(date(year, 11, 28), 4)
    return date(year, 1, 1), memorial, date(year, 7, 4), labor, thanksgiving, date(year, 12, 25)


def _weekday_on_or_before(day: date, weekday: int) -> date:
    return day - timedelta(days=(day.isoweekday() - weekday) % 7)
