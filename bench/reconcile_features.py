"""Feature functions of the benchmark of reconciliation: a dozen of the sort that follow joins and windows."""

from datetime import datetime, timedelta


def minutes_since_visit(event_timestamp: datetime, profile__visited_at: datetime) -> float:
    return (event_timestamp - profile__visited_at) / timedelta(minutes=1)


def hour_of_day(event_timestamp: datetime) -> int:
    return event_timestamp.hour


def is_weekend(event_timestamp: datetime) -> bool:
    return event_timestamp.weekday() >= 5


def spend_per_click(clicks__spend_30d: float | None, clicks__clicks_30d: int) -> float | None:
    return (
        None
        if clicks__spend_30d is None or clicks__clicks_30d == 0
        else clicks__spend_30d / clicks__clicks_30d
    )


def clicks_last_day_share(clicks__clicks_1d: int, clicks__clicks_30d: int) -> float:
    return clicks__clicks_1d / clicks__clicks_30d if clicks__clicks_30d else 0.0


def is_active(clicks__clicks_7d: int) -> bool:
    return clicks__clicks_7d > 1


def price_gap(clicks__dearest_30d: float, store__mean_price: float) -> float:
    return clicks__dearest_30d - store__mean_price


def segment(profile__tier: str | None, profile__age: int) -> str:
    return f"{profile__tier or 'none'}-{profile__age // 10}"


def is_local(profile__region: int, store__region: int) -> bool:
    return profile__region == store__region


def score_sum(profile__score_0: float, profile__score_1: float, store__rating: float) -> float:
    return profile__score_0 + profile__score_1 + store__rating
