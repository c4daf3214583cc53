"""The kinds of value that specs are made of, each with its refusal."""

from __future__ import annotations

import functools
import keyword
import re
import zoneinfo
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError

from skewless.config import durations, shapes
from skewless.config.shapes import Shape, replaced
from skewless.ground.names import collisions, nearest
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.errors import FeatureError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CATALOG_NAME = re.compile(r"(?:\w+|`(?:[^`]|``)+`)(?:\.(?:\w+|`(?:[^`]|``)+`))*")
_MACHINE_ZONES = ("localtime", "posixrules", "posix/", "right/")


def refusal(text: str) -> PydanticCustomError:
    """The error of a rule of ours, with the text that the user reads."""
    return PydanticCustomError("rule", "{text}", {"text": text})


def is_path(location: str) -> bool:
    """Whether a `source` or `output` is a path of a Hadoop file system and not a catalog table name.

    >>> is_path("s3a://bucket/weather"), is_path("lake.silver.weather")
    (True, False)
    """
    return "/" in location or ":" in location


def is_location(text: str) -> bool:
    """Whether this is a path of a Hadoop file system or a catalog table name.

    >>> is_location("lake.log"), is_location("my log")
    (True, False)
    """
    return is_path(text) or _CATALOG_NAME.fullmatch(text) is not None


def comparable(location: str) -> str:
    """The same text for the same path or catalog table name, however it is written.

    >>> comparable("file:///lake//sets/"), comparable("Lake.`sets`"), comparable("s3a://Lake/sets/")
    ('/lake/sets', 'lake.sets', 's3a:/Lake/sets')
    """
    if not is_path(location):
        return location.replace("`", "").casefold()
    return re.sub("/+", "/", without_file_scheme(location)).rstrip("/")


def without_file_scheme(path: str) -> str:
    """The path without the scheme of files on this machine, where it has that."""
    return re.sub(r"^file:(//)?(?=/)", "", path)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise refusal(f"'{text}' is not a name; use letters, digits and _, not a digit first")
    return text


def _column(text: str) -> str:
    if not text.strip():
        raise refusal("expected a column name, found empty text")
    return text


def _text(text: str) -> str:
    if not text.strip():
        raise refusal("expected text, found nothing in it; write it or remove the key")
    return text


def _location(text: str) -> str:
    if not is_location(text):
        raise refusal(
            f"'{text}' is neither a path (it would contain / or :) nor a catalog table name such as "
            "lake.silver.weather"
        )
    return text


def _module(text: str) -> str:
    if not all(part.isidentifier() and not keyword.iskeyword(part) for part in text.split(".")):
        raise refusal(f"'{text}' is not a Python module name such as features.flights")
    return text


def _zone(name: str) -> str:
    try:
        if name.startswith(_MACHINE_ZONES):  # they name whatever this machine is set to
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        match = nearest(name, _zone_names())
        remedy = f"did you mean '{match}'?" if match else "write one such as America/New_York"
        raise refusal(f"'{name}' is not an IANA time zone; {remedy}") from None
    return name


@functools.cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _duration(value: Any) -> timedelta | None:
    try:
        return None if value is None else durations.parse(value)
    except ValueError as error:
        raise refusal(str(error)) from None


def _some_time(length: timedelta | None) -> timedelta | None:
    if length == timedelta(0):
        raise refusal("expected a duration longer than 0s, found 0s; for no demand leave the key out")
    return length


def as_tuple(value: Any) -> Any:
    """A list as a tuple; anything else as it is, for the type check to refuse."""
    return tuple(value) if isinstance(value, list) else value


def _one_or_many(value: Any) -> Any:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else as_tuple(value)


def _as_dict(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _distinct(names: tuple[str, ...]) -> tuple[str, ...]:
    repeated = collisions(names)
    if repeated:
        raise refusal(f"{', '.join(repeated)} written twice (names compare case-insensitively); remove one")
    return names


def _not_empty(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise refusal("expected at least one name, found an empty list")
    return names


def _aggregation(spec: dict[str, Any]) -> dict[str, Any]:
    """A mapping that the serving side reads as an aggregation: what it refuses is refused here, in its words."""
    plain = {
        key: durations.shortest(value) if isinstance(value, timedelta) else value
        for key, value in spec.items()
    }
    try:
        aggregation = Aggregation.from_spec(plain)
    except FeatureError as error:
        raise refusal("; ".join(error.problems)) from None
    _name(aggregation.name)
    return plain


def _named_once(specs: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    _distinct(tuple(spec["name"] for spec in specs))
    return specs


def _zones(_: shapes.JsonSchema) -> shapes.JsonSchema:
    return time_zone()


def time_zone() -> shapes.JsonSchema:
    """What JSON Schema says of a time zone: the names that this machine knows."""
    return shapes.word(
        "time zone", sorted(name for name in _zone_names() if not name.startswith(_MACHINE_ZONES))
    )


COLUMN = shapes.text("column", shapes.NOT_BLANK)
LOCATION = shapes.text("location", shapes.LOCATION)
MODULE = shapes.text("module", shapes.MODULE)
NAME = shapes.text("name", shapes.NAME)
DURATION = shapes.text("duration", shapes.DURATION)
SOME_TIME = shapes.text("duration above 0s", shapes.SOME_TIME)

Name = Annotated[str, AfterValidator(_name), replaced(NAME)]
Column = Annotated[str, AfterValidator(_column), replaced(COLUMN)]
Text = Annotated[str, AfterValidator(_text), replaced(shapes.text("text", shapes.NOT_BLANK))]
Location = Annotated[str, AfterValidator(_location), replaced(LOCATION)]
Zone = Annotated[str, AfterValidator(_zone), Shape(_zones)]
Columns = Annotated[
    tuple[Column, ...], BeforeValidator(as_tuple), AfterValidator(_distinct), Shape(shapes.distinct)
]
SomeColumns = Annotated[Columns, AfterValidator(_not_empty), Shape(shapes.some)]
Modules = Annotated[
    tuple[Annotated[str, AfterValidator(_module)], ...],
    BeforeValidator(_one_or_many),
    AfterValidator(_distinct),
    replaced({"anyOf": [MODULE, shapes.distinct({"type": "array", "items": MODULE}), shapes.NULL]}),
]
Duration = Annotated[
    timedelta | None,
    BeforeValidator(_duration),
    PlainSerializer(lambda length: None if length is None else durations.shortest(length), when_used="json"),
    replaced(shapes.or_null(DURATION)),
]
SomeTime = Annotated[Duration, AfterValidator(_some_time), replaced(shapes.or_null(SOME_TIME))]
Aggregations = Annotated[
    tuple[Annotated[dict[str, Any], BeforeValidator(_as_dict), AfterValidator(_aggregation)], ...],
    BeforeValidator(as_tuple),
    AfterValidator(_named_once),
]
KeyColumns = Annotated[
    dict[Column, Column], BeforeValidator(_as_dict), replaced(shapes.mapping(shapes.NOT_BLANK, COLUMN))
]
Views = Annotated[
    dict[Name, Location], BeforeValidator(_as_dict), replaced(shapes.mapping(shapes.NAME, LOCATION))
]
