"""The literals of a predicate, read from their spelling and written back for Spark."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from skewless.serving.predicates.tree import Literal
from skewless.serving.values.instants import local_micros, read_zone

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6}))?)?)?"
    r"(?: ?(Z|UTC|[+-][0-9]{2}:[0-9]{2}|[A-Za-z]+/[A-Za-z0-9_/+-]+))?"
)
# Outside of these a literal of Spark's may mean something else: escapes, quotes, substituted variables.
_PLAIN_TEXT = re.compile(r"[^'\"\\$\x00-\x1f]*")


class PredicateError(ValueError):
    """A predicate that is outside the grammar; the message says where, in one line."""


def number_literal(text: str, position: int) -> Literal:
    """The literal of a number: with an exponent a double, with a point a decimal, else an integer.

    >>> number_literal("-1.50", 1)
    Literal(kind='decimal', value=Decimal('-1.50'))
    """
    if "e" in text or "E" in text:
        value = float(text)
        if math.isinf(value):
            raise PredicateError(f"'{text}' at character {position}: a double holds no such number")
        return Literal("double", value)
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    scale = len(text.partition(".")[2])
    if max(len(digits), scale) > 38:
        raise PredicateError(f"number at character {position}: more than the 38 digits of a decimal")
    if "." not in text and -(2**63) <= int(text) < 2**63:
        return Literal("integer", int(text))
    return Literal("decimal", Decimal(text))


def date_literal(text: str, position: int) -> Literal:
    """The literal of DATE 'yyyy-mm-dd'."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError("write yyyy-mm-dd")
        return Literal("date", dt.date.fromisoformat(text))
    except ValueError as error:
        raise PredicateError(f"DATE '{text}' at character {position}: {error}") from None


def timestamp_literal(text: str, position: int) -> Literal:
    """The literal of a TIMESTAMP, an instant in UTC; without a zone its text is of UTC.

    The zone is Z, UTC, an offset such as +05:30 or Area/City, whose repeated local times are the earlier
    instant and whose skipped ones the later wall time.

    >>> timestamp_literal("2024-03-10 02:30:00 America/New_York", 1).value.isoformat()
    '2024-03-10T07:30:00+00:00'
    """
    try:
        match = _TIMESTAMP.fullmatch(text)
        if match is None:
            raise ValueError("write yyyy-mm-dd hh:mm:ss.ffffff and, behind it, Z, +hh:mm or Area/City")
        day, *clock, decimals, zone = match.groups()
        hour, minute, second = (int(part or 0) for part in clock)
        time = dt.time(hour, minute, second, int((decimals or "").ljust(6, "0")))
        return Literal("timestamp", _instant(dt.datetime.combine(dt.date.fromisoformat(day), time), zone))
    except (ValueError, OverflowError) as error:
        raise PredicateError(f"TIMESTAMP '{text}' at character {position}: {error}") from None


def literal_sql(literal: Literal) -> str:
    """A literal as Spark reads it under any setting.

    >>> literal_sql(Literal("decimal", Decimal("1.50"))), literal_sql(Literal("string", "it's"))
    ('CAST(1.50BD AS DECIMAL(3,2))', "CAST(X'69742773' AS STRING)")
    """
    return _WRITERS[literal.kind](literal.value)


def _text_sql(text: str) -> str:
    return f"'{text}'" if _PLAIN_TEXT.fullmatch(text) else f"CAST(X'{text.encode().hex().upper()}' AS STRING)"


def _decimal_sql(value: Decimal) -> str:
    """With a cast, since Spark's optimizer decides a comparison of a column with a bare decimal that lies outside the
    column's type without looking at the column, and so makes a null true or false."""
    digits, scale = len(value.as_tuple().digits), max(0, -int(value.as_tuple().exponent))
    whole = max(digits + max(0, int(value.as_tuple().exponent)), scale)
    return f"CAST({value:f}BD AS DECIMAL({max(whole, 1)},{scale}))"


def _timestamp_sql(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}Z'"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "null": lambda value: "NULL",
    "boolean": lambda value: str(value).upper(),
    "integer": lambda value: f"{value}L",
    "decimal": _decimal_sql,
    "double": lambda value: f"{value!r}D",
    "string": _text_sql,
    "date": lambda value: f"DATE '{value.isoformat()}'",
    "timestamp": _timestamp_sql,
}


def _instant(wall: dt.datetime, zone: str | None) -> dt.datetime:
    if zone is None or zone in ("Z", "UTC"):
        return wall.replace(tzinfo=dt.timezone.utc)
    if zone[0] in "+-":
        offset = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
        shift = -offset if zone[0] == "+" else offset
        return (wall + shift).replace(tzinfo=dt.timezone.utc)
    return _EPOCH + dt.timedelta(microseconds=local_micros(wall, read_zone(zone)))
