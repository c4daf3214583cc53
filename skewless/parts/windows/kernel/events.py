"""One table's events, and the streams of them that its measures are about."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skewless.ground.event_rows import EventRows
from skewless.ground.order.codes import encode
from skewless.parts.windows.kernel.layout import Measure
from skewless.parts.windows.kernel.stream import Stream, stream_of

_Wanted = tuple[str | None, str | None, bool]


class TableEvents:
    """The events of one table, as `skewless.ground.event_rows` has them, and the streams made of them so far."""

    def __init__(self, rows: EventRows) -> None:
        self._rows = rows
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
        rows = self._rows
        takes_part = np.ones(len(rows.key), dtype=bool)
        if member is not None:
            takes_part &= rows.column(member).fill_null(False).to_numpy(zero_copy_only=False)
        column = None if value is None else rows.column(value)
        if column is not None and column.null_count:
            takes_part &= column.is_valid().to_numpy(zero_copy_only=False)
        times = [rows.key, rows.event, rows.available]
        if not takes_part.all():
            times = [each[takes_part] for each in times]
            column = None if column is None else column.filter(pa.array(takes_part))
        key, event, available = times
        # Codes in J4's order, so that the kernel compares whole numbers whatever the type; functions that take
        # no values (`count`) are spared it.
        values = encode(column) if takes_values else None
        return stream_of(key, rows.key_count, event, available, values)
