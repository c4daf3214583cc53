"""Feature functions of the tests' training set `offers`, pure all of them."""

from datetime import datetime


def discount(amount: float, prices__price: float) -> float:
    return amount * 0.1 / prices__price


def price_or_zero(prices__price: float | None) -> float:
    return prices__price or 0.0


def hour_in_utc(event_timestamp: datetime) -> int:
    return event_timestamp.hour
