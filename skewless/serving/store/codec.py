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
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from skewless.serving.errors import shown
from skewless.serving.store.errors import StoreError
from skewless.serving.store.kinds import DEFLATED, HEAD, KINDS, PLAIN
from skewless.serving.store.nested import encoded_value
from skewless.serving.store.reading import decode_rows

__all__ = ["decode_rows", "encode_key", "encode_rows"]

_WORTH_DEFLATING = 1_000


class _Column(NamedTuple):
    code: str
    numbers: bytes
    text: bytes


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
    numbers = b"".join(each.numbers for each in columns)
    texts = b"".join(each.text for each in columns)
    plain = HEAD.pack(PLAIN, len(rows), len(header)) + header + numbers + texts
    if len(plain) < _WORTH_DEFLATING:
        return plain
    deflated = zlib.compress(plain, 1)
    return HEAD.pack(DEFLATED, 0, 0) + deflated if len(deflated) * 3 < len(plain) * 2 else plain


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
        return _Column(code, b"", b"")
    kind, nulls = KINDS[code], _nulls(values)
    nothing: Any = 0 if kind.fixed else b""
    write = kind.write or _as_it_is
    written = [nothing if value is None else write(value) for value in values]
    numbers = struct.pack(
        f"<{len(values)}{kind.fixed or 'I'}", *(written if kind.fixed else map(len, written))
    )
    return _Column("?" + code if nulls else code, nulls + numbers, b"" if kind.fixed else b"".join(written))


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
    bits = bytearray((len(values) + 7) // 8)
    for place, value in enumerate(values):
        if value is None:
            bits[place >> 3] |= 1 << (place & 7)
    return bytes(bits)
