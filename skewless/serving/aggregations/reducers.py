"""The functions of window aggregations in Python: the events of a window → one value.

Each takes the window's events as (event timestamp, available, value), instants in microseconds, in any order and
at least one, and its argument (`n` of `last_n`, `p` of `percentile`). The values are those of one column, none of
them null, all of one type; without a column they are None. A result that its type cannot hold raises
ArithmeticError.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import reduce as fold
from operator import add
from typing import Any

from skewless.serving.aggregations.functions import MOST_DIGITS
from skewless.serving.values.cells import rank

Event = tuple[int, int, Any]
Reducer = Callable[[list[Event], Any, int], Any]
"""(events, argument, T in microseconds) → the value."""

_GREATEST_INT = 2**63 - 1
_DECIMAL_LIMIT = Decimal(10) ** MOST_DIGITS
# More digits than any number of decimals of 38 digits can add up to, whatever their scales.
_EXACT = Context(prec=120, traps=[InvalidOperation, Inexact])


def _count(events: list[Event], _argument: None, _at: int) -> int:
    return len(events)


def _sum(events: list[Event], _argument: None, _at: int) -> Any:
    """Exact for ints, which have to fit 64 bits, and decimals; doubles are added in order, from 0.0 on."""
    kind = type(events[0][2])
    if kind is float:
        return _ordered_sum(_ordered_values(events))
    if kind is Decimal:
        return _decimal_sum([value for _, _, value in events])
    total = sum(value for _, _, value in events)
    if not -_GREATEST_INT - 1 <= total <= _GREATEST_INT:
        raise ArithmeticError(f"the sum {total} does not fit in 64 bits")
    return total


def _mean(events: list[Event], _argument: None, _at: int) -> float:
    """The sum by the count as a double: of ints and decimals the exact sum, of doubles the ordered one."""
    if type(events[0][2]) is float:
        return _ordered_sum(_ordered_values(events)) / len(events)
    integers, divisor = _integers([value for _, _, value in events])
    return sum(integers) / (len(integers) * divisor)


def _stddev(events: list[Event], _argument: None, _at: int) -> float | None:
    """The sample deviation: of doubles in two passes, both in order; else from exact sums of squares.

    Null below two values. With a NaN or an infinity it is NaN.
    """
    size = len(events)
    if size < 2:
        return None
    if type(events[0][2]) is float:
        values = _ordered_values(events)
        mean = _ordered_sum(values) / size
        return math.sqrt(_ordered_sum([(value - mean) * (value - mean) for value in values]) / (size - 1))
    integers, divisor = _integers([value for _, _, value in events])
    total = sum(integers)
    spread = size * sum(integer * integer for integer in integers) - total * total
    return math.sqrt(spread / (size * (size - 1) * divisor * divisor))


def _min(events: list[Event], _argument: None, _at: int) -> Any:
    values = [value for _, _, value in events]
    return min(values, key=rank(type(values[0])))


def _max(events: list[Event], _argument: None, _at: int) -> Any:
    values = [value for _, _, value in events]
    return max(values, key=rank(type(values[0])))


def _first(events: list[Event], _argument: None, _at: int) -> Any:
    return min(events, key=_order(events))[2]


def _last(events: list[Event], _argument: None, _at: int) -> Any:
    return max(events, key=_order(events))[2]


def _last_n(events: list[Event], n: int, _at: int) -> list[Any]:
    newest = sorted(events, key=_order(events), reverse=True)[:n]
    return [value for _, _, value in newest]


def _count_distinct(events: list[Event], _argument: None, _at: int) -> int:
    """NaN is one value, though a set holds two; -0.0 equals 0.0."""
    distinct = {value for _, _, value in events}
    nans: int = sum(value != value for value in distinct)  # noqa: PLR0124  (NaN differs from itself)
    return len(distinct) - max(0, nans - 1)


def _percentile(events: list[Event], p: Decimal, _at: int) -> Any:
    """The value at rank max(1, ⌈p·n⌉), reckoned in integers, since p·n in floats may miss its integer."""
    values = sorted((value for _, _, value in events), key=rank(type(events[0][2])))
    numerator, denominator = p.as_integer_ratio()
    return values[max(1, -(-numerator * len(values) // denominator)) - 1]


def _median(events: list[Event], _argument: None, _at: int) -> float:
    """The mean of the two middle values, as `_mean` has it; where one is in the middle, that one as a double."""
    kind = type(events[0][2])
    ranked: Any = rank(kind) or (lambda value: value)
    ascending = sorted(events, key=lambda event: ranked(event[2]))
    middle = ascending[(len(events) - 1) // 2 : len(events) // 2 + 1]
    if len(middle) == 1 and kind is float:  # the mean of -0.0 alone is 0.0
        return float(middle[0][2])
    return _mean(middle, None, _at)


def _mode(events: list[Event], _argument: None, _at: int) -> Any:
    """The smallest of the most frequent values; NaN is one value, and -0.0 and 0.0 are one, which is 0.0."""
    kind = type(events[0][2])
    values = [value for _, _, value in events]
    if kind is float:
        values = [value + 0.0 if value == value else math.nan for value in values]  # noqa: PLR0124  (NaN)
    times = Counter(values)
    most = max(times.values())
    return min((value for value, number in times.items() if number == most), key=rank(kind))


def _time_since_last(events: list[Event], _argument: None, at: int) -> float:
    """Seconds; a double is divided, as in Spark."""
    return float(at - max(event for event, _, _ in events)) / 1_000_000.0


REDUCERS: dict[str, Reducer] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "first": _first,
    "last": _last,
    "count_distinct": _count_distinct,
    "last_n": _last_n,
    "percentile": _percentile,
    "median": _median,
    "mode": _mode,
    "time_since_last": _time_since_last,
}


def _order(events: list[Event]) -> Callable[[Event], Any] | None:
    """The key of the order (event timestamp, available, value), None where the tuples sort right alone."""
    if type(events[0][2]) is not float:
        return None
    ranked: Callable[[Any], Any] = rank(float)  # type: ignore[assignment]
    return lambda event: (event[0], event[1], ranked(event[2]))


def _ordered_values(events: list[Event]) -> list[float]:
    """In order, to be added up. Without `_order`'s key, which takes ten times as long: what a NaN puts out of order is
    NaN, and no sum that begins with 0.0 depends on which zero comes first.
    """
    return [value for _, _, value in sorted(events)]


def _ordered_sum(values: list[float]) -> float:
    """One addition after the other: the built-in sum compensates on some versions of Python."""
    return fold(add, values, 0.0)


def _decimal_sum(values: list[Decimal]) -> Decimal:
    total = fold(_EXACT.add, values, Decimal(0))
    scale = max(0, -int(total.as_tuple().exponent))
    if total.scaleb(scale, _EXACT).copy_abs() >= _DECIMAL_LIMIT:  # abs() rounds to the caller's context
        raise ArithmeticError(f"the sum {total} does not fit in a decimal of {MOST_DIGITS} digits")
    return total


def _integers(values: list[Any]) -> tuple[list[int], int]:
    """Ints and 1, or decimals times the power of ten that makes them all integers, and that power."""
    if type(values[0]) is int:
        return values, 1
    scale = max(0, *(-int(value.as_tuple().exponent) for value in values))
    divisor: int = 10**scale
    return [int(value.scaleb(scale, _EXACT)) for value in values], divisor
