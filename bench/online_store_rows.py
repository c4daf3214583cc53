"""What benchmarks of online stores ask for: four tables of five features each, a row of them."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

NOW = dt.datetime(2026, 11, 28, 12, tzinfo=dt.timezone.utc)
FEATURES = {"amount": "double", "visits": "bigint", "city": "string", "ratio": "double", "is_new": "boolean"}
TABLES = [f"t{place}" for place in range(4)]


def row(dice: random.Random, age: dt.timedelta) -> dict[str, Any]:
    """A row that was seen so long ago and landed a minute later."""
    seen = NOW - age
    return {
        "seen_at": seen,
        "landed_at": seen + dt.timedelta(minutes=1),
        "amount": dice.random(),
        "visits": dice.randrange(1000),
        "city": dice.choice(["Lisbon", "Oslo", "Kyoto", "Quito"]),
        "ratio": dice.random(),
        "is_new": dice.random() < 0.5,
    }
