"""A feature of T alone, and one that fails at noon."""

from __future__ import annotations

from datetime import datetime


def hour_of_t(event_timestamp: datetime) -> int:
    return event_timestamp.hour


def hours_to_noon(hour_of_t: int, r__v: int) -> float:
    return r__v / (12 - hour_of_t)
