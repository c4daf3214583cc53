"""Feature functions over what random tables hold."""

from datetime import datetime
from decimal import Decimal

from skewless import feature


def list_total(r__list: list[float | None] | None) -> float:
    return sum(value or 0.0 for value in r__list or [])


def cents(r__money: Decimal) -> Decimal:
    return r__money * 100


def hours_since(event_timestamp: datetime, r__seen: datetime) -> float:
    return (event_timestamp - r__seen).total_seconds() / 3600


def shouted(r__word: str | None) -> str:
    return (r__word or "nothing").upper()


@feature(on_error="null")
def ratio(w__sum_x: float, w__n: int) -> float:
    return w__sum_x / w__n


def newest(w__newest: list[Decimal | None]) -> Decimal | None:
    return w__newest[0] if w__newest else None
