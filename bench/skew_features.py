"""Feature functions of the benchmark of causes: one for each sort of input that a fault can reach."""

from datetime import datetime, timedelta, timezone


def feels_like(weather__temp_fn: float, weather__wind_fn: int) -> float:
    return weather__temp_fn - 0.7 * weather__wind_fn


def is_muggy(weather__humid_fn: float | None) -> bool:
    return (50.0 if weather__humid_fn is None else weather__humid_fn) > 60.0


def pressure_gap(weather__pressure_fn: float | None) -> float | None:
    return None if weather__pressure_fn is None else 1013.25 - weather__pressure_fn


def hour_of_day(event_timestamp: datetime) -> int:
    return event_timestamp.astimezone(timezone.utc).hour


def minutes_since_service(event_timestamp: datetime, weather__serviced_at: datetime) -> float:
    return (event_timestamp - weather__serviced_at) / timedelta(minutes=1)


def spend_per_click(clicks__spend_fn: float | None, clicks__clicks_fn: int) -> float | None:
    if clicks__spend_fn is None or clicks__clicks_fn == 0:
        return None
    return clicks__spend_fn / clicks__clicks_fn


def spend_is_missing(clicks__spend_fn: float | None, clicks__clicks_fn: int) -> bool:
    return clicks__spend_fn is None or clicks__clicks_fn == 0


def sky_length(weather__sky_fn: str) -> int:
    return len(weather__sky_fn)


def temp_squared(weather__temp_clean: float) -> float:
    return weather__temp_clean * weather__temp_clean
