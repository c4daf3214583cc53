"""One table's events in a batch, sorted once, and the streams of them that its measures are about."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skewless.ground.event_rows import AVAILABLE, LABEL_EVENT, MOMENT, TABLE
from skewless.parts.windows.kernel.batches import whole_numbers
from skewless.parts.windows.kernel.codes import encode
from skewless.parts.windows.kernel.event_order import time_order
from skewless.parts.windows.kernel.layout import Measure, TableLayout
from skewless.parts.windows.kernel.stream import Stream, stream_of
from skewless.parts.windows.kernel.tree import Ints

_Wanted = tuple[str | None, str | None, bool]


class TableEvents:
    """The events of one table among the rows of whole keys; `key` numbers the rows' keys."""

    def __init__(self, rows: pa.Table, key: Ints, own: TableLayout) -> None:
        is_event = rows[LABEL_EVENT].combine_chunks().is_null().to_numpy(zero_copy_only=False)
        if TABLE in rows.column_names:
            is_event &= whole_numbers(rows, TABLE) == own.tag
        places = np.flatnonzero(is_event)
        event = whole_numbers(rows, MOMENT)[places]
        available = whole_numbers(rows, AVAILABLE)[places] if own.lag is None else event + own.lag
        order = time_order(key[places], event, available)
        self._rows = rows
        self._places = places[order]
        self._key, self._event, self._available = key[self._places], event[order], available[order]
        self._key_count = int(key.max(initial=-1)) + 1
        self._known: dict[_Wanted, Stream] = {}

    def all(self) -> Stream:
        return self._stream((None, None, False))

    def of(self, measure: Measure) -> Stream:
        return self._stream((measure.member, measure.value, measure.takes_values))

    def _stream(self, wanted: _Wanted) -> Stream:
        if wanted not in self._known:
            self._known[wanted] = self._made(*wanted)
        return self._known[wanted]

    def _made(self, member: str | None, value: str | None, takes_values: bool) -> Stream:
        takes_part = np.ones(len(self._places), dtype=bool)
        if member is not None:
            takes_part &= self._column(member).fill_null(False).to_numpy(zero_copy_only=False)
        column = None if value is None else self._column(value)
        if column is not None and column.null_count:
            takes_part &= column.is_valid().to_numpy(zero_copy_only=False)
        times = [self._key, self._event, self._available]
        if not takes_part.all():
            times = [each[takes_part] for each in times]
            column = None if column is None else column.filter(pa.array(takes_part))
        key, event, available = times
        values = encode(column) if takes_values else None
        return stream_of(key, self._key_count, event, available, values)

    def _column(self, name: str) -> pa.Array:
        return self._rows[name].combine_chunks().take(pa.array(self._places))
