"""JSON values of the feature log as Python values of their types, each in its one spelling or refused."""

from __future__ import annotations

import datetime as dt
from base64 import b64decode, b64encode
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import inf, isfinite, nan
from typing import Any

from skewless.serving.errors import shown
from skewless.serving.log.format.values import ARRAY, CHECKS, DEEPEST, VOID, instant_text
from skewless.serving.values.checks import UTC, Refused

Decoder = Callable[[Any], Any]

_NONFINITE = {"NaN": nan, "Infinity": inf, "-Infinity": -inf}


def decoder(kind: str) -> Decoder:
    """What turns JSON's form of a value that is not null into the value; Refused where there is no such type.

    >>> decoder("array<decimal>")(["1.50", None])
    [Decimal('1.50'), None]
    >>> decoder("bigint")(1.5)
    Traceback (most recent call last):
        ...
    skewless.serving.values.checks.Refused: expected a bigint, found float 1.5
    """
    found = _DECODERS.get(kind)
    if found is not None:
        return found
    item = kind
    for _ in range(DEEPEST):
        if not (item.startswith(ARRAY) and item.endswith(">")):
            break
        item = item[len(ARRAY) : -1]
    if item not in _DECODERS:
        raise Refused(f"unknown type {shown(kind)}; expected {', '.join(_SCALARS)} or {ARRAY}...>")
    return _DECODERS.setdefault(kind, _list_of(kind, decoder(kind[len(ARRAY) : -1])))


def _list_of(kind: str, item: Decoder) -> Decoder:
    def decode(value: Any) -> list[Any]:
        if type(value) is not list:
            raise _not(kind, value)
        return [None if entry is None else item(entry) for entry in value]

    return decode


def _not(kind: str, value: Any) -> Refused:
    return Refused(f"expected a {kind}, found {type(value).__name__} {shown(value)}")


def _boolean(value: Any) -> Any:
    if type(value) is not bool:
        raise _not("boolean", value)
    return value


def _string(value: Any) -> Any:
    if type(value) is not str:
        raise _not("string", value)
    return CHECKS[str](value)


def _double(value: Any) -> float:
    if type(value) is float and isfinite(value):
        return value
    if type(value) is str and value in _NONFINITE:
        return _NONFINITE[value]
    if type(value) is int and abs(value) <= 2**53:  # other languages write 1 where Python writes 1.0
        return float(value)
    raise _not("double", value)


def _bigint(value: Any) -> int:
    number = value
    if type(value) is str and len(value) <= 20:
        number = _read(int, "bigint", value)
    if type(number) is not int or not -(2**63) <= number < 2**63:
        raise _not("bigint", value)
    return number


def _timestamp(value: Any) -> dt.datetime:
    moment: dt.datetime = _read(_moment, "timestamp", value)
    return moment


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text[:26]).replace(tzinfo=UTC)


def _read(parse: Callable[[str], Any], kind: str, value: Any) -> Any:
    """What the text says, given that the log would have spelt it so."""
    try:
        if type(value) is str:
            found = parse(value)
            if _SPELLINGS[kind](found) == value:
                return found
    except (ValueError, InvalidOperation):
        pass
    raise _not(kind, value)


def _decimal(text: str) -> Decimal:
    found = Decimal(text)
    if not found.is_finite():
        raise ValueError(text)
    return found


def _void(value: Any) -> Any:
    raise Refused(f"expected null, found {type(value).__name__} {shown(value)}")


_SPELLINGS: dict[str, Callable[[Any], str]] = {
    "bigint": str,
    "binary": lambda value: b64encode(value).decode("ascii"),
    "date": dt.date.isoformat,
    "decimal": str,
    "timestamp": instant_text,
}
_DECODERS: dict[str, Decoder] = {
    VOID: _void,
    "boolean": _boolean,
    "bigint": _bigint,
    "double": _double,
    "string": _string,
    "binary": lambda value: _read(b64decode, "binary", value),
    "timestamp": _timestamp,
    "date": lambda value: _read(dt.date.fromisoformat, "date", value),
    "decimal": lambda value: _read(_decimal, "decimal", value),
}
_SCALARS = tuple(_DECODERS)
