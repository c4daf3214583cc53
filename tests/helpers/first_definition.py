"""Features of a training set before its definition changes."""

from __future__ import annotations


def doubled(clicks__views: int) -> int:
    return 2 * clicks__views
