"""Feature functions that must not run: a plan is told without them."""

from __future__ import annotations

from datetime import datetime


def broken(endless__v: int, k: int) -> float:
    return endless__v / (k - k)


def aware(event_timestamp: datetime) -> int:
    raise RuntimeError("called")
