"""One value of any kind as bytes, its type before it: keys, and what lies inside of lists and dicts.

Two values have the same bytes exactly where J8 has their keys match: integers of every width are one kind, decimals are
compared as numbers, instants whatever their zone.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from skewless.serving.errors import shown
from skewless.serving.store.errors import StoreError
from skewless.serving.values.instants import micros

_SIZE, _LONG = struct.Struct("<I"), 255
"""A length from 255 on has four bytes behind a byte of 255; a shorter one has a byte."""

_DOUBLE = struct.Struct("<d")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
_WALL_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)


def encoded_value(value: object) -> bytes:
    """A value with its type before it and its length between; StoreError for one of no known type.

    >>> encoded_value(1) == encoded_value(True), encoded_value([1, None]) == encoded_value([1, None])
    (False, True)
    """
    kind = type(value)
    tag, text = _ENCODERS[kind](value) if kind in _ENCODERS else _of_base(value)
    size = len(text)
    return b"%b%c%b" % (tag, size, text) if size < _LONG else b"%b\xff%b%b" % (tag, _SIZE.pack(size), text)


def decoded_value(data: bytes) -> Any:
    """The value of these bytes; an error of some kind where they are none."""
    value, end = _decoded(data, 0)
    if end != len(data):
        raise ValueError("bytes behind the value")
    return value


def decimal_text(value: Decimal) -> bytes:
    """A finite decimal, its trailing zeros included."""
    if not value.is_finite():
        raise StoreError(f"online store: expected a finite decimal, found {shown(value)}")
    return str(value).encode()


def wall_micros(value: dt.datetime) -> int:
    """A clock time in microseconds since that of 1970."""
    return (value.replace(fold=0) - _WALL_EPOCH) // _MICROSECOND


def instant_of(since: int) -> dt.datetime:
    """Microseconds since 1970 as a datetime in UTC."""
    return _EPOCH + dt.timedelta(0, 0, since)


def wall_of(since: int) -> dt.datetime:
    """Microseconds since 1970 on a clock of no zone."""
    return _WALL_EPOCH + dt.timedelta(0, 0, since)


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)


def _moment(value: dt.datetime) -> tuple[bytes, bytes]:
    if value.tzinfo is None:
        return b"w", _number(wall_micros(value))
    return b"t", _number(micros(value))


def _list(value: Any) -> tuple[bytes, bytes]:
    if value and set(map(type, value)) == {float}:
        return b"f", struct.pack(f"<{len(value)}d", *value)
    return b"l", b"".join(map(encoded_value, value))


def _dict(value: Any) -> tuple[bytes, bytes]:
    return b"m", b"".join(encoded_value(each) for pair in value.items() for each in pair)


_ENCODERS: dict[type, Callable[[Any], tuple[bytes, bytes]]] = {
    type(None): lambda _: (b"n", b""),
    bool: lambda value: (b"b", b"\1" if value else b"\0"),
    int: lambda value: (b"q", _number(value)),
    float: lambda value: (b"d", _DOUBLE.pack(value)),
    Decimal: lambda value: (b"D", decimal_text(value)),
    str: lambda value: (b"s", value.encode()),
    bytes: lambda value: (b"y", value),
    dt.date: lambda value: (b"i", _number(value.toordinal())),
    dt.datetime: _moment,
    list: _list,
    dict: _dict,
}


def _of_base(value: object) -> tuple[bytes, bytes]:
    """A value of a subclass as its base, of which bool and datetime come before int and date."""
    for kind in (bool, int, float, Decimal, str, bytes, dt.datetime, dt.date, list, dict):
        if isinstance(value, kind):
            return _ENCODERS[kind](value)
    raise StoreError(f"online store: a {type(value).__name__} cannot be stored: {shown(value)}")


def _decoded(data: bytes, start: int) -> tuple[Any, int]:
    tag, size, first = data[start : start + 1], data[start + 1], start + 2
    if size == _LONG:
        (size,) = _SIZE.unpack_from(data, first)
        first += _SIZE.size
    end = first + size
    if end > len(data):
        raise ValueError("it ends too early")
    return _DECODERS[tag](data[first:end]), end


def _items(data: bytes) -> list[Any]:
    items, place = [], 0
    while place < len(data):
        item, place = _decoded(data, place)
        items.append(item)
    return items


def _pairs(data: bytes) -> dict[Any, Any]:
    items = _items(data)
    return dict(zip(items[::2], items[1::2], strict=True))


def _int(data: bytes) -> int:
    return int.from_bytes(data, "little", signed=True)


_DECODERS: dict[bytes, Callable[[bytes], Any]] = {
    b"n": lambda _: None,
    b"b": lambda data: data == b"\1",
    b"q": _int,
    b"d": lambda data: _DOUBLE.unpack(data)[0],
    b"D": lambda data: Decimal(data.decode()),
    b"s": bytes.decode,
    b"y": bytes,
    b"i": lambda data: dt.date.fromordinal(_int(data)),
    b"t": lambda data: instant_of(_int(data)),
    b"w": lambda data: wall_of(_int(data)),
    b"f": lambda data: list(struct.unpack(f"<{len(data) // 8}d", data)),
    b"l": _items,
    b"m": _pairs,
}
