"""What Great Expectations takes → skewless/config/specs/suite/expectations.json; run as a program it writes it there.

The models of the pinned range say which types there are, their arguments and their types; what their validators refuse
beside (empty lists) is found by trying.
"""

from __future__ import annotations

import datetime
import enum
import inspect
import json
import os
import typing
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

TABLE = Path(str(files("skewless.config.specs.suite"))) / "expectations.json"
OF_THE_EXPECTATION = frozenset(
    ("id", "meta", "notes", "description", "rendered_content", "severity", "windows")
)
"""Fields of a model that stand beside `kwargs` in a suite, not in them."""
NOT_ON_SPARK = frozenset(
    (
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
    )
)
"""Types that raise on any Spark rows, measured: tests/parts/validation holds every other type to be evaluated."""
COLUMNS = ("column", "column_A", "column_B")
COLUMN_LISTS = ("column_list", "column_set")
SIMPLE = {
    str: "text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    dict: "a mapping",
    list: "a list",
    datetime.date: "a time in quotes",
    datetime.datetime: "a time in quotes",
}
FILLERS: dict[str, Any] = {
    "a column": "c",
    "the name of a Spark type": "IntegerType",
    "a number": 1,
    "a whole number": 1,
    "text": "a",
    "true or false": True,
    "a list": [1],
    "a list of texts": ["a"],
    "a list of pairs": [[1, 2]],
    "a list of columns": ["c", "d"],
    "a mapping": {"quantiles": [0.5], "value_ranges": [[0, 1]]},
}


def table() -> dict[str, Any]:
    """Everything that a suite may say, by key: of itself, of an expectation, and by type of expectation."""
    import great_expectations.expectations.core  # noqa: F401  (registers the types)
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import _registered_expectations

    types = {name: _of_type(name, model) for name, model in sorted(_registered_expectations.items())}
    return {
        "suite": _parameters(ExpectationSuite),
        "expectation": _parameters(ExpectationConfiguration),
        "types": types,
    }


def as_text(found: dict[str, Any]) -> str:
    """The table as its file has it: a line for each type of expectation."""
    types = ",\n".join(
        f"    {json.dumps(name)}: {json.dumps(content)}" for name, content in found["types"].items()
    )
    heads = (f"  {json.dumps(key)}: {json.dumps(found[key])},\n" for key in ("suite", "expectation"))
    return f'{{\n{"".join(heads)}  "types": {{\n{types}\n  }}\n}}\n'


def filled(content: dict[str, Any]) -> dict[str, Any]:
    """Arguments that a type of expectation takes: the required ones, each with some value of the first kind."""
    return {name: filler(content["arguments"][name]) for name in content["required"]}


def filler(kinds: list[str]) -> Any:
    return FILLERS.get(kinds[0], kinds[0].strip("'"))


def _parameters(kind: type) -> list[str]:
    return [name for name in inspect.signature(kind).parameters if name != "self"]


def _of_type(name: str, model: Any) -> dict[str, Any]:
    fields = {key: field for key, field in model.__fields__.items() if key not in OF_THE_EXPECTATION}
    arguments = {key: list(dict.fromkeys(_kinds(key, field))) for key, field in fields.items()}
    content: dict[str, Any] = {
        "spark": name not in NOT_ON_SPARK,
        "required": [key for key, field in fields.items() if field.required],
        "arguments": arguments,
    }
    lists = [key for key, kinds in arguments.items() if kinds[0].startswith("a list")]
    lengths = {key: _shortest(model, content, key) for key in lists}
    content["at_least"] = {key: length for key, length in lengths.items() if length}
    bounds = [key for key in ("min_value", "max_value") if key in arguments]
    content["one_of"] = [] if _takes(model, filled(content)) else bounds
    return content


def _shortest(model: Any, content: dict[str, Any], name: str) -> int:
    """How many values a list has to have: what the model's validators say of shorter ones."""
    item = filler(content["arguments"][name])[0]
    return next(length for length in range(3) if _takes(model, {**filled(content), name: [item] * length}))


def _takes(model: Any, arguments: dict[str, Any]) -> bool:
    try:
        model(**arguments)
    except Exception:  # whatever its validators raise
        return False
    return True


def _kinds(name: str, field: Any) -> Iterator[str]:
    if name in COLUMNS:
        yield "a column"
    elif name in COLUMN_LISTS:
        yield "a list of columns"
    elif name == "type_":
        yield "the name of a Spark type"
    else:
        yield from _of_annotation(name, field.outer_type_, field.field_info)
    if field.allow_none:
        yield "null"


def _of_annotation(name: str, annotation: Any, info: Any) -> Iterator[str]:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if name == "row_condition":
        yield from ("text", "a mapping")
    elif origin is typing.Union:
        # A mapping beside other types is {"$PARAMETER": name}, which stands for a number.
        is_parameter = dict in inner and name != "result_format"
        is_count = int in inner  # which the models hold against a time, too
        left = {type(None), *([dict] if is_parameter else ()), *([datetime.datetime] if is_count else ())}
        for each in inner:
            if each not in left:
                yield from _of_annotation(name, each, info)
    elif origin is typing.Annotated:
        yield from _of_annotation(name, inner[0], info)
    elif origin is typing.Literal:
        # The parser for pandas raises on Spark.
        yield from (f"'{value}'" for value in inner if value != "pandas")
    elif origin is list:
        yield {str: "a list of texts", typing.Any: "a list"}.get(
            inner[0] if inner else typing.Any, "a list of pairs"
        )
    elif isinstance(annotation, enum.EnumMeta):
        members: dict[str, Any] = dict(annotation.__members__)
        yield from (f"'{member.value}'" for member in members.values())
    elif hasattr(annotation, "__fields__"):
        yield "a mapping"
    else:
        yield _number(info) or SIMPLE[next(kind for kind in annotation.__mro__ if kind in SIMPLE)]


def _number(info: Any) -> str | None:
    bounds = {"above": info.gt, "from": info.ge, "below": info.lt, "up to": info.le}
    said = [f"{word} {bound:g}" for word, bound in bounds.items() if bound is not None]
    return " ".join(["a number", *said]) if said else None


if __name__ == "__main__":
    TABLE.write_text(as_text(table()), encoding="utf-8")
