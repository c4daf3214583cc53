"""One window aggregation, read from configuration: everything that decides its value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from skewless.serving.aggregations.bounds import Window, read_window
from skewless.serving.aggregations.functions import FUNCTIONS, Function
from skewless.serving.errors import FeatureError, nearest
from skewless.serving.predicates.predicate import Node, PredicateError, parse

_KEYS = ("name", "function", "column", "window", "offset", "where", "n", "p")
_GREATEST_N = 2**31 - 1  # what an array of Spark's holds
_SMALLEST_SHARE = -400  # below every double, and yet a fraction of few enough digits to reckon with
_DECIMAL = re.compile(r"(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")


class Aggregation(NamedTuple):
    """A window aggregation: `function` over `column` of the events in `window` for which `where` is true.

    `column` is None where the function counts or times events. `argument` is `n` of `last_n` (an int) and
    `p` of `percentile` (the decimal as written), None elsewhere.
    """

    name: str
    function: str
    window: Window
    column: str | None = None
    where: Node | None = None
    argument: Any = None

    @property
    def kind(self) -> Function:
        """What the function takes and gives."""
        return FUNCTIONS[self.function]

    @classmethod
    def from_spec(cls, spec: Mapping[str, object]) -> Aggregation:
        """The aggregation that a mapping of configuration describes.

        Keys: `name`, `function` and `window` are required; `column` as the function needs it; `offset`
        and `where` are optional; `n` belongs to `last_n` and `p` to `percentile`. A key that is None counts
        as left out. FeatureError lists every problem, a line each.

        >>> Aggregation.from_spec({"name": "clicks", "function": "count", "window": "7d"}).window
        RollingWindow(length=604800000000, offset=0)
        >>> Aggregation.from_spec({"name": "spent", "function": "summ", "window": "0d"})
        Traceback (most recent call last):
            ...
        skewless.serving.errors.FeatureError: aggregation 'spent': unknown function 'summ'; did you mean 'sum'?
        aggregation 'spent': window: '0d' is empty; a window is longer than zero
        """
        given = {key: value for key, value in spec.items() if value is not None}
        problems = [_unknown(key) for key in spec if key not in _KEYS]
        name = given.get("name")
        if not isinstance(name, str) or not name:
            problems.append("no name; add name: clicks_7d, for instance")
        problems += _function_problems(given)
        window, window_problems = read_window(given.get("window"), given.get("offset"))
        where, where_problems = _where(given.get("where"))
        problems += window_problems + where_problems
        if problems or window is None:
            owner = f"aggregation '{name}'" if isinstance(name, str) and name else "aggregation"
            raise FeatureError(*(f"{owner}: {problem}" for problem in problems))
        return cls(
            str(name), str(given["function"]), window, _text(given.get("column")), where, _argument(given)
        )


def _unknown(key: object) -> str:
    match = nearest(str(key), list(_KEYS))
    return f"unknown key '{key}'; " + (
        f"did you mean '{match}'?" if match else f"it takes {', '.join(_KEYS)}"
    )


def _function_problems(given: Mapping[str, object]) -> list[str]:
    name = given.get("function")
    if name is None:
        return [f"no function; use {', '.join(FUNCTIONS)}"]
    function = FUNCTIONS.get(name) if isinstance(name, str) else None
    if function is None:
        match = nearest(str(name), list(FUNCTIONS))
        remedy = f"did you mean '{match}'?" if match else f"use {', '.join(FUNCTIONS)}"
        return [f"unknown function '{name}'; {remedy}"]
    return [*_column_problems(str(name), function, given), *_argument_problems(str(name), function, given)]


def _column_problems(name: str, function: Function, given: Mapping[str, object]) -> list[str]:
    column = given.get("column")
    if column is None:
        return [f"{name} needs a column; add column:"] if function.needs_column else []
    return [] if isinstance(column, str) and column else [f"column is {column!r}; write the name of a column"]


def _argument_problems(name: str, function: Function, given: Mapping[str, object]) -> list[str]:
    owners = {known.argument: owner for owner, known in FUNCTIONS.items() if known.argument}
    problems = [
        f"{key} belongs to {owner}, not to {name}; remove it"
        for key, owner in owners.items()
        if key in given and key != function.argument
    ]
    if function.argument is None:
        return problems
    value = given.get(function.argument)
    if value is None:
        example = {"n": "a whole number from 1 on", "p": "a number from 0 to 1"}[function.argument]
        return [*problems, f"{name} needs {function.argument}, {example}"]
    if function.argument == "n" and not (type(value) is int and 1 <= value <= _GREATEST_N):
        problems.append(f"n is {value!r}; write a whole number from 1 to {_GREATEST_N}")
    if function.argument == "p" and _share(value) is None:
        problems.append(f"p is {value!r}; write a number from 0 to 1")
    return problems


def _share(value: object) -> Decimal | None:
    """The decimal that a number was written as, None for what is no number from 0 to 1."""
    if isinstance(value, str):
        written = Decimal(value) if _DECIMAL.fullmatch(value) else None
    elif type(value) is int or (type(value) is float and math.isfinite(value)):
        written = Decimal(str(value))
    else:
        written = value if type(value) is Decimal and value.is_finite() else None
    if written is None or not 0 <= written <= 1 or written.adjusted() < _SMALLEST_SHARE:
        return None
    return written


def _where(text: object) -> tuple[Node | None, list[str]]:
    if text is None:
        return None, []
    if not isinstance(text, str):
        return None, [f"where is {text!r}; write a predicate as text"]
    try:
        return parse(text), []
    except PredicateError as error:
        return None, [f"where: {error}"]


def _argument(given: Mapping[str, object]) -> object:
    return _share(given["p"]) if "p" in given else given.get("n")


def _text(value: object) -> str | None:
    return None if value is None else str(value)
