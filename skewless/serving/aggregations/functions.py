"""The functions of window aggregations: what each takes and gives, for both runtimes that compute them.

What depends on a function is read here and nowhere else: the checks of configurations and plans, the types of results,
the value of an empty window, and which results may differ by the order of adding (W6). A function is added with a line
here and a reducer in each of the two runtimes.

| field | says |
| --- | --- |
| `words` | what it computes, for people: `{column}` is its column, `{argument}` its argument |
| `takes` | the families of column types that it takes; None of one that asks only whether a value is there |
| `gives` | the type of its column as a plan spells it → the type of its result, spelt alike |
| `empty` | its value where no event takes part |
| `sums` | whether it adds values up, so that doubles are equal within W6's tolerance only |
| `argument` | the key that its spec needs besides |
| `words_of_rows` | what it computes where it has no column |
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

Gives = Callable[[str], str]

NUMBERS = frozenset({"integer", "decimal", "double"})
ORDERED = NUMBERS | {"boolean", "string", "binary", "date", "timestamp"}

MOST_DIGITS = 38
_DECIMAL = re.compile(r"decimal\(([0-9]+),([0-9]+)\)")


class Function(NamedTuple):
    """What one function takes and gives; the module's table says what the fields mean."""

    words: str
    takes: frozenset[str] | None
    gives: Gives
    empty: Any = None
    sums: bool = False
    argument: str | None = None
    words_of_rows: str = ""

    @property
    def needs_column(self) -> bool:
        """Whether it is nothing without a column; a function that takes no values may have one or none."""
        return self.takes is not None

    @property
    def of_nothing(self) -> Any:
        """The value of an empty window, the caller's own."""
        return copy(self.empty)


def _always(text: str) -> Gives:
    return lambda _column: text


def _its_own(column: str) -> str:
    return column


def _array_of(column: str) -> str:
    return f"array<{column}>"


def _sum_of(column: str) -> str:
    """
    >>> _sum_of("smallint"), _sum_of("float"), _sum_of("decimal(10,2)"), _sum_of("decimal(38,2)")
    ('bigint', 'double', 'decimal(20,2)', 'decimal(38,2)')
    """
    number = _DECIMAL.fullmatch(column)
    if number is not None:
        return f"decimal({digits_of_a_sum(int(number[1]))},{number[2]})"
    return "double" if column in ("float", "double") else "bigint"


def digits_of_a_sum(digits: int) -> int:
    """How many digits Spark gives a sum of decimals of so many."""
    return min(MOST_DIGITS, digits + 10)


FUNCTIONS = {
    "count": Function(
        "count of rows with a {column}", None, _always("bigint"), empty=0, words_of_rows="count of rows"
    ),
    "sum": Function("sum of {column}", NUMBERS, _sum_of, sums=True),
    "mean": Function("mean of {column}", NUMBERS, _always("double"), sums=True),
    "min": Function("least {column}", ORDERED, _its_own),
    "max": Function("greatest {column}", ORDERED, _its_own),
    "stddev": Function("sample standard deviation of {column}", NUMBERS, _always("double"), sums=True),
    "median": Function("median of {column}", NUMBERS, _always("double")),
    "mode": Function("most frequent {column}", ORDERED, _its_own),
    "first": Function("first {column}", ORDERED, _its_own),
    "last": Function("last {column}", ORDERED, _its_own),
    "count_distinct": Function("number of distinct {column}", ORDERED, _always("bigint"), empty=0),
    "last_n": Function(
        "last {argument} values of {column}, newest first", ORDERED, _array_of, empty=[], argument="n"
    ),
    "percentile": Function("{argument} percentile of {column}", ORDERED, _its_own, argument="p"),
    "time_since_last": Function(
        "seconds at T since the last row with a {column}",
        None,
        _always("double"),
        words_of_rows="seconds at T since the last row",
    ),
}
"""Every function of window aggregations, by its name."""
