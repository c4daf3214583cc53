"""Rows of a partition in pieces of whole keys that fit in memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from skewless.ground.order.time_order import Ints
from skewless.parts.asof.kernel.layout import BUCKET, PassLayout
from skewless.parts.asof.kernel.spill import Spilled, gathered, spilled
from skewless.parts.asof.kernel.time_slices import time_slices

LABEL_EVENTS_AT_ONCE = 100_000
"""Label events answered at once where no rows have to meet: enough that numbering their keys costs little a row."""

_PARTS_BITS = 4
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def pieces(batches: Iterator[pa.RecordBatch], layout: PassLayout) -> Iterator[pa.Table]:
    """The rows of whole keys, a piece at a time: all at once where they fit, which is the rule.

    Else they are written to the worker's disk in parts by bucket, each again where it does not fit, and a bucket that
    does not fit in slices of time. That is a sort by bucket as far as it is needed, and only where it is.
    """
    if not layout.sides:
        yield from gathered(batches, len, LABEL_EVENTS_AT_ONCE)
        return
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.nbytes
        if size > layout.most_bytes:
            with TemporaryDirectory(prefix="skewless-", dir=_local_folder()) as folder:
                yield from _in_parts(chain(_emptied(held), batches), layout, folder, depth=0)
            return
    if held:
        yield pa.Table.from_batches(held)


def _emptied(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches in their order, none of which is held on to."""
    held.reverse()
    while held:
        yield held.pop()


def _in_parts(
    batches: Iterator[pa.RecordBatch], layout: PassLayout, folder: str, depth: int
) -> Iterator[pa.Table]:
    def part_of(rows: pa.Table) -> Ints:
        return _part(rows[BUCKET].to_numpy(), depth)

    for part in spilled(batches, part_of, 2**_PARTS_BITS, folder, layout.most_bytes):
        is_large = part.bytes > layout.most_bytes
        if is_large and not _holds_one_bucket(part):
            yield from _in_parts(part.batches(), layout, folder, depth + 1)
        # Windows that add doubles have no `oldest`, and their key is held whole, whatever its size: in which order
        # neighbours meet is counted from the key's first event, which a slice of time would not have.
        elif is_large and all(side.answers is None or side.oldest is not None for side in layout.sides):
            yield from time_slices(part, layout, folder)
        else:
            yield part.read()
        part.delete()


def _part(bucket: Ints, depth: int) -> Ints:
    """Other bits of the number at each depth: the multiplication tells all 64-bit numbers apart."""
    spread = bucket.astype(np.int64).view(np.uint64) * _SPREAD
    shift = np.uint64(64 - _PARTS_BITS * (depth + 1))
    return ((spread >> shift) & np.uint64(2**_PARTS_BITS - 1)).astype(np.int64)


def _holds_one_bucket(part: Spilled) -> bool:
    first = None
    for batch in part.batches():
        buckets = batch[BUCKET].to_numpy()
        first = buckets[0] if first is None else first
        if np.any(buckets != first):
            return False
    return True


def _local_folder() -> str | None:
    """Where Spark keeps what it spills; None for the system's own place."""
    return os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0] or None
