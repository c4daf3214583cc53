"""A JSON object read key by key: values as they are meant, or every problem with them, a line each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from skewless.serving.errors import FeatureError, nearest, shown
from skewless.serving.plan.document.column_types import ColumnType, column_type
from skewless.serving.values.durations import microseconds
from skewless.serving.values.instants import read_zone

Reader = Callable[[Any], Any]


def read_object(subject: str, document: object, readers: Mapping[str, Reader]) -> dict[str, Any]:
    """The values of an object that has exactly these keys, each read by its reader.

    A reader raises ValueError for what it cannot read. FeatureError lists every problem of the object:
    missing keys, unknown ones, values that do not read.

    >>> read_object("plan", {"version": "3"}, {"version": whole_number})
    Traceback (most recent call last):
        ...
    skewless.serving.errors.FeatureError: plan: version: expected a whole number, found str '3'
    """
    if not isinstance(document, Mapping):
        raise FeatureError(
            f"{subject}: expected an object, found {type(document).__name__} {shown(document)}"
        )
    problems = [f"{subject}: no '{key}'; export the plan again" for key in readers if key not in document]
    problems += [_unknown(subject, key, list(readers)) for key in document if key not in readers]
    values: dict[str, Any] = {}
    for key in readers:
        if key in document:
            try:
                values[key] = readers[key](document[key])
            except FeatureError as error:
                problems += error.problems
            except ValueError as error:
                problems.append(f"{subject}: {key}: {error}")
    if problems:
        raise FeatureError(*problems)
    return values


def text(value: Any) -> str:
    """A text that is not empty."""
    if type(value) is not str or not value:
        raise ValueError(f"expected a text, found {type(value).__name__} {shown(value)}")
    return value


def flag(value: Any) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise ValueError(f"expected true or false, found {type(value).__name__} {shown(value)}")
    return value


def whole_number(value: Any) -> int:
    """An integer, which true and false are not."""
    if type(value) is not int:
        raise ValueError(f"expected a whole number, found {type(value).__name__} {shown(value)}")
    return value


def optional(reader: Reader) -> Reader:
    """What the reader reads, or None."""
    return lambda value: None if value is None else reader(value)


def list_of(reader: Reader) -> Reader:
    """A list of what the reader reads, as a tuple."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"expected a list, found {type(value).__name__} {shown(value)}")
        return tuple(map(reader, value))

    return read


def pair(value: Any) -> tuple[str, str]:
    """Two texts."""
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ValueError(f"expected [table key, label column], found {shown(value)}")
    return text(value[0]), text(value[1])


def mapping(value: Any) -> dict[str, Any]:
    """An object with any keys."""
    if not isinstance(value, Mapping):
        raise ValueError(f"expected an object, found {type(value).__name__} {shown(value)}")
    return dict(value)


def types(value: Any) -> dict[str, ColumnType]:
    """Column → type."""
    return {name: column_type(text(spelt)) for name, spelt in mapping(value).items()}


def length(value: Any) -> int:
    """A duration as configuration writes it, in microseconds."""
    return microseconds(value)


def zone(value: Any) -> dt.tzinfo:
    """An IANA time zone."""
    return read_zone(value)


def _unknown(subject: str, key: object, known: list[str]) -> str:
    match = nearest(str(key), known)
    remedy = (
        f"did you mean '{match}'?" if match else "it may come from a newer version; export the plan again"
    )
    return f"{subject}: unknown key '{key}'; {remedy}"
