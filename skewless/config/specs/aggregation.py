"""What JSON Schema says of an item of `aggregations`, which the serving side reads and refuses in its own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from skewless.config import shapes
from skewless.config.shapes import JsonSchema
from skewless.config.values import COLUMN, DURATION, NAME, SOME_TIME, time_zone
from skewless.serving.aggregations.bounds import LONGEST_CALENDAR, UNITS
from skewless.serving.aggregations.functions import FUNCTIONS

MOST_VALUES = 2**31 - 1  # what an array of Spark holds
_DECIMAL = r"0*[01](?:\.[0-9]*)?|\.[0-9]+"


def as_aggregations(inner: JsonSchema) -> JsonSchema:
    """A list of aggregations."""
    return {**inner, "items": aggregation_schema()}


def aggregation_schema() -> JsonSchema:
    """One aggregation: a key that is null counts as left out."""
    return {
        "type": "object",
        "description": "A function over the visible events of an entity inside a window that ends at T.",
        "properties": _properties(),
        "required": ["name", "function", "window"],
        "additionalProperties": False,
        "allOf": [*_keys_of_functions(), _offset_of_the_window()],
    }


def _properties() -> JsonSchema:
    offset = {"anyOf": [_whole(0, LONGEST_CALENDAR), DURATION]}
    share = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, shapes.text("decimal", _DECIMAL)]}
    predicate = shapes.text("predicate", shapes.NOT_BLANK)
    return {
        "name": _key(NAME, "late_flights_30d", "The result is the column `<as or table>__<name>`."),
        "function": _key(shapes.word("function", FUNCTIONS), "count", "What is computed of the events."),
        "window": _key(
            {"anyOf": [SOME_TIME, _calendar()]},
            "30d",
            "Which events: those of a length of time before T, or of the units of a calendar up to T. The start "
            "belongs to it, the end does not.",
        ),
        "column": _optional(
            COLUMN,
            "arr_delay",
            f"The column whose values are taken; required but for {_listed(_without_column())}.",
        ),
        "offset": _optional(
            offset,
            "1d",
            "How far back the window is moved: a duration, or beside a calendar window a number of its units. Not at "
            "all unless written.",
        ),
        "where": _optional(
            predicate,
            "arr_delay > 15",
            "Only events for which this is true: comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, of columns and "
            "literals.",
        ),
        "n": _optional(
            _whole(1, MOST_VALUES),
            3,
            "How many values; required by `last_n`, refused beside any other function.",
        ),
        "p": _optional(
            share, 0.95, "Which percentile; required by `percentile`, refused beside any other function."
        ),
    }


def _calendar() -> JsonSchema:
    properties = {
        "calendar": _key(shapes.word("unit", UNITS), "day", "The unit; weeks start on Monday."),
        "length": _key(
            _whole(1, LONGEST_CALENDAR),
            1,
            "How many units, the running one included where there is no offset.",
        ),
        "timezone": _key(time_zone(), "America/New_York", "The zone whose clock says where a unit starts."),
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _keys_of_functions() -> list[JsonSchema]:
    with_column = [name for name in FUNCTIONS if name not in _without_column()]
    owners = {function.argument: name for name, function in FUNCTIONS.items() if function.argument}
    return [
        _if("function", {"enum": with_column}, shapes.given("column")),
        *(
            shapes.case(
                {"properties": {"function": {"const": owner}}},
                then=shapes.given(key),
                otherwise={"properties": {key: shapes.NULL}},
            )
            for key, owner in owners.items()
        ),
    ]


def _offset_of_the_window() -> JsonSchema:
    return shapes.case(
        {"properties": {"window": {"type": "object"}}},
        then={"properties": {"offset": {"type": ["integer", "null"]}}},
        otherwise={"properties": {"offset": {"type": ["string", "null"]}}},
    )


def _if(key: str, value: JsonSchema, then: JsonSchema) -> JsonSchema:
    return {"if": {"required": [key], "properties": {key: value}}, "then": then}


def _without_column() -> list[str]:
    return [name for name, function in FUNCTIONS.items() if not function.needs_column]


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


def _whole(least: int, most: int) -> JsonSchema:
    return {"type": "integer", "minimum": least, "maximum": most}


def _key(schema: JsonSchema, example: Any, description: str) -> JsonSchema:
    return {**schema, "description": description, "examples": [example]}


def _optional(schema: JsonSchema, example: Any, description: str) -> JsonSchema:
    return _key(shapes.or_null(schema), example, description)
