"""The rows of one bucket that do not fit in memory, in order of time, with what a slice needs of those before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from skewless.ground.order.time_order import Ints
from skewless.parts.asof.kernel.keys import KeyNumbers
from skewless.parts.asof.kernel.layout import AVAILABLE, MOMENT, OF_LABELS, SIDE, PassLayout
from skewless.parts.asof.kernel.rows import Rows
from skewless.parts.asof.kernel.sorted_side import SortedSide
from skewless.parts.asof.kernel.spill import Spilled, spilled

_SHARE_OF_SLICE = 2
"""A slice is this part of what may be held: the rest is for the rows that are carried on."""

_SAMPLED_OF_BATCH = 256
BEFORE_ALL, _SPREAD = np.iinfo(np.int64).min, 2**40


def time_slices(part: Spilled, layout: PassLayout, folder: str) -> Iterator[pa.Table]:
    """Slices by the instant at which rows become visible and label events ask, the earliest first.

    Each brings, of the rows before it, each key's greatest row of each table and those that a window can still reach.
    So memory is bounded by a slice and the largest window; rows of one instant cannot be cut. How many events an audit
    is told of leaves out those that become visible in a later slice.
    """
    bounds = _bounds(part, layout)

    def slice_of(rows: pa.Table) -> Ints:
        return np.searchsorted(bounds, _instants(Rows(rows), layout), side="right")

    carried: pa.Table | None = None
    for piece in spilled(part.batches(), slice_of, len(bounds) + 1, folder, layout.most_bytes):
        rows = piece.read()
        if carried is not None:
            first = int(_instants(Rows(rows), layout).min())
            rows = pa.concat_tables([_still_needed(carried, layout, first), rows])
        # In one piece, which is what the rows are worked on as: otherwise they would be held twice.
        rows = rows.combine_chunks()
        yield rows
        carried = _history(rows)
        del rows
        piece.delete()


def _bounds(part: Spilled, layout: PassLayout) -> Ints:
    """Where slices of about the same size begin, from a sample of the instants."""
    samples = []
    for batch in part.batches():
        instants = _instants(Rows(pa.Table.from_batches([batch])), layout)
        samples.append(instants[:: max(1, len(instants) // _SAMPLED_OF_BATCH)])
    known = np.sort(np.concatenate(samples))
    count = _SHARE_OF_SLICE * part.bytes // layout.most_bytes + 1
    return np.unique(known[np.arange(1, count) * len(known) // count])


def _instants(rows: Rows, layout: PassLayout) -> Ints:
    """When each row becomes visible or asks. Rows that are always visible, and label events that ask nothing, come
    before all others, spread so that they too can be cut.
    """
    side, moment = rows.numbers(SIDE), rows.numbers(MOMENT)
    visible = moment.copy()
    for own in layout.sides:
        is_own = side == own.tag
        if own.lag is None:
            visible[is_own] = np.maximum(moment, rows.numbers(AVAILABLE))[is_own]
        else:
            visible[is_own] = moment[is_own] + own.lag
    is_any = rows.column(MOMENT).is_null().to_numpy(zero_copy_only=False)
    spread = np.random.default_rng(0).integers(0, _SPREAD, int(is_any.sum()))
    visible[is_any] = BEFORE_ALL + spread
    return visible


def _history(rows: pa.Table) -> pa.Table:
    """The rows of tables among these."""
    return rows.filter(pa.array(Rows(rows).numbers(SIDE) != OF_LABELS))


def _still_needed(history: pa.Table, layout: PassLayout, first: int) -> pa.Table:
    """Of rows before `first`, each key's greatest row of each table, and those that windows from `first` on reach."""
    rows = Rows(history)
    keys = KeyNumbers([rows.column(name) for name in layout.keys], len(rows))
    side = rows.numbers(SIDE)
    needed = []
    for own in layout.sides:
        ordered = SortedSide(own, rows, np.flatnonzero(side == own.tag), keys.numbers, keys.count)
        is_needed = np.ones(len(ordered.key), dtype=bool)
        is_needed[:-1] = ordered.key[1:] != ordered.key[:-1]
        if own.oldest is not None:
            is_needed |= ordered.event >= (own.oldest(first) if first >= BEFORE_ALL + _SPREAD else first)
        # The greatest row may lie before every window, and still be what an as-of join finds.
        needed.append(ordered.places[is_needed])
    return history.take(pa.array(np.sort(np.concatenate(needed))))
