"""The functions of window aggregations in Python: the events of a window → one value.

Each takes the window's events, in any order and at least one, and its argument (`n` of `last_n`, `p` of `percentile`).
The values are those of one column, none of them null, all of one type; without a column there are none. A result that
its type cannot hold raises ArithmeticError.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import reduce as fold
from itertools import islice
from operator import add, lt
from typing import Any, NamedTuple

from skewless.serving.aggregations.functions import MOST_DIGITS
from skewless.serving.values.cells import rank


class Within(NamedTuple):
    """A window's events as columns: when each happened and landed, in microseconds, and its value."""

    events: Sequence[int]
    available: Sequence[int]
    values: Sequence[Any]


Reducer = Callable[[Within, Any, int], Any]
"""(events, argument, T in microseconds) → the value."""

_GREATEST_INT = 2**63 - 1
_DECIMAL_LIMIT = Decimal(10) ** MOST_DIGITS
# More digits than any number of decimals of 38 digits can add up to, whatever their scales.
_EXACT = Context(prec=120, traps=[InvalidOperation, Inexact])


def _count(own: Within, _argument: None, _at: int) -> int:
    return len(own.events)


def _sum(own: Within, _argument: None, _at: int) -> Any:
    """Exact for ints, which have to fit 64 bits, and decimals; doubles are added in order, from 0.0 on."""
    kind = type(own.values[0])
    if kind is float:
        return _ordered_sum(_ordered_values(own))
    if kind is Decimal:
        return _decimal_sum(own.values)
    total = sum(own.values)
    if not -_GREATEST_INT - 1 <= total <= _GREATEST_INT:
        raise ArithmeticError(f"the sum {total} does not fit in 64 bits")
    return total


def _mean(own: Within, _argument: None, _at: int) -> float:
    """The sum by the count as a double: of ints and decimals the exact sum, of doubles the ordered one."""
    if type(own.values[0]) is float:
        return _ordered_sum(_ordered_values(own)) / len(own.values)
    integers, divisor = _integers(own.values)
    return sum(integers) / (len(integers) * divisor)


def _stddev(own: Within, _argument: None, _at: int) -> float | None:
    """The sample deviation: of doubles in two passes, both in order; else from exact sums of squares.

    Null below two values. With a NaN or an infinity it is NaN.
    """
    size = len(own.values)
    if size < 2:
        return None
    if type(own.values[0]) is float:
        values = _ordered_values(own)
        mean = _ordered_sum(values) / size
        return math.sqrt(_ordered_sum([(value - mean) * (value - mean) for value in values]) / (size - 1))
    integers, divisor = _integers(own.values)
    total = sum(integers)
    spread = size * sum(integer * integer for integer in integers) - total * total
    return math.sqrt(spread / (size * (size - 1) * divisor * divisor))


def _min(own: Within, _argument: None, _at: int) -> Any:
    return min(own.values, key=rank(type(own.values[0])))


def _max(own: Within, _argument: None, _at: int) -> Any:
    return max(own.values, key=rank(type(own.values[0])))


def _first(own: Within, _argument: None, _at: int) -> Any:
    return min(zip(*own, strict=True), key=_order(own))[2]


def _last(own: Within, _argument: None, _at: int) -> Any:
    return max(zip(*own, strict=True), key=_order(own))[2]


def _last_n(own: Within, n: int, _at: int) -> list[Any]:
    newest = sorted(zip(*own, strict=True), key=_order(own), reverse=True)[:n]
    return [value for _, _, value in newest]


def _count_distinct(own: Within, _argument: None, _at: int) -> int:
    """NaN is one value, though a set holds two; -0.0 equals 0.0."""
    distinct = set(own.values)
    nans: int = sum(value != value for value in distinct)  # noqa: PLR0124  (NaN differs from itself)
    return len(distinct) - max(0, nans - 1)


def _percentile(own: Within, p: Decimal, _at: int) -> Any:
    """The value at rank max(1, ⌈p·n⌉), reckoned in integers, since p·n in floats may miss its integer."""
    values = sorted(own.values, key=rank(type(own.values[0])))
    numerator, denominator = p.as_integer_ratio()
    return values[max(1, -(-numerator * len(values) // denominator)) - 1]


def _median(own: Within, _argument: None, _at: int) -> float:
    """The mean of the two middle values, as `_mean` has it; where one is in the middle, that one as a double."""
    kind, size = type(own.values[0]), len(own.values)
    ranked: Any = rank(kind) or (lambda value: value)
    ascending = sorted(zip(*own, strict=True), key=lambda event: ranked(event[2]))
    middle = ascending[(size - 1) // 2 : size // 2 + 1]
    if len(middle) == 1 and kind is float:  # the mean of -0.0 alone is 0.0
        return float(middle[0][2])
    return _mean(Within(*zip(*middle, strict=True)), None, _at)


def _mode(own: Within, _argument: None, _at: int) -> Any:
    """The smallest of the most frequent values; NaN is one value, and -0.0 and 0.0 are one, which is 0.0."""
    values = own.values
    kind = type(values[0])
    if kind is float:
        values = [value + 0.0 if value == value else math.nan for value in values]  # noqa: PLR0124  (NaN)
    times = Counter(values)
    most = max(times.values())
    return min((value for value, number in times.items() if number == most), key=rank(kind))


def _time_since_last(own: Within, _argument: None, at: int) -> float:
    """Seconds; a double is divided, as in Spark."""
    return float(at - max(own.events)) / 1_000_000.0


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


def _order(own: Within) -> Callable[[tuple[int, int, Any]], Any] | None:
    """The key of the order (event timestamp, available, value), None where the tuples sort right alone."""
    if type(own.values[0]) is not float:
        return None
    ranked: Callable[[Any], Any] = rank(float)  # type: ignore[assignment]
    return lambda event: (event[0], event[1], ranked(event[2]))


def _ordered_values(own: Within) -> Sequence[float]:
    """In order, to be added up: as they are where no two events are at one time, and they are in order.

    Else without `_order`'s key, which takes ten times as long: what a NaN puts out of order is NaN, and no sum that
    begins with 0.0 depends on which zero comes first.
    """
    if all(map(lt, own.events, islice(own.events, 1, None))):
        return own.values
    return [value for _, _, value in sorted(zip(*own, strict=True))]


def _ordered_sum(values: Sequence[float]) -> float:
    """One addition after the other: the built-in sum compensates on some versions of Python."""
    return fold(add, values, 0.0)


def _decimal_sum(values: Sequence[Decimal]) -> Decimal:
    total = fold(_EXACT.add, values, Decimal(0))
    scale = max(0, -int(total.as_tuple().exponent))
    if total.scaleb(scale, _EXACT).copy_abs() >= _DECIMAL_LIMIT:  # abs() rounds to the caller's context
        raise ArithmeticError(f"the sum {total} does not fit in a decimal of {MOST_DIGITS} digits")
    return total


def _integers(values: Sequence[Any]) -> tuple[Sequence[int], int]:
    """Ints and 1, or decimals times the power of ten that makes them all integers, and that power."""
    if type(values[0]) is int:
        return values, 1
    scale = max(0, *(-int(value.as_tuple().exponent) for value in values))
    divisor: int = 10**scale
    return [int(value.scaleb(scale, _EXACT)) for value in values], divisor
