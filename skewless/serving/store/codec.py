"""Rows and keys of an online store as bytes, and back: a typed format of our own, which runs nothing that it reads.

Rows lie column by column, so that one `struct.unpack` reads every number of a value, of a window's thousand events too:

    version and flags (1 byte) | rows (4, where it is not one) | a code a column | numbers of all columns | texts

A code is one byte: `1`, `2`, `4` and `8` an integer of so many bytes, `d` a double, `b` a boolean, `i` a date, `t` an
instant, `T` one of a whole second in the only row, `w` a clock time, `s` text, `e` text of few values, `y` bytes, `D` a
decimal, `n` nulls alone, `v` anything else with its type before each; its highest bit says that there are nulls. Texts
have their lengths among the numbers; of few values each is among the texts once, and its place among the numbers. What
shrinks by a fifth is deflated. The columns' names are no part of it, since every key of a table has the same: a store
says them once a table (`TableState.columns`). Why not the feature log's JSON: a thousand events take ten times as long
to read.
"""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from skewless.serving.errors import shown
from skewless.serving.store.errors import StoreError
from skewless.serving.store.kinds import (
    COUNT,
    DEFLATED,
    FEW,
    HAS_NULLS,
    INTEGERS,
    KINDS,
    MANY,
    NOTHING,
    SECOND,
    SECONDS,
    VERSION,
    WIDE,
)
from skewless.serving.store.nested import encoded_value
from skewless.serving.store.reading import decode_rows
from skewless.serving.values.instants import micros

__all__ = ["decode_rows", "encode_key", "encode_rows"]

_WORTH_DEFLATING = 1_000


class _Column(NamedTuple):
    """A column's code, its values as numbers or the lengths of its texts, which of them are null, and the texts."""

    code: str
    numbers: Sequence[Any]
    nulls: bytes
    texts: Sequence[bytes] = ()


_CODES: dict[type, str] = {
    bool: "b",
    float: "d",
    dt.date: "i",
    str: "s",
    bytes: "y",
    Decimal: "D",
}


def encode_rows(rows: Sequence[Mapping[str, object]]) -> bytes:
    """The rows of one key as bytes; all have the same columns in the same order.

    Values are None, bool, int of 64 bits, float, Decimal, str, bytes, date, datetime (an aware one as its instant),
    lists and dicts of these. StoreError names the column of any other value.

    >>> rows = [{"temp": -0.0, "seen": dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)}, {"temp": None, "seen": None}]
    >>> decode_rows(encode_rows(rows), ("temp", "seen")) == rows
    True
    """
    columns = [_column(name, [row[name] for row in rows]) for name in (rows[0] if rows else ())]
    is_wide = any(_is_text(each) and max(each.numbers) > 255 for each in columns)
    flags = VERSION | (MANY if len(rows) != 1 else 0) | (WIDE if is_wide else 0)
    plain = b"".join(
        [
            bytes([flags]),
            COUNT.pack(len(rows)) if flags & MANY else b"",
            bytes([ord(each.code) | (HAS_NULLS if each.nulls else 0) for each in columns]),
            *(_numbers(each, "I" if flags & WIDE else "B") for each in columns),
            *(text for each in columns for text in each.texts),
        ]
    )
    if len(plain) < _WORTH_DEFLATING:
        return plain
    deflated = zlib.compress(plain, 1)
    return bytes([VERSION | DEFLATED]) + deflated if len(deflated) * 5 < len(plain) * 4 else plain


def encode_key(values: Sequence[object]) -> bytes:
    """The key of an entity, in the order of the table's key columns; equal for keys that match by J8.

    StoreError for a null, which matches nothing, and for a float, which is no key.

    >>> encode_key([1, "a"]) == encode_key([1, "a"]), encode_key([1, 12]) == encode_key([11, 2])
    (True, False)
    >>> encode_key([Decimal("1.50")]) == encode_key([Decimal("1.5")])
    True
    """
    return b"".join([_key_part(value) for value in values])


def _key_part(value: object) -> bytes:
    if type(value) is int or type(value) is str:  # what most keys are
        return encoded_value(value)
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
    except (UnicodeError, AttributeError) as error:
        raise StoreError(f"online store: column '{name}': {error}") from None


def _written(values: list[Any]) -> _Column:
    code = _code({type(value) for value in values if value is not None}, values)
    if code == NOTHING:
        return _Column(code, (), b"")
    kind, nulls = KINDS[code], _nulls(values)
    nothing: Any = 0 if kind.fixed else b""
    write = kind.write or _as_it_is
    written = [nothing if value is None else write(value) for value in values]
    if kind.fixed:
        return _Column(code, written, nulls)
    few = list(dict.fromkeys(written)) if code == "s" else []
    if few and len(few) <= min(255, len(values) // 2):
        places = {text: place for place, text in enumerate(few)}
        lengths = struct.pack(f"<B{len(few)}I", len(few), *map(len, few))
        return _Column(FEW, [places[text] for text in written], nulls, [lengths, *few])
    return _Column(code, list(map(len, written)), nulls, written)


def _is_text(column: _Column) -> bool:
    return column.code != NOTHING and KINDS[column.code].fixed is None


def _numbers(column: _Column, length: str) -> bytes:
    """A column's values, or the lengths of its texts."""
    if column.code == NOTHING:
        return b""
    spelling = KINDS[column.code].fixed or length
    return column.nulls + struct.pack(f"<{len(column.numbers)}{spelling}", *column.numbers)


def _code(kinds: set[type], values: list[Any]) -> str:
    if not kinds:
        return NOTHING
    kind = kinds.pop()
    if kinds:
        return "v"
    if kind is int:
        return _integer([value for value in values if value is not None])
    if kind is dt.datetime:
        zoned = {value.tzinfo is not None for value in values if value is not None}
        return "v" if len(zoned) > 1 else _instant(values) if True in zoned else "w"
    return _CODES.get(kind, "v")


def _instant(values: list[dt.datetime]) -> str:
    """In half the bytes where it is the only one: the thousand of a window would take longer to read."""
    seconds, rest = divmod(micros(values[0]), SECOND) if len(values) == 1 else (-1, 0)
    return SECONDS if rest == 0 and 0 <= seconds < 1 << 32 else "t"


def _integer(values: list[int]) -> str:
    """The narrowest code that takes all of these."""
    least, greatest = min(values), max(values)
    for code, bits in INTEGERS.items():
        if -(1 << bits - 1) <= least and greatest < 1 << bits - 1:
            return code
    raise StoreError(f"online store: int {least if least < 0 else greatest} does not fit in 64 bits")


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
