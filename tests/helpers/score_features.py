"""Feature functions of the tests' training set that entities are scored by: of tables, of label events, of T."""

from datetime import datetime


def spread(facts__v: float | None, facts__mean_2h: float | None) -> float | None:
    return None if facts__v is None or facts__mean_2h is None else facts__v - facts__mean_2h


def per_sale(amount: int, sales__n_3h: int) -> float:
    return amount / (1 + sales__n_3h)


def minute(event_timestamp: datetime) -> int:
    return event_timestamp.minute
