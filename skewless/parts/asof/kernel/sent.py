"""A table that is small enough to be sent to the label events, packed once and read where they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import reduce

import numpy as np
import pyarrow as pa

from skewless.parts.asof.kernel.answer import Answer
from skewless.parts.asof.kernel.keys import KeyNumbers
from skewless.parts.asof.kernel.labels import Asked, LabelEvents, is_known
from skewless.parts.asof.kernel.layout import MATCHABLE, SentCounts, SentSide
from skewless.parts.asof.kernel.rows import Rows
from skewless.parts.asof.kernel.sorted_side import SortedSide

PACKED = "packed"
COUNTS = b"counts"


def pack(batches: Iterable[pa.RecordBatch], sent: SentSide) -> Iterator[pa.RecordBatch]:
    """A table's rows as one value, in the order in which they win, so that who reads them does not sort; and how many
    rows there were.
    """
    held = list(batches)
    every = pa.Table.from_batches(held) if held else sent.schema.empty_table()
    table = every.filter(every[MATCHABLE]).combine_chunks()
    rows = Rows(table)
    side, keys = _sorted(rows, sent)
    counts = SentCounts(len(every), len(every) - len(rows), len(rows) - len(np.unique(keys.numbers)))
    in_order = table.take(pa.array(side.places)).replace_schema_metadata({COUNTS: json.dumps(counts)})
    out = pa.BufferOutputStream()
    with pa.ipc.new_stream(out, in_order.schema) as stream:
        stream.write_table(in_order)
    yield pa.record_batch([pa.array([out.getvalue().to_pybytes()], pa.binary())], [PACKED])


class SentTable:
    """A sent table, read from the first row of a partition, which alone brings it."""

    def __init__(self, sent: SentSide, first: pa.RecordBatch) -> None:
        self._sent = sent
        packed = first[sent.packed][0]
        is_there = packed.is_valid
        table = pa.ipc.open_stream(packed.as_buffer()).read_all() if is_there else sent.schema.empty_table()
        self._counts = json.loads((table.schema.metadata or {}).get(COUNTS, b"null"))
        self._side, self._keys = _sorted(Rows(table), sent)

    def answer(self, labels: LabelEvents) -> Answer:
        keys = [labels.fields[name] for name in self._sent.keys]
        asks = reduce(np.logical_and, map(is_known, keys), labels.has_time)
        answer = Answer(self._side, Asked(labels, asks, self._keys.of(keys, labels.size)))
        if (slot := self._sent.side.sent_slot) is not None:
            kind = pa.list_(pa.int64())
            # In one row: whoever sums up the join asks for the greatest.
            once = pa.concat_arrays([pa.array([self._counts], kind), pa.nulls(labels.size - 1, kind)])
            answer.tell(slot, once)
        return answer


def _sorted(rows: Rows, sent: SentSide) -> tuple[SortedSide, KeyNumbers]:
    keys = KeyNumbers([rows.column(f"key_{place}") for place in range(len(sent.keys))], len(rows))
    everything = np.arange(len(rows))
    return SortedSide(sent.side, rows, everything, keys.numbers, keys.count), keys
