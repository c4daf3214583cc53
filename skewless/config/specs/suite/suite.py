"""A suite of Great Expectations as written → what it says of which columns, or what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from skewless.config.documents import Keys, Problem, Variables, dotted, from_yaml
from skewless.config.specs.suite.arguments import argument_problems, shown, table
from skewless.ground.names import nearest, unknown

SEVERITIES = ("critical", "warning", "info")
_COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set")
_IN_CONDITION = re.compile(r'col\(\s*"([^"]+)"\s*\)')


@dataclass(frozen=True)
class NamedColumn:
    """A column that an expectation of a suite names, and where."""

    keys: Keys
    name: str
    expectation: str


@dataclass(frozen=True)
class Suite:
    """A suite's JSON text; what is wrong with it `read_suite` says."""

    origin: str
    text: str

    @cached_property
    def expectations(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.text)["expectations"]
        return found

    @cached_property
    def columns(self) -> tuple[NamedColumn, ...]:
        """Every column that is named, with its place; of conditions in SQL only Spark knows them."""
        return tuple(
            NamedColumn(("expectations", index, "kwargs", *keys), name, str(item.get("type")))
            for index, item in enumerate(self.expectations)
            if isinstance(item, dict) and isinstance(item.get("kwargs"), dict)
            for keys, name in _columns_of(item["kwargs"])
        )

    def problem(self, keys: Keys, text: str) -> str:
        return str(_Place(self.origin, self.text).problem(keys, text))

    def unknown_column(self, column: NamedColumn, known: Iterable[str]) -> str:
        """The refusal of a column that the training set will not have."""
        return self.problem(
            column.keys, f"{column.expectation}: no column '{column.name}'; {unknown(column.name, known)}"
        )


def read_suite(origin: str, text: str) -> tuple[Suite | None, list[Problem]]:
    """The suite, None where it has no expectations to look at, and everything that is wrong with it without Spark."""
    twice: list[str] = []

    def pairs(found: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        twice.extend(name for name in dict.fromkeys(names) if names.count(name) > 1)
        return dict(found)

    try:
        content = json.loads(text, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        return None, [Problem(origin, error.lineno, "", f"not valid JSON: {error.msg}")]
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or thousands of brackets
        return None, [Problem(origin, 0, "", f"not valid JSON: {error}")]
    if twice:
        return None, [Problem(origin, 0, name, "written twice in one object; remove one") for name in twice]
    place = _Place(origin, text)
    problems = [place.problem(keys, problem) for keys, problem in _problems(content)]
    has_expectations = isinstance(content, dict) and isinstance(content.get("expectations"), list)
    return (Suite(origin, text) if has_expectations else None), problems


@dataclass(frozen=True)
class _Place:
    """Where values of a JSON text stand: JSON is YAML too, whose reader knows lines, and is asked for refusals only."""

    origin: str
    text: str

    def problem(self, keys: Keys, text: str) -> Problem:
        document = from_yaml(self.origin, self.text, Variables({}, {}))
        return Problem(self.origin, document.problem(keys, "").line, dotted(keys), text)


def _problems(content: Any) -> Iterator[tuple[Keys, str]]:
    if not isinstance(content, dict):
        yield (), "expected a JSON object with expectations, the suite"
        return
    yield from _unknown_keys((), content, table()["suite"])
    if "name" not in content:
        yield ("name",), "missing; add it"
    elif not isinstance(content["name"], str) or not content["name"]:
        yield ("name",), f"expected text, found {shown(content['name'])}"
    expectations = content.get("expectations")
    if not isinstance(expectations, list) or not expectations:
        yield (
            ("expectations",),
            "expected a list of at least one expectation; an empty suite would pass anything",
        )
        return
    for index, item in enumerate(expectations):
        yield from _expectation_problems(("expectations", index), item)


def _expectation_problems(keys: Keys, item: Any) -> Iterator[tuple[Keys, str]]:
    if not isinstance(item, dict):
        yield keys, f"expected a mapping with a type, found {shown(item)}"
        return
    yield from _unknown_keys(keys, item, table()["expectation"])
    severity = item.get("severity", SEVERITIES[0])
    if severity not in SEVERITIES:
        yield (*keys, "severity"), f"no severity {shown(severity)}; use {', '.join(SEVERITIES)}"
    name, arguments = item.get("type"), item.get("kwargs")
    types = table()["types"]
    if not isinstance(name, str):
        yield (*keys, "type"), f"expected the type of an expectation, found {shown(name)}"
    elif name not in types:
        yield (*keys, "type"), f"no expectation '{name}' in Great Expectations; {_nearest(name, types)}"
    elif not types[name]["spark"]:
        yield (*keys, "type"), f"Great Expectations does not evaluate '{name}' on Spark; remove it"
    elif not isinstance(arguments, dict):
        yield (*keys, "kwargs"), f"expected a mapping of arguments, found {shown(arguments)}"
    else:
        for way, problem in argument_problems(types[name], arguments):
            yield (*keys, "kwargs", *way), f"{name}: {problem}"


def _columns_of(arguments: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    for argument in _COLUMNS:
        value = arguments.get(argument)
        if isinstance(value, str):
            yield (argument,), value
        elif isinstance(value, list):
            for index, name in enumerate(value):
                if isinstance(name, str):
                    yield (argument, index), name
    condition = arguments.get("row_condition")
    named = _IN_CONDITION.findall(condition) if isinstance(condition, str) else _in_condition(condition)
    yield from ((("row_condition",), name) for name in named)


def _in_condition(condition: Any) -> Iterator[str]:
    """The columns of a condition written as a mapping, which holds others."""
    if isinstance(condition, dict):
        column = condition.get("column")
        if isinstance(column, dict) and isinstance(column.get("name"), str):
            yield column["name"]
        for inner in condition.get("conditions") or ():
            yield from _in_condition(inner)


def _unknown_keys(keys: Keys, item: Mapping[str, Any], known: Sequence[str]) -> Iterator[tuple[Keys, str]]:
    for name in item:
        if name not in known:
            yield (*keys, name), f"unknown key; {unknown(name, known)}"


def _nearest(name: str, types: Iterable[str]) -> str:
    match = nearest(name, types)
    return f"did you mean {match!r}?" if match else "see its gallery of expectations"
