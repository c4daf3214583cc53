"""Rows and keys of an online store as bytes, and back: a typed format of our own, which runs nothing that it reads.

Rows lie column by column, so that one `struct.unpack` reads every number of a value, of a window's thousand events too:

    version (1 byte) | rows (4) | bytes of the header (2) | header | numbers of all columns | texts of all columns

The header is JSON, column → code of its type: `q` an integer, `d` a double, `b` a boolean, `i` a date, `t` an instant,
`w` a clock time, `s` text, `y` bytes, `D` a decimal, `n` nulls alone, `v` anything else with its type before each; `?`
before the code says that there are nulls. Texts have their lengths among the numbers. What shrinks by a third is
deflated behind another version. Why not the feature log's JSON: a thousand events take ten times as long to read.
"""

from __future__ import annotations

import datetime as dt
import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import accumulate, chain, pairwise
from typing import Any, NamedTuple

from skewless.serving.errors import shown
from skewless.serving.store.errors import StoreError
from skewless.serving.store.nested import (
    decimal_text,
    decoded_value,
    encoded_value,
    instant_of,
    wall_micros,
    wall_of,
)
from skewless.serving.values.instants import micros

_PLAIN, _DEFLATED = 1, 2
_WORTH_DEFLATING = 1_000
_HEAD = struct.Struct("<BIH")
_MOST_LAYOUTS = 1_000


class _Column(NamedTuple):
    code: str
    format: str
    numbers: list[Any]
    text: bytes


class _Kind(NamedTuple):
    """How values of one code are written and read; `fixed` is how `struct` spells them, None for texts."""

    fixed: str | None
    write: Callable[[Any], Any] | None
    read: Callable[[Any], Any] | None


_KINDS: dict[str, _Kind] = {
    "b": _Kind("?", None, None),
    "q": _Kind("q", None, None),
    "d": _Kind("d", None, None),
    "i": _Kind("i", dt.date.toordinal, dt.date.fromordinal),
    "t": _Kind("q", micros, instant_of),
    "w": _Kind("q", wall_micros, wall_of),
    "s": _Kind(None, str.encode, bytes.decode),
    "y": _Kind(None, None, None),
    "D": _Kind(None, decimal_text, lambda text: Decimal(text.decode())),
    "v": _Kind(None, encoded_value, decoded_value),
}
_CODES: dict[type, str] = {
    bool: "b",
    int: "q",
    float: "d",
    dt.date: "i",
    str: "s",
    bytes: "y",
    Decimal: "D",
}


def encode_rows(rows: Sequence[Mapping[str, object]]) -> bytes:
    """The rows of one key as bytes; all have the same columns.

    Values are None, bool, int of 64 bits, float, Decimal, str, bytes, date, datetime (an aware one as its instant),
    lists and dicts of these. StoreError names the column of any other value.

    >>> rows = [{"temp": -0.0, "seen": dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)}, {"temp": None, "seen": None}]
    >>> decode_rows(encode_rows(rows)) == rows
    True
    """
    names = tuple(rows[0]) if rows else ()
    columns = [_column(name, [row[name] for row in rows]) for name in names]
    codes = {name: each.code for name, each in zip(names, columns, strict=True)}
    header = json.dumps(codes, separators=(",", ":")).encode()
    flat = chain.from_iterable(each.numbers for each in columns)
    numbers = struct.pack("<" + "".join(each.format for each in columns), *flat)
    texts = b"".join(each.text for each in columns)
    plain = _HEAD.pack(_PLAIN, len(rows), len(header)) + header + numbers + texts
    if len(plain) < _WORTH_DEFLATING:
        return plain
    deflated = zlib.compress(plain, 1)
    return _HEAD.pack(_DEFLATED, 0, 0) + deflated if len(deflated) * 3 < len(plain) * 2 else plain


def decode_rows(data: bytes) -> list[dict[str, Any]]:
    """The rows that `encode_rows` was given, instants in UTC; StoreError for bytes that it did not make."""
    try:
        version, count, length = _HEAD.unpack_from(data)
        if version == _DEFLATED:
            data = zlib.decompress(data[_HEAD.size :])
            version, count, length = _HEAD.unpack_from(data)
        if version != _PLAIN:
            raise ValueError(f"its version is {version}, this release reads {_PLAIN} and {_DEFLATED}")
        start = _HEAD.size + length
        layout = _layout(data[_HEAD.size : start], count)
        columns = _columns(layout, data, start, count)
        return [dict(zip(layout.names, row, strict=True)) for row in zip(*columns, strict=True)]
    except Exception as error:  # of torn bytes anything may become
        raise StoreError(f"online store: a value cannot be read: {error}; materialize it anew") from None


def encode_key(values: Sequence[object]) -> bytes:
    """The key of an entity, in the order of the table's key columns; equal for keys that match by J8.

    StoreError for a null, which matches nothing, and for a float, which is no key.

    >>> encode_key([1, "a"]) == encode_key([1, "a"]), encode_key([1, 12]) == encode_key([11, 2])
    (True, False)
    >>> encode_key([Decimal("1.50")]) == encode_key([Decimal("1.5")])
    True
    """
    return b"".join(map(_key_part, values))


def _key_part(value: object) -> bytes:
    if value is None or isinstance(value, (float, list, dict)):
        raise StoreError(f"online store: {type(value).__name__} {shown(value)} is no key")
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        text = "".join(map(str, digits)).rstrip("0")
        places = exponent + len(digits) - len(text) if text and isinstance(exponent, int) else 0
        return encoded_value(Decimal((sign if text else 0, tuple(map(int, text)) or (0,), places)))
    return encoded_value(value)


def _column(name: str, values: list[Any]) -> _Column:
    try:
        return _written(values)
    except StoreError as error:
        raise StoreError(f"column '{name}': {error}") from None
    except (struct.error, UnicodeError, AttributeError) as error:
        raise StoreError(f"online store: column '{name}': {error}") from None


def _written(values: list[Any]) -> _Column:
    code = _code({type(value) for value in values if value is not None}, values)
    if code == "n":
        return _Column(code, "", [], b"")
    kind, nulls = _KINDS[code], _nulls(values)
    nothing: Any = 0 if kind.fixed else b""
    write = kind.write or _as_it_is
    written = [nothing if value is None else write(value) for value in values]
    spelling = f"{len(values)}{kind.fixed or 'I'}"
    numbers = written if kind.fixed else list(map(len, written))
    if nulls:
        code, spelling, numbers = "?" + code, f"{len(nulls)}s{spelling}", [nulls, *numbers]
    return _Column(code, spelling, numbers, b"" if kind.fixed else b"".join(written))


def _code(kinds: set[type], values: list[Any]) -> str:
    if not kinds:
        return "n"
    kind = kinds.pop()
    if kinds:
        return "v"
    if kind is dt.datetime:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        return "v" if len(zoned) > 1 else "t" if True in zoned else "w"
    return _CODES.get(kind, "v")


def _as_it_is(value: Any) -> Any:
    return value


def _nulls(values: list[Any]) -> bytes:
    """A bit for each value, set where it is null; nothing where none is."""
    if None not in values:
        return b""
    bits = sum(1 << place for place, value in enumerate(values) if value is None)
    return bits.to_bytes((len(values) + 7) // 8, "little")


class _Read(NamedTuple):
    """A column as it is read: where its numbers lie among those of the value, and where its nulls' mask."""

    kind: _Kind | None
    first: int
    mask: int | None


class _Layout(NamedTuple):
    names: tuple[str, ...]
    numbers: struct.Struct
    columns: tuple[_Read, ...]


_layouts: dict[tuple[bytes, int], _Layout] = {}
"""What a header says of so many rows. Keys of a table share a few; reading one takes longer than reading a row."""


def _layout(header: bytes, count: int) -> _Layout:
    found = _layouts.get((header, count))
    if found is None:
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        found = _layouts[header, count] = _read_layout(json.loads(header), count)
    return found


def _read_layout(codes: dict[str, str], count: int) -> _Layout:
    spelling, place, columns = "<", 0, []
    for code in codes.values():
        mask = None
        if code.startswith("?"):
            mask, place = place, place + 1
            spelling += f"{(count + 7) // 8}s"
        kind = None if code == "n" else _KINDS[code.lstrip("?")]
        columns.append(_Read(kind, place, mask))
        if kind is not None:
            spelling += f"{count}{kind.fixed or 'I'}"
            place += count
    return _Layout(tuple(codes), struct.Struct(spelling), tuple(columns))


def _columns(layout: _Layout, data: bytes, start: int, count: int) -> Iterator[list[Any]]:
    numbers = layout.numbers.unpack_from(data, start)
    place = start + layout.numbers.size
    for kind, first, mask in layout.columns:
        if kind is None:
            yield [None] * count
            continue
        values: Any = numbers[first : first + count]
        if kind.fixed is None:
            ends = list(accumulate(values, initial=place))
            values = [data[one:other] for one, other in pairwise(ends)]
            place = ends[-1]
        if mask is None:
            yield values if kind.read is None else list(map(kind.read, values))
            continue
        read, bits = kind.read or _as_it_is, int.from_bytes(numbers[mask], "little")
        yield [None if bits >> row & 1 else read(value) for row, value in enumerate(values)]
    if place != len(data):
        raise ValueError("it is longer or shorter than it says")
