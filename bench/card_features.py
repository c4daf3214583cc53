"""Twenty features of a card payment, as a team would write them: the vector that the benchmarks compute."""

from __future__ import annotations

import math
from datetime import datetime


def amount_log(amount: float) -> float:
    return math.log1p(amount)


def is_round_amount(amount: float) -> bool:
    return amount % 10 == 0


def hour_utc(event_timestamp: datetime) -> int:
    return event_timestamp.hour


def weekday_utc(event_timestamp: datetime) -> int:
    return event_timestamp.isoweekday()


def is_night(hour_utc: int) -> bool:
    return hour_utc < 6


def minutes_since_last(event_timestamp: datetime, card__last_at: datetime) -> float:
    return (event_timestamp - card__last_at).total_seconds() / 60


def amount_over_last(amount: float, card__last_amount: float) -> float | None:
    return amount / card__last_amount if card__last_amount else None


def is_abroad(merchant_country: str, card__country: str) -> bool:
    return merchant_country != card__country


def country_pair(merchant_country: str, card__country: str) -> str:
    return f"{card__country}-{merchant_country}"


def share_of_last_hour(card__count_1h: int, card__count_24h: int) -> float | None:
    return card__count_1h / card__count_24h if card__count_24h else None


def is_burst(card__count_1h: int) -> bool:
    return card__count_1h >= 5


def mean_amount_24h(card__sum_24h: float, card__count_24h: int) -> float | None:
    return card__sum_24h / card__count_24h if card__count_24h else None


def amount_z(amount: float, card__mean_30d: float, card__stddev_30d: float) -> float | None:
    return (amount - card__mean_30d) / card__stddev_30d if card__stddev_30d > 0 else None


def is_far_above_usual(amount_z: float | None) -> bool:
    return amount_z is not None and amount_z > 3


def merchant_risk(merchant__risk: float | None) -> float:
    return 0.5 if merchant__risk is None else merchant__risk


def account_age_days(event_timestamp: datetime, account__opened_at: datetime) -> int:
    return (event_timestamp - account__opened_at).days


def is_new_account(account_age_days: int) -> bool:
    return account_age_days < 30


def share_of_balance(amount: float, account__balance: float) -> float | None:
    return amount / account__balance if account__balance > 0 else None


def email_domain(account__email: str | None) -> str | None:
    return account__email.rpartition("@")[2].lower() if account__email else None


def rule_score(merchant_risk: float, is_burst: bool, is_abroad: bool, is_new_account: bool) -> float:
    return merchant_risk + 0.2 * is_burst + 0.1 * is_abroad + 0.3 * is_new_account
