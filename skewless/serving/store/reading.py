"""The bytes of a key's rows, read: column by column, or row by row."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from skewless.serving.store.errors import StoreError
from skewless.serving.store.kinds import DEFLATED, HEAD, KINDS, PLAIN, Kind

_MOST_LAYOUTS = 1_000


class StoredColumn(NamedTuple):
    """A column of a stored value: the code of its kind, and its values as they lie there, None for nulls.

    Instants are microseconds since 1970, dates ordinals: whoever only compares them is spared a thousand datetimes.
    """

    code: str
    raw: Sequence[Any]

    def values(self) -> Sequence[Any]:
        """The values as rows have them."""
        read = KINDS[self.code].read if self.code in KINDS else None
        if read is None or self.code == "s":
            return self.raw
        return [None if each is None else read(each) for each in self.raw]


class StoredRows(NamedTuple):
    """The rows of one key, read as columns."""

    size: int
    columns: Mapping[str, StoredColumn]

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts, instants in UTC."""
        names = tuple(self.columns)
        columns = [each.values() for each in self.columns.values()]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def decode_rows(data: bytes) -> list[dict[str, Any]]:
    """The rows that `encode_rows` was given, instants in UTC; StoreError for bytes that it did not make."""
    return decode_columns(data).rows()


def decode_columns(data: bytes) -> StoredRows:
    """The same as columns.

    >>> from skewless.serving.store.codec import encode_rows
    >>> decode_columns(encode_rows([{"n": 1}, {"n": None}])).columns["n"]
    StoredColumn(code='q', raw=[1, None])
    """
    try:
        version, count, length = HEAD.unpack_from(data)
        if version == DEFLATED:
            data = zlib.decompress(data[HEAD.size :])
            version, count, length = HEAD.unpack_from(data)
        if version != PLAIN:
            raise ValueError(f"its version is {version}, this release reads {PLAIN} and {DEFLATED}")
        start = HEAD.size + length
        layout = _layout(data[HEAD.size : start], count)
        return StoredRows(count, dict(zip(layout.names, _columns(layout, data, start, count), strict=True)))
    except Exception as error:  # of torn bytes anything may become
        raise StoreError(f"online store: a value cannot be read: {error}; materialize it anew") from None


class _Read(NamedTuple):
    """A column as it is read: where its numbers lie among those of the value, and where its nulls' mask."""

    code: str
    kind: Kind | None
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
        import json  # here, since every serving process imports this module and not each has a store

        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        found = _layouts[header, count] = _read_layout(json.loads(header), count)
    return found


def _read_layout(codes: dict[str, str], count: int) -> _Layout:
    spelling, place, columns = "<", 0, []
    for marked in codes.values():
        code, mask = marked.lstrip("?"), None
        if marked != code:
            mask, place = place, place + 1
            spelling += f"{(count + 7) // 8}s"
        kind = None if code == "n" else KINDS[code]
        columns.append(_Read(code, kind, place, mask))
        if kind is not None:
            spelling += f"{count}{kind.fixed or 'I'}"
            place += count
    return _Layout(tuple(codes), struct.Struct(spelling), tuple(columns))


def _columns(layout: _Layout, data: bytes, start: int, count: int) -> Iterator[StoredColumn]:
    numbers = layout.numbers.unpack_from(data, start)
    place = start + layout.numbers.size
    for code, kind, first, mask in layout.columns:
        if kind is None:
            yield StoredColumn(code, [None] * count)
            continue
        values: Sequence[Any] = numbers[first : first + count]
        if kind.fixed is None:
            ends = list(accumulate(values, initial=place))
            values = _texts(code, data, ends)
            place = ends[-1]
        if mask is not None:
            bits = numbers[mask]
            values = [None if bits[row >> 3] >> (row & 7) & 1 else each for row, each in enumerate(values)]
        yield StoredColumn(code, values)
    if place != len(data):
        raise ValueError("it is longer or shorter than it says")


def _texts(code: str, data: bytes, ends: list[int]) -> list[Any]:
    """Texts are decoded here, at once where a byte is a letter: one by one takes three times as long."""
    if code != "s":
        return [data[one:other] for one, other in pairwise(ends)]
    start, whole = ends[0], data[ends[0] : ends[-1]]
    if whole.isascii():
        text = whole.decode()
        return [text[one - start : other - start] for one, other in pairwise(ends)]
    return [data[one:other].decode() for one, other in pairwise(ends)]
