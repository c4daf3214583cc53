"""Rows written to the worker's disk in numbered parts, and read again a part at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

import numpy as np
import pyarrow as pa

from skewless.ground.order.time_order import Ints

_SHARE_SPLIT = 4
"""Rows are split this part of what may be held at a time: fewer, larger batches a part."""


@dataclass
class Spilled:
    """One part: a file of batches, and how much memory they take."""

    path: str
    bytes: int = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        with pa.OSFile(self.path) as file, pa.ipc.open_stream(file) as stream:
            yield from stream

    def read(self) -> pa.Table:
        with pa.OSFile(self.path) as file, pa.ipc.open_stream(file) as stream:
            return stream.read_all()

    def delete(self) -> None:
        Path(self.path).unlink()


def spilled(
    batches: Iterator[pa.RecordBatch],
    part_of: Callable[[pa.Table], Ints],
    parts: int,
    folder: str,
    most_bytes: int,
) -> Iterator[Spilled]:
    """The parts that have rows, in the order of their numbers; a file is open for each while they are written."""
    found: dict[int, Spilled] = {}
    writers: dict[int, pa.ipc.RecordBatchStreamWriter] = {}
    for gathered_rows in gathered(batches, lambda batch: batch.nbytes, most_bytes // _SHARE_SPLIT):
        rows = gathered_rows.combine_chunks()
        part = part_of(rows)
        order = np.argsort(part, kind="stable")
        in_order = rows.take(pa.array(order))
        bounds = np.searchsorted(part[order], np.arange(parts + 1))
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            own = in_order.slice(bounds[number], bounds[number + 1] - bounds[number]).combine_chunks()
            if number not in found:
                handle, path = mkstemp(dir=folder)
                os.close(handle)
                found[number] = Spilled(path)
                writers[number] = pa.ipc.new_stream(path, rows.schema)
            found[number].bytes += own.nbytes
            writers[number].write_table(own)
    for writer in writers.values():
        writer.close()
    for number in sorted(found):
        yield found[number]


def gathered(
    batches: Iterator[pa.RecordBatch], size_of: Callable[[pa.RecordBatch], int], enough: int
) -> Iterator[pa.Table]:
    """The batches put together until they come to `enough`."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += size_of(batch)
        if size >= enough:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if held:
        yield pa.Table.from_batches(held)
