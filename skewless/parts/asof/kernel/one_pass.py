"""The pass: rows of label events and tables in Arrow in, label events with what every table tells them out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain

import numpy as np
import pyarrow as pa

from skewless.parts.asof.kernel.answer import Answer
from skewless.parts.asof.kernel.keys import KeyNumbers
from skewless.parts.asof.kernel.labels import Asked, LabelEvents, is_known
from skewless.parts.asof.kernel.layout import LABEL, MOMENT, OF_LABELS, SIDE, PassLayout
from skewless.parts.asof.kernel.pieces import pieces
from skewless.parts.asof.kernel.rows import Rows
from skewless.parts.asof.kernel.sent import SentTable
from skewless.parts.asof.kernel.sorted_side import SortedSide

ROWS_OUT = 10_000
"""Label events a batch that leaves: their columns are made a batch at a time, so that few are held at once."""


def answer_batches(batches: Iterator[pa.RecordBatch], layout: PassLayout) -> Iterator[pa.RecordBatch]:
    """The label events among the rows, with the fields that they carry and what each table tells."""
    first = next((batch for batch in batches if len(batch)), None)
    if first is None:
        return
    sent = [SentTable(table, first) for table in layout.sent]
    packed = [table.packed for table in layout.sent]
    rows = (batch.drop_columns(packed) for batch in chain([first], batches))
    # No name holds a piece, so that it is gone before the next one is read.
    yield from chain.from_iterable(
        map(partial(_answered, sent=sent, layout=layout), map(Rows, pieces(rows, layout)))
    )


def _answered(rows: Rows, sent: Sequence[SentTable], layout: PassLayout) -> Iterator[pa.RecordBatch]:
    labels = LabelEvents(rows.column(LABEL).flatten())
    if not labels.size:
        return
    answers = [*_of_sides(rows, labels, layout), *[table.answer(labels) for table in sent]]
    carried = {name: labels.fields[name] for name in layout.carried}
    for start in range(0, labels.size, ROWS_OUT):
        size = min(ROWS_OUT, labels.size - start)
        columns = {name: column.slice(start, size) for name, column in carried.items()}
        for answer in answers:
            columns |= answer.columns(start, size)
        yield pa.RecordBatch.from_pydict(columns)


def _of_sides(rows: Rows, labels: LabelEvents, layout: PassLayout) -> Iterator[Answer]:
    """What the tables among the rows tell."""
    if not layout.sides:
        return
    # One numbering for label events and all tables: a numbering a table would hash the label events' keys each time.
    keys = KeyNumbers([rows.column(name) for name in layout.keys], len(rows))
    side = rows.numbers(SIDE)
    of_labels = np.flatnonzero(side == OF_LABELS)
    asks = is_known(rows.column(MOMENT))[of_labels]
    asked = Asked(labels, asks, keys.numbers[of_labels])
    for own in layout.sides:
        places = np.flatnonzero(side == own.tag)
        yield Answer(SortedSide(own, rows, places, keys.numbers, keys.count), asked)
