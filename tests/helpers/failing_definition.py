"""A feature that fails on some label events."""

from __future__ import annotations


def no_fives(clicks__views: int) -> int:
    if clicks__views == 5:
        raise ValueError("a five")
    return clicks__views
