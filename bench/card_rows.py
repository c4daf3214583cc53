"""Made-up card payments for the benchmarks: the inputs of `card_features`, with some nulls, the same every time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

FIRST = datetime(2024, 3, 1, tzinfo=timezone.utc)
COUNTRIES = ("US", "DE", "IN", "BR")


def payments(count: int) -> list[dict[str, Any]]:
    rng = Random(5)
    return [_payment(rng) for _ in range(count)]


def _payment(rng: Random) -> dict[str, Any]:
    at = FIRST + timedelta(microseconds=rng.randrange(30 * 86_400_000_000))
    seen = rng.random() > 0.05
    return {
        "event_timestamp": at,
        "amount": round(rng.expovariate(1 / 50), 2),
        "merchant_country": rng.choice(COUNTRIES),
        "card__country": rng.choice(COUNTRIES),
        "card__last_at": at - timedelta(seconds=rng.randrange(1, 10**6)) if seen else None,
        "card__last_amount": round(rng.expovariate(1 / 50), 2) if seen else None,
        "card__count_1h": rng.randrange(8),
        "card__count_24h": rng.randrange(30),
        "card__sum_24h": rng.uniform(0, 2000),
        "card__mean_30d": rng.uniform(10, 90),
        "card__stddev_30d": rng.uniform(0, 30) if seen else None,
        "merchant__risk": rng.random() if rng.random() > 0.3 else None,
        "account__opened_at": at - timedelta(days=rng.randrange(2000), seconds=rng.randrange(86_400)),
        "account__balance": rng.uniform(-100, 5000),
        "account__email": f"user{rng.randrange(10**6)}@Example.com" if rng.random() > 0.1 else None,
    }
