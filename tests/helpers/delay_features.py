"""Feature functions of the tests' training set `delays`."""

from datetime import datetime


def is_freezing(weather__temp: float) -> bool:
    return weather__temp < 32.0


def wind_or_zero(weather__wind: int | None) -> int:
    return weather__wind or 0


def hour_in_utc(event_timestamp: datetime) -> int:
    assert event_timestamp.utcoffset() is not None
    return event_timestamp.hour


def is_cold_night(is_freezing: bool, hour_in_utc: int) -> bool:
    return is_freezing and hour_in_utc >= 20
