"""Selected rows, a key's together → entries of an online store, written from the tasks: no row reaches the driver."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql import DataFrame

from skewless.ground.arrow_values import python_columns
from skewless.ground.python_tasks import map_in_arrow
from skewless.serving.plan.online.stored import StoredTable
from skewless.serving.plan.serve.join import RowTimes
from skewless.serving.store.codec import decode_rows, encode_key, encode_rows
from skewless.serving.store.nested import decoded_value, encoded_value
from skewless.serving.store.seam import Entry, Store

KEYS_AT_ONCE = 1_000
"""A round trip to the store each."""
SAMPLED = 20
"""Keys of each kind that a task names for the audit."""
REPORT = "kind string, number bigint, key binary"
ROWS, KEYS = "rows", "keys"

Key = tuple[Any, ...]
Row = dict[str, Any]
Heap = list[tuple[int, bytes, Key]]


class Writing(NamedTuple):
    """What tasks have to know: where entries go, what of a key is kept at `now`, and whether the store has more of it.

    `merges` says that rows are new ones, to be put to those that the training set has in the store; `is_whole` that the
    run starts from an empty store, so that a key without rows needs no entry.
    """

    store: Store
    training_set: str
    run: str
    stored: StoredTable
    now: int
    merges: bool
    is_whole: bool


class Choice(NamedTuple):
    """What there was of a key, and what of it is kept."""

    rows: Sequence[Row]
    kept: Sequence[Row]
    writing: Writing


class Written(NamedTuple):
    """What tasks did: rows that they took, entries that they put, and (kind, key) of some keys for the audit."""

    rows: int = 0
    keys: int = 0
    sampled: tuple[tuple[str, Key], ...] = ()

    def and_then(self, other: Written) -> Written:
        """What both did."""
        return Written(self.rows + other.rows, self.keys + other.keys, self.sampled + other.sampled)


def write_entries(selected: DataFrame, writing: Writing) -> Written:
    """Put an entry for each key of the rows. Spark may run a task twice: the second puts the same entries again."""

    def put(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield _report(put_groups(_groups(batches, writing.stored), writing))

    found = map_in_arrow(selected, put, REPORT).toArrow()
    return _summed(found)


def look_again(keys: DataFrame, writing: Writing) -> Written:
    """Take from the entries of these keys (`key_0`, …, each once) what is not kept any more."""
    width = len(writing.stored.key_columns)

    def put(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        groups: Iterator[tuple[Key, list[Row]]] = ((row[:width], []) for row in _rows(batches))
        yield _report(put_groups(groups, writing))

    return _summed(map_in_arrow(keys, put, REPORT).toArrow())


def take_away(rows: DataFrame, writing: Writing) -> None:
    """Take the entries of these rows' keys (`key_0`, …) away; what is written afterwards stands."""
    width = len(writing.stored.key_columns)

    def put(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            gone = {encode_key(row[:width]) for row in _rows([batch])}
            writing.store.put(writing.run, [(writing.stored.name, key, None) for key in sorted(gone)])
        yield _report(Written())

    map_in_arrow(rows, put, REPORT).toArrow()


def put_groups(groups: Iterator[tuple[Key, list[Row]]], writing: Writing) -> Written:
    """Put keys with their rows, some at once; what was done, with a sample of the keys.

    A key without new rows is looked at again: it is put only where some of what the store has of it is not kept now.
    """
    rows = keys = 0
    sample: dict[str, Heap] = {kind: [] for kind in _KINDS}
    while some := list(islice(groups, KEYS_AT_ONCE)):
        entries: list[Entry] = []
        for (key, new), merged in zip(some, _merged(some, writing), strict=True):
            kept, encoded = writing.stored.kept(merged, writing.now), encode_key(key)
            rows += len(new)
            if not new and len(kept) == len(merged):  # looked at again, and nothing of it has ended
                continue
            if kept or not writing.is_whole:
                entries.append((writing.stored.name, encoded, encode_rows(kept) if kept else None))
            _take_into(sample, encoded, key, Choice(merged, kept, writing))
        keys += writing.store.put(writing.run, entries) if entries else 0
    return Written(rows, keys, tuple((kind, key) for kind, heap in sample.items() for *_, key in heap))


def _merged(some: Sequence[tuple[Key, list[Row]]], writing: Writing) -> Iterable[list[Row]]:
    """The rows of each key, with those that the store has of it where only new ones were read."""
    if not writing.merges:
        return [new for _, new in some]
    wanted = [(writing.stored.name, encode_key(key)) for key, _ in some]
    # Not what is staged: Spark may run a task twice, and the second would put the new rows to themselves.
    before = writing.store.read(writing.training_set, wanted)
    return [
        [*(decode_rows(data, writing.stored.columns) if data is not None else ()), *new]
        for (_, new), data in zip(some, before, strict=True)
    ]


def _groups(batches: Iterator[pa.RecordBatch], stored: StoredTable) -> Iterator[tuple[Key, list[Row]]]:
    """Key → its rows, as they come one after the other, also across batches."""
    width = len(stored.key_columns)
    for key, group in groupby(_rows(batches), key=lambda row: row[:width]):
        yield (
            key,
            [dict(zip(stored.columns, row[width:], strict=True)) for row in group],
        )


def _rows(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[Any, ...]]:
    for batch in batches:
        yield from zip(*python_columns(pa.Table.from_batches([batch])).values(), strict=True)


def _take_into(sample: dict[str, Heap], encoded: bytes, key: Key, choice: Choice) -> None:
    """Take a key into the sample: of each kind those of the least hashes, the same ones whatever the partitions."""
    place = -zlib.crc32(encoded)
    for kind, heap in sample.items():
        # Asked last: most keys of a large table are out by their hash.
        if (len(heap) < SAMPLED or place > heap[0][0]) and _KINDS[kind](choice):
            put = heapq.heappush if len(heap) < SAMPLED else heapq.heapreplace
            put(heap, (place, encoded, key))


def _has_late_rows(choice: Choice) -> bool:
    times = RowTimes.of(choice.writing.stored.table)._replace(keys=())
    return len(times.visible(choice.kept, (), choice.writing.now)) < len(choice.kept)


_KINDS: dict[str, Callable[[Choice], bool]] = {
    "by chance": lambda _: True,
    "with rows that are not yet visible": _has_late_rows,
    "with several rows": lambda choice: len(choice.rows) > 1,
    "of which nothing is left": lambda choice: not choice.kept,
}
"""The kinds of key that the audit asks for, with what tells them."""


def _as_bytes(key: Key) -> bytes:
    """A key that can be read again, which `encode_key` is not made for."""
    return encoded_value(list(key))


def _as_key(data: bytes) -> Key:
    return tuple(decoded_value(data))


def _report(written: Written) -> pa.RecordBatch:
    rows: list[tuple[str, int, bytes | None]] = [
        (ROWS, written.rows, None),
        (KEYS, written.keys, None),
    ]
    rows += [(kind, 0, _as_bytes(key)) for kind, key in written.sampled]
    kinds, numbers, keys = zip(*rows, strict=True)
    columns = [
        pa.array(kinds, pa.string()),
        pa.array(numbers, pa.int64()),
        pa.array(keys, pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, ["kind", "number", "key"])


def _summed(found: pa.Table) -> Written:
    lines = list(
        zip(
            *(found[name].to_pylist() for name in ("kind", "number", "key")),
            strict=True,
        )
    )
    rows, keys = (sum(number for kind, number, _ in lines if kind == wanted) for wanted in (ROWS, KEYS))
    return Written(
        rows,
        keys,
        tuple((kind, _as_key(key)) for kind, _, key in lines if key is not None),
    )
