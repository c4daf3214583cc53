"""Which label events are hard cases of a table's windows, for the audit to look at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skewless.ground.order.time_order import Ints
from skewless.parts.windows.kernel.stream import Questions, Stream


def audit_flags_of(stream: Stream, windows: Iterable[Questions], size: int) -> pa.Array:
    """Per question a struct: `boundary`, an event lies exactly where one of its windows begins or ends; `late`, one
    inside is not yet visible; `events`, how many there are in the largest, visible or not.
    """
    boundary, late = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    events = np.zeros(size, dtype=np.int64)
    for asked in windows:
        first, end = stream.places(asked.key, asked.start), stream.places(asked.key, asked.end)
        boundary |= _lies_at(stream, asked.key, first, asked.start)
        boundary |= _lies_at(stream, asked.key, end, asked.end)
        late |= stream.latest_available(asked.key, first, end) > asked.seen_until
        events = np.maximum(events, end - first)
    return pa.StructArray.from_arrays(
        [pa.array(boundary), pa.array(late), pa.array(events)], ["boundary", "late", "events"]
    )


def _lies_at(stream: Stream, key: Ints, place: Ints, moment: Ints) -> NDArray[np.bool_]:
    """Whether the event at a place in a key, if there is one, is of this moment."""
    if not len(stream.event):
        return np.zeros(len(key), dtype=bool)
    inside = place < stream.keys.sizes[key]
    at = np.where(inside, stream.keys.starts[key] + place, 0)
    lies: NDArray[np.bool_] = inside & (stream.event[at] == moment)
    return lies
