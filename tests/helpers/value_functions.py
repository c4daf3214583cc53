"""Feature functions over every type that an input may have."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from skewless import feature


def half(x: float) -> float:
    return x / 2


def quarter(half: float) -> float:
    return half / 2


def is_known(x: float | None) -> bool:
    return x is not None


def same_single(single: float) -> float:
    return single


def halved(n: int) -> int:
    return n // 2


def as_float(small: float) -> float:
    return small


@feature(on_error="null")
def inverse(n: int) -> float:
    return 1 / n


def shout(text: str | None) -> str | None:
    return None if text is None or text == "" else text.upper() + "!"


def negated(flag: bool) -> bool:
    return not flag


def reversed_bytes(raw: bytes) -> bytes:
    return raw[::-1]


def day_after(day: date) -> date:
    return day + timedelta(days=1)


def utc_hour(moment: datetime) -> int:
    return moment.hour


def a_minute_after(moment: datetime) -> datetime:
    return moment + timedelta(minutes=1)


def seconds_since(moment: datetime | None, event_timestamp: datetime) -> float | None:
    return None if moment is None else (event_timestamp - moment).total_seconds()


def share(cost: Decimal) -> Decimal:
    return cost / 4


def total(tags: list[int | None] | None) -> int:
    return sum(tag for tag in tags or [] if tag is not None)


def doubled(numbers: list[float | None]) -> list[float | None]:
    return [None if number is None else number * 2 for number in numbers]


def latest(moments: list[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
