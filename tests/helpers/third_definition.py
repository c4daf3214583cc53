"""The same feature with another type."""

from __future__ import annotations


def doubled(clicks__views: int) -> str:
    return str(2 * clicks__views)
