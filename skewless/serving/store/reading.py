"""The bytes of a key's rows, read: column by column, or row by row."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Any, NamedTuple

from skewless.serving.store.errors import StoreError
from skewless.serving.store.kinds import (
    COUNT,
    DEFLATED,
    FEW,
    HAS_NULLS,
    KINDS,
    MANY,
    NOTHING,
    VERSION,
    WIDE,
    Kind,
)

_FLAGS = MANY | WIDE | DEFLATED
_MOST_LAYOUTS = 1_000


class StoredColumn(NamedTuple):
    """A column of a stored value: the code of its kind, and its values as they lie there, None for nulls.

    Instants are microseconds since 1970, dates ordinals: whoever only compares them is spared a thousand datetimes.
    """

    code: str
    raw: Sequence[Any]

    def values(self) -> Sequence[Any]:
        """The values as rows have them."""
        read = None if self.code == NOTHING else KINDS[self.code].read
        if read is None or self.code == "s":
            return self.raw
        return [None if each is None else read(each) for each in self.raw]


class StoredRows(NamedTuple):
    """The rows of one key as a store holds them, and their columns' names; read when they are asked for."""

    data: bytes
    names: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts."""
        return decode_rows(self.data, self.names)

    def columns(self) -> dict[str, StoredColumn]:
        """The rows as columns."""
        return decode_columns(self.data, self.names)


class StoredField(NamedTuple):
    """A column as it is read: its code, and where its numbers and the mask of its nulls lie among those of a value."""

    code: str
    kind: Kind | None
    first: int
    mask: int | None


class StoredLayout(NamedTuple):
    """What the head of a value says: how many rows there are, where their numbers begin, and the columns in order."""

    rows: int
    start: int
    numbers: struct.Struct
    fields: tuple[StoredField, ...]


def decode_rows(data: bytes, names: Sequence[str]) -> list[dict[str, Any]]:
    """The rows that `encode_rows` was given, instants in UTC; StoreError for bytes that it did not make."""
    try:
        layout, plain = _opened(data, len(names))
        if (
            layout.rows == 1
        ):  # as most keys have, which is read in a third of the time without making columns of it
            return [dict(zip(names, _row(layout, plain), strict=True))]
        columns = [each.values() for each in _columns(layout, plain)]
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    except Exception as error:  # of torn bytes anything may become
        raise unreadable(error) from None


def decode_columns(data: bytes, names: Sequence[str]) -> dict[str, StoredColumn]:
    """The same as columns.

    >>> from skewless.serving.store.codec import encode_rows
    >>> decode_columns(encode_rows([{"n": 1}, {"n": None}]), ["n"])
    {'n': StoredColumn(code='1', raw=[1, None])}
    """
    try:
        layout, plain = _opened(data, len(names))
        if not layout.rows:
            return dict.fromkeys(names, StoredColumn(NOTHING, ()))
        return dict(zip(names, _columns(layout, plain), strict=True))
    except Exception as error:  # as above
        raise unreadable(error) from None


def unreadable(error: Exception) -> StoreError:
    """Of bytes that are no rows."""
    return StoreError(f"online store: a value cannot be read: {error}; materialize it anew")


_layouts: dict[bytes, StoredLayout] = {}
"""By heads. Keys of a table share a few; reading one takes longer than reading a row."""


def layout_of(data: bytes, columns: int) -> StoredLayout:
    """The layout of a value of so many columns; StoreError for bytes that are none."""
    try:
        return _opened(data, columns)[0]
    except Exception as error:  # as above
        raise unreadable(error) from None


def _opened(data: bytes, columns: int) -> tuple[StoredLayout, bytes]:
    """The layout of a value of so many columns, and its bytes as they were before they were deflated."""
    flags = _flags(data)
    if flags & DEFLATED:
        data = zlib.decompress(data[1:])
        flags = _flags(data)
    size = 1 + (COUNT.size if flags & MANY else 0) + (0 if _is_empty(flags, data) else columns)
    head = data[:size]
    layout = _layouts.get(head)
    if layout is None:
        if len(head) < size:
            raise ValueError("it ends too early")
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        layout = _layouts[head] = _read_layout(head)
    return layout, data


def _flags(data: bytes) -> int:
    if not data or data[0] & ~_FLAGS != VERSION:
        found = data[0] if data else "missing"
        raise ValueError(f"its version is {found}, this release reads {VERSION} to {VERSION | _FLAGS}")
    return data[0]


def _is_empty(flags: int, data: bytes) -> bool:
    """Whether there are no rows, and so no columns either."""
    return bool(flags & MANY) and COUNT.unpack_from(data, 1) == (0,)


def _read_layout(head: bytes) -> StoredLayout:
    flags, begin, count = head[0], 1, 1
    if flags & MANY:
        (count,), begin = COUNT.unpack_from(head, 1), 1 + COUNT.size
    spelling, place, fields = "<", 0, []
    for marked in head[begin:]:
        code, mask = chr(marked & ~HAS_NULLS), None
        if marked & HAS_NULLS:
            mask, place = place, place + 1
            spelling += f"{(count + 7) // 8}s"
        kind = None if code == NOTHING else KINDS[code]
        fields.append(StoredField(code, kind, place, mask))
        if kind is not None:
            spelling += f"{count}{kind.fixed or ('I' if flags & WIDE else 'B')}"
            place += count
    return StoredLayout(count, len(head), struct.Struct(spelling), tuple(fields))


def _columns(layout: StoredLayout, data: bytes) -> Iterator[StoredColumn]:
    count, start, layout_numbers, fields = layout
    numbers = layout_numbers.unpack_from(data, start)
    place = start + layout_numbers.size
    for code, kind, first, mask in fields:
        if kind is None:
            yield StoredColumn(code, [None] * count)
            continue
        values: Sequence[Any] = numbers[first : first + count]
        if code == FEW:
            few, place = _few(data, place)
            values = list(map(few.__getitem__, values))
        elif kind.fixed is None:
            ends = list(accumulate(values, initial=place))
            values = _texts(code, data, ends)
            place = ends[-1]
        if mask is not None:
            bits = numbers[mask]
            values = [None if bits[row >> 3] >> (row & 7) & 1 else each for row, each in enumerate(values)]
        yield StoredColumn("s" if code == FEW else code, values)
    _require_end(place, data)


def _row(layout: StoredLayout, data: bytes) -> list[Any]:
    """The values of the only row, of which none is in a mask."""
    _, start, layout_numbers, fields = layout
    numbers = layout_numbers.unpack_from(data, start)
    place = start + layout_numbers.size
    values: list[Any] = []
    for _, kind, first, _ in fields:
        value: Any = None if kind is None else numbers[first]
        if kind is not None and kind.fixed is None:
            end = place + value
            value, place = data[place:end], end
        values.append(value if kind is None or kind.read is None else kind.read(value))
    _require_end(place, data)
    return values


def _require_end(place: int, data: bytes) -> None:
    if place != len(data):
        raise ValueError("it is longer or shorter than it says")


def _few(data: bytes, place: int) -> tuple[list[str], int]:
    """The few texts of a column, and where they end."""
    lengths = struct.unpack_from(f"<{data[place]}I", data, place + 1)
    ends = list(accumulate(lengths, initial=place + 1 + COUNT.size * len(lengths)))
    return _texts("s", data, ends), ends[-1]


def _texts(code: str, data: bytes, ends: list[int]) -> list[Any]:
    """Texts are decoded here, at once where a byte is a letter: one by one takes three times as long."""
    whole: Any = data[: ends[-1]]
    is_letters = code == "s" and data[ends[0] : ends[-1]].isascii()
    if is_letters:
        whole = whole.decode("latin-1")  # what lies before them is of any bytes
    texts = list(map(whole.__getitem__, map(slice, ends, islice(ends, 1, None))))
    return [text.decode() for text in texts] if code == "s" and not is_letters else texts
