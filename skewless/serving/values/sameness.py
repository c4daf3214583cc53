"""When two values of a column are the same: exactly, or within what another order of addition may change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

TOLERANCE = 1e-9


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal, inside lists and mappings too; NaN is NaN, -0.0 is not 0.0.

    >>> same(float("nan"), float("nan")), same(0.0, -0.0), same(1, 1.0), same([1, None], [1, None])
    (True, False, False, True)
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return bool(one == other and math.copysign(1.0, one) == math.copysign(1.0, other))
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        return _same_entries(one, other)
    return bool(one == other)


def _same_entries(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    if one.keys() == other.keys():
        return all(same(one[key], other[key]) for key in one)
    # NaN as a key is found by no look-up.
    return same([*one.keys(), *one.values()], [*other.keys(), *other.values()])


def within_tolerance(one: float, other: float, summed: Iterable[Any]) -> bool:
    """Whether two sums, means or deviations of the same numbers differ by 1e-9 times the sum of absolute values.

    >>> within_tolerance(0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1, [0.1, 0.2, 0.3])
    True
    >>> within_tolerance(1.0, 1.000001, [1.0])
    False
    """
    if not (math.isfinite(one) and math.isfinite(other)):
        return False
    weight = math.fsum(TOLERANCE * abs(value) for value in map(float, summed) if math.isfinite(value))
    return abs(one - other) <= weight
