"""The arguments of an expectation → what is wrong with them, by a table of what Great Expectations takes.

`expectations.json` holds the types of the pinned range and their arguments, since importing Great Expectations takes
longer than a whole check, and a check runs where it is not installed. `python -m tests.helpers.expectation_table`
writes the file; a test holds it against the installed version.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import TypeAdapter, ValidationError

from skewless.config.documents import Keys
from skewless.ground.names import unknown

PARAMETERS = ("label_events",)
"""What `{"$PARAMETER": NAME}` may name; each stands for a whole number."""
_NAME = re.compile(r"(?<![\w.])[A-Za-z_$][\w$]*")
_SPARK_TYPE = re.compile(r"[A-Z][A-Za-z]*Type")
_ARITHMETIC = ("trunc", "round", "abs")
_TIME: TypeAdapter[date | datetime] = TypeAdapter(date | datetime)


@cache
def table() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(
        files("skewless.config.specs.suite").joinpath("expectations.json").read_text(encoding="utf-8")
    )
    return found


def _is_number(value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole or (isinstance(value, float) and math.isfinite(value))


def _is_time(value: Any) -> bool:
    try:
        _TIME.validate_python(value)
    except ValidationError:
        return False
    return isinstance(value, str) and not value.replace(".", "").isdigit()


def _is_list_of(item: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(item, value))


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "text": lambda value: isinstance(value, str),
    "a column": lambda value: isinstance(value, str) and bool(value),
    "the name of a Spark type": lambda value: isinstance(value, str) and bool(_SPARK_TYPE.fullmatch(value)),
    "true or false": lambda value: isinstance(value, bool),
    "a number": _is_number,
    "a number from 0": lambda value: _is_number(value) and value >= 0,
    "a number from 0 up to 1": lambda value: _is_number(value) and 0 <= value <= 1,
    "a whole number": lambda value: _is_number(value) and value == int(value),
    "a time in quotes": _is_time,
    "a mapping": lambda value: isinstance(value, dict),
    "a list": lambda value: isinstance(value, list),
    "a list of texts": _is_list_of(lambda item: isinstance(item, str)),
    "a list of columns": _is_list_of(lambda item: isinstance(item, str) and bool(item)),
    "a list of pairs": _is_list_of(lambda item: isinstance(item, list) and len(item) == 2),
}
"""What an argument may be, in the words of the table and of refusals; a text in quotes there is that text alone."""


def argument_problems(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    kinds = spec["arguments"]
    for name in arguments:
        if name not in kinds:
            yield (name,), f"unknown argument; {unknown(name, kinds)}"
    for name in spec["required"]:
        if name not in arguments:
            yield (), f"no argument '{name}'; add it"
    if spec["one_of"] and all(arguments.get(name) is None for name in spec["one_of"]):
        yield (), f"neither {' nor '.join(spec['one_of'])}; add one of them"
    for name, value in arguments.items():
        if name in kinds and (problem := _value_problem(kinds[name], value, spec["at_least"].get(name, 0))):
            yield (name,), problem
    bounds: list[Any] = [arguments.get(name) for name in ("min_value", "max_value")]
    if all(map(_is_number, bounds)) and bounds[0] > bounds[1]:
        yield (), f"min_value {bounds[0]} is above max_value {bounds[1]}; nothing is between"
    condition, parser = arguments.get("row_condition"), arguments.get("condition_parser")
    if isinstance(condition, str) and parser is None:
        yield (
            ("row_condition",),
            'a condition in text needs a condition_parser; add "condition_parser": "spark"',
        )


def _value_problem(kinds: Sequence[str], value: Any, at_least: int) -> str | None:
    if isinstance(value, dict) and "$PARAMETER" in value:
        return _parameter_problem(kinds, value["$PARAMETER"])
    if not any(_is_kind(kind, value) for kind in kinds):
        return f"expected {_said(kinds)}, found {shown(value)}"
    if isinstance(value, list) and len(value) < at_least:
        return f"expected a list of at least {at_least}, found {shown(value)}"
    return None


def _parameter_problem(kinds: Sequence[str], expression: Any) -> str | None:
    """A parameter is a number, or a calculation with one, which no bound can be held against before it is known."""
    names = _NAME.findall(expression) if isinstance(expression, str) else []
    wrong = [name for name in names if name not in (*PARAMETERS, *_ARITHMETIC)]
    if wrong or not set(PARAMETERS) & set(names):
        name = wrong[0] if wrong else shown(expression)
        return f"no parameter {name}; there is {', '.join(PARAMETERS)}, the number of label events"
    if not any(kind in ("a number", "a whole number") for kind in kinds):
        return f"expected {_said(kinds)}, found the parameter {expression}, a number"
    return None


def _is_kind(kind: str, value: Any) -> bool:
    return value == kind[1:-1] if kind.startswith("'") else _KINDS[kind](value)


def _said(kinds: Sequence[str]) -> str:
    return " or ".join(kinds)


def shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"
