"""Random predicates, each with what it means as a plain function, over random rows of every column type.

`predicate_batch` makes many for one run of an engine; `predicates` and `rows` give one at a time to hypothesis.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.oracles.asof import Row
from tests.oracles.windows import Meaning

COLUMN_TYPES = {
    "x": "double",
    "y": "double",
    "n": "integer",
    "m": "integer",
    "d": "decimal",
    "s": "string",
    "odd `name`": "string",
    "flag": "boolean",
    "at": "timestamp",
    "day": "date",
}

Written = tuple[str, Any]
"""How a literal is written, and its value."""

_DOUBLES = (None, -math.inf, math.inf, math.nan, -0.0, 0.0, 0.1, 1.0, 9007199254740992.0)
_INTEGERS = (None, -(2**63), -1, 0, 1, 2**53, 2**53 + 1, 2**63 - 1)
_TEXTS = (None, "", "Z", "a", "it's", "\uffff", "\U0001f600")

VALUES: dict[str, tuple[Any, ...]] = {
    "x": _DOUBLES,
    "y": _DOUBLES,
    "n": _INTEGERS,
    "m": _INTEGERS,
    "d": (None, *map(Decimal, ("-1.00", "0.00", "0.10", "1.00", "90071992547409.93"))),
    "s": _TEXTS,
    "odd `name`": _TEXTS,
    "flag": (None, False, True),
    "at": (
        None,
        datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc),
        datetime(2024, 3, 10, 7, 30, 0, 1, tzinfo=timezone.utc),
        datetime(2024, 11, 3, 5, 30, tzinfo=timezone.utc),
    ),
    "day": (None, date(2024, 2, 29), date(2024, 3, 1)),
}
"""`d` is decimal(20, 2)."""

_LITERALS: dict[str, tuple[Written, ...]] = {
    "number": (
        *((text, int(text)) for text in ("0", "-1", "9007199254740993", "-9223372036854775808")),
        *((text, Decimal(text)) for text in ("0.1", "-1.50", ".5", "1.", "9223372036854775808")),
        *((text, float(text)) for text in ("1e0", "1E-1", "-0e0", "9007199254740992e0")),
    ),
    "string": (
        ("''", ""),
        ("'a'", "a"),
        ("'it''s'", "it's"),
        ("'${x}'", "${x}"),
        ("'\U0001f600'", "\U0001f600"),
    ),
    "boolean": (("TRUE", True), ("false", False)),
    "timestamp": (
        ("TIMESTAMP '2024-03-10 07:30:00'", datetime(2024, 3, 10, 7, 30, tzinfo=timezone.utc)),
        (
            "timestamp '2024-03-10T02:30:00.000001 America/New_York'",
            datetime(2024, 3, 10, 7, 30, 0, 1, tzinfo=timezone.utc),
        ),
        ("TIMESTAMP '2024-11-03 07:30+02:00'", datetime(2024, 11, 3, 5, 30, tzinfo=timezone.utc)),
    ),
    "date": (("DATE '2024-02-29'", date(2024, 2, 29)), ("date '2024-03-01'", date(2024, 3, 1))),
}
_GROUPS = {
    "number": ("x", "y", "n", "m", "d"),
    "string": ("s", "odd `name`"),
    "boolean": ("flag",),
    "timestamp": ("at",),
    "date": ("day",),
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def predicate_batch(seed: int, count: int) -> tuple[list[tuple[str, Meaning]], list[Row]]:
    """Give `count` predicates with their meanings and as many rows, equal for equal arguments."""
    rng = Random(seed)
    return [predicate(rng, 3) for _ in range(count)], [row(rng) for _ in range(count)]


@st.composite
def predicates(draw: st.DrawFn) -> tuple[str, Meaning]:
    """Draw the text of a predicate and its meaning."""
    return predicate(draw(st.randoms(use_true_random=False)), 3)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    """Draw a row."""
    return row(draw(st.randoms(use_true_random=False)))


def row(rng: Random) -> Row:
    """Give a row with a value or a null in every column."""
    return {column: rng.choice(pool) for column, pool in VALUES.items()}


def predicate(rng: Random, depth: int) -> tuple[str, Meaning]:
    """Give a predicate of at most so many levels."""
    if depth == 0 or rng.random() < 0.3:
        return _test(rng)
    if rng.random() < 0.25:
        text, meaning = predicate(rng, depth - 1)
        return f"NOT ({text})", lambda row: None if (truth := meaning(row)) is None else not truth
    word, decisive = rng.choice((("AND", False), ("or", True)))
    terms = [predicate(rng, depth - 1) for _ in range(rng.randint(2, 3))]
    text = f" {word} ".join(f"({text})" for text, _ in terms)
    return text, _decided([meaning for _, meaning in terms], decisive)


def _decided(meanings: list[Meaning], decisive: bool) -> Meaning:
    def meaning(row: Row) -> bool | None:
        truths = [each(row) for each in meanings]
        return decisive if decisive in truths else None if None in truths else not decisive

    return meaning


def _test(rng: Random) -> tuple[str, Meaning]:
    group = rng.choice(sorted(_GROUPS))
    left, one = _operand(rng, group)
    right, two = _operand(rng, group)
    third, three = _operand(rng, group)
    negation, negated = rng.choice((("", False), ("NOT ", True)))
    kind = rng.choice(("comparison", "comparison", "between", "in", "null", "bare"))
    if kind == "comparison":
        sign = rng.choice(sorted(_COMPARISONS))
        return f"{left} {sign} {right}", _compared(one, _COMPARISONS[sign], two)
    if kind == "between":
        within = _decided([_compared(one, operator.ge, two), _compared(one, operator.le, three)], False)
        return f"{left} {negation}BETWEEN {right} AND {third}", _negated(within, negated)
    if kind == "in":
        among = _decided([_compared(one, operator.eq, two), _compared(one, operator.eq, three)], True)
        return f"{left} {negation}in ({right}, {third})", _negated(among, negated)
    if kind == "null":
        return f"{left} IS {negation}NULL", lambda row: (one(row) is None) != negated
    return "flag", lambda row: row["flag"]


def _negated(meaning: Meaning, negated: bool) -> Meaning:
    return lambda row: None if (truth := meaning(row)) is None else truth != negated


def _operand(rng: Random, group: str) -> tuple[str, Callable[[Row], Any]]:
    if rng.random() < 0.06:
        return "NULL", lambda row: None
    if rng.random() < 0.6:
        column = rng.choice(_GROUPS[group])
        plain = column.isidentifier() and rng.random() < 0.7
        return column if plain else f"`{column.replace('`', '``')}`", lambda row: row[column]
    text, value = rng.choice(_LITERALS[group])
    return text, lambda row: value


def _compared(
    one: Callable[[Row], Any], sign: Callable[[Any, Any], bool], other: Callable[[Row], Any]
) -> Meaning:
    def meaning(row: Row) -> bool | None:
        left, right = one(row), other(row)
        if left is None or right is None:
            return None
        if isinstance(left, float) or isinstance(right, float):
            left, right = _double_rank(float(left)), _double_rank(float(right))
        return sign(left, right)

    return meaning


def _double_rank(value: float) -> tuple[bool, float]:
    return (True, 0.0) if math.isnan(value) else (False, value)
