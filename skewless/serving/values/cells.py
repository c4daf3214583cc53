"""The values of an event's columns: which are admitted, and the order that J4 gives them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from skewless.serving.definitions.annotations import SCALARS, ValueType
from skewless.serving.values.bases import base_of
from skewless.serving.values.checks import Refused, input_check

TYPE_NAMES = {
    bool: "boolean",
    int: "integer",
    float: "double",
    Decimal: "decimal",
    str: "string",
    bytes: "binary",
    dt.date: "date",
    dt.datetime: "timestamp",
}
"""The Python type of a column's values, and what configuration and Spark's side call the column's type."""

_CHECKS = {kind: input_check(ValueType(kind)) for kind in SCALARS}
_AFTER_NUMBERS = (math.inf, 2.0)


def cell(value: Any) -> Any:
    """One non-null value as it takes part: instants in UTC, of a subclass as its base, all others as they are.

    Raises Refused for a value of no column type, an int beyond 64 bits, a Decimal that is not finite, a
    naive datetime and text that is not valid Unicode.

    >>> cell(dt.datetime(2024, 1, 1))
    Traceback (most recent call last):
        ...
    skewless.serving.values.checks.Refused: naive datetime datetime.datetime(2024, 1, 1, 0, 0); give it a time zone
    """
    kind = base_of(type(value))
    check = None if kind is None else _CHECKS.get(kind)
    if check is None:
        raise Refused(f"expected {_listed(SCALARS)}, found {type(value).__name__}")
    return check.one(value)


def cells(values: list[Any], types: frozenset[str] = frozenset(TYPE_NAMES.values())) -> list[Any]:
    """Non-null values of one column as they take part, all of one of these types; an int passes among floats.

    Raises Refused as `cell` does, for values of different types and for those of another type.

    >>> cells([1, 2.5])
    [1.0, 2.5]
    >>> cells([1, "1"])
    Traceback (most recent call last):
        ...
    skewless.serving.values.checks.Refused: expected values of one type, found int and str
    """
    kinds = {base_of(kind) or kind for kind in set(map(type, values))}
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1:
        raise Refused(
            f"expected values of one type, found {_listed(sorted(kinds, key=lambda k: k.__name__))}"
        )
    if not kinds:
        return []
    kind = kinds.pop()
    if TYPE_NAMES.get(kind) not in types:
        taken = [scalar for scalar in SCALARS if TYPE_NAMES[scalar] in types]
        raise Refused(f"expected {_listed(taken)}, found {kind.__name__}")
    return _CHECKS[kind].column(values).values


def rank(kind: type) -> Callable[[Any], Any] | None:
    """The sorting key of one type's values under J4, None where they sort right as they are.

    -0.0 < 0.0 and NaN is greatest. Python compares text by code points, which is the order of its UTF-8
    bytes.

    >>> sorted([math.nan, 0.0, -0.0, math.inf], key=rank(float))
    [-0.0, 0.0, inf, nan]
    """
    return _float_rank if kind is float else None


def _float_rank(value: float) -> tuple[float, float]:
    return (value, math.copysign(1.0, value)) if value == value else _AFTER_NUMBERS  # noqa: PLR0124  (NaN)


def _listed(kinds: Sequence[type]) -> str:
    names = [kind.__name__ for kind in kinds]
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 2 else " and ".join(names)
