"""The same features after the change: one more."""

from __future__ import annotations


def doubled(clicks__views: int) -> int:
    return 2 * clicks__views


def halved(clicks__views: int) -> float:
    return clicks__views / 2
