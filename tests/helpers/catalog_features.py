"""Feature functions for the catalog: one with an owner in the decorator, one with one in its docstring."""

from datetime import datetime

from skewless import feature


@feature(owner="fleet team")
def is_hot(weather__temp: float) -> bool:
    """Whether it is above 86 °F,
    as the runway sees it.

    Null without a reading.
    """
    return weather__temp > 86


def hot_for(event_timestamp: datetime, is_hot: bool, weather__readings_7d: int, gate: str) -> float:
    """Hours & minutes <of heat>.

    Owner: weather desk
    """
    return float(weather__readings_7d) if is_hot and gate else event_timestamp.timestamp()
