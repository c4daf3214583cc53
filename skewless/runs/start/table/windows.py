"""Columns by their types → the window aggregations that fit them, as lines for whoever wants them."""

from __future__ import annotations

from collections.abc import Sequence

from skewless.runs.start.table import words
from skewless.runs.start.table.look import ColumnLook
from skewless.runs.start.table.section import scalar
from skewless.serving.aggregations.functions import FUNCTIONS

NUMBERS = ("mean", "min", "max")
SUMS = frozenset(
    ("amount", "price", "total", "quantity", "qty", "count", "revenue", "cost", "spend", "value")
)
"""What adds up, in words; a sum of temperatures says nothing."""

CATEGORIES = ("mode", "count_distinct")
FEW = 50
"""Up to so many values a column names kinds, and how often each occurs can be counted."""

MOST_COLUMNS = 4
"""Examples are for so many columns: enough to copy from, few enough to read."""

_HOUR = 3_600_000_000
_WINDOWS = (("1h", _HOUR), ("6h", 6 * _HOUR), ("24h", 24 * _HOUR), ("7d", 168 * _HOUR), ("30d", 720 * _HOUR))
EVENTS = 10
"""A window should hold so many events of an entity, so that a mean of them says something."""


def window_for(gap: int | None) -> str:
    """The shortest of the usual windows that holds ten events at this distance.

    >>> window_for(None), window_for(60_000_000), window_for(3_600_000_000), window_for(10**15)
    ('7d', '1h', '24h', '90d')
    """
    if gap is None:
        return "7d"
    return next((name for name, length in _WINDOWS if length >= EVENTS * gap), "90d")


def examples(columns: Sequence[ColumnLook], window: str) -> list[str]:
    """`aggregations`, each in a line of its own."""
    lines = [
        _line(f"rows_{window}", "count", None, window),
        _line("seconds_since", "time_since_last", None, window),
    ]
    told = [column for column in columns if not column.is_time and _functions(column)]
    for column in told[:MOST_COLUMNS]:
        lines += [
            _line(f"{function}_{_name(column)}_{window}", function, column.name, window)
            for function in _functions(column)
        ]
    return ["aggregations:", *lines]


def _functions(column: ColumnLook) -> list[str]:
    """Those that take the type of a column and say something of it."""
    is_kind = column.distinct is not None and column.distinct <= FEW
    numbers = (*NUMBERS, "sum") if words.says(column.name, SUMS) else NUMBERS
    wanted = numbers if column.is_number else CATEGORIES if is_kind else CATEGORIES[1:]
    takes = {name: FUNCTIONS[name].takes or frozenset() for name in wanted}
    return [name for name in wanted if column.kind.family in takes[name] and column.distinct != 1]


def _name(column: ColumnLook) -> str:
    return "_".join(words.words_of(column.name)) or "value"


def _line(name: str, function: str, column: str | None, window: str) -> str:
    of = f", column: {scalar(column)}" if column else ""
    return f"  - {{name: {name}, function: {function}{of}, window: {window}}}"
