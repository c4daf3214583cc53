"""Batches of rows cut where a key ends, and their keys as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skewless.ground.event_rows import BUCKET
from skewless.parts.windows.kernel.event_order import same_as_before
from skewless.parts.windows.kernel.tree import Ints

ROWS_AT_ONCE = 500_000
"""Rows gathered before whole keys are worked on; a key with more is worked on alone."""


def whole_keys(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Tables of at least `ROWS_AT_ONCE` rows that begin and end where a bucket does."""
    whole: list[pa.RecordBatch] = []
    last: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        change = _last_change(last, batch)
        if change is None:
            last.append(batch)
            continue
        whole += [*last, batch.slice(0, change)]
        last = [batch.slice(change)]
        if sum(map(len, whole)) >= ROWS_AT_ONCE:
            yield pa.Table.from_batches(whole).combine_chunks()
            whole = []
    if whole or last:
        yield pa.Table.from_batches([*whole, *last]).combine_chunks()


def _last_change(before: Sequence[pa.RecordBatch], batch: pa.RecordBatch) -> int | None:
    """The place in a batch from which on its last bucket goes on, None where it only continues the one before."""
    buckets = batch[BUCKET].to_numpy()
    changes = np.flatnonzero(buckets[1:] != buckets[:-1]) + 1
    if len(changes):
        return int(changes[-1])
    is_new = bool(before) and before[-1][BUCKET][len(before[-1]) - 1].as_py() != int(buckets[0])
    return 0 if is_new else None


def key_numbers(rows: pa.Table, keys: Sequence[str]) -> Ints:
    """A number from 0 on for every key, the same for equal keys, ascending by bucket."""
    same_bucket = same_as_before(whole_numbers(rows, BUCKET))
    if np.any(_differs_from_before(rows, keys) & same_bucket):
        return _numbers_within_buckets(rows, keys, np.cumsum(~same_bucket))
    return np.cumsum(~same_bucket) - 1


def _differs_from_before(rows: pa.Table, keys: Sequence[str]) -> NDArray[np.bool_]:
    differs = np.zeros(len(rows), dtype=bool)
    for name in keys:
        column = rows[name].combine_chunks()
        here, before = column.slice(1), column.slice(0, len(column) - 1)
        one_is_null = pc.not_equal(here.is_null(), before.is_null())
        either = pc.or_(pc.fill_null(pc.not_equal(here, before), False), one_is_null)
        differs[1:] |= either.to_numpy(zero_copy_only=False)
    return differs


def _numbers_within_buckets(rows: pa.Table, keys: Sequence[str], bucket: Ints) -> Ints:
    """For buckets that several keys share: they may lie there in any order."""
    columns = [bucket]
    for name in keys:
        codes = rows[name].combine_chunks().dictionary_encode().indices
        columns.append(pc.fill_null(codes.cast(pa.int64()), -1).to_numpy(zero_copy_only=False))
    order = np.lexsort(columns[::-1])
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(~same_as_before(*[column[order] for column in columns])) - 1
    return numbers


def whole_numbers(rows: pa.Table, name: str) -> Ints:
    """An integer column, 0 where it is null."""
    numbers: Ints = pc.fill_null(rows[name].combine_chunks(), 0).to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64, copy=False)
