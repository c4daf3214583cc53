"""Window aggregations over sorted rows in Arrow: batches of whole keys in, label events with their aggregates out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jobs.pit.windows.codes import encode
from jobs.pit.windows.reducers import REDUCERS
from jobs.pit.windows.stream import Questions, Stream, stream_of
from jobs.pit.windows.tree import Ints
from jobs.pit.windows.view import Windows

ROWS_AT_ONCE = 500_000
"""Rows gathered before whole keys are worked on; a key with more is worked on alone."""


@dataclass(frozen=True)
class Measure:
    """One aggregation in the kernel's terms.

    `member` is the field of the event struct that says which events take part, `value` the one that holds the
    column, None without; the window is `length` microseconds that end `offset` before T, or the columns `start` and
    `end` of the label events.
    """

    name: str
    function: str
    argument: Any
    member: str
    value: str | None
    length: int = 0
    offset: int = 0
    bounds: tuple[str, str] | None = None


@dataclass(frozen=True)
class Layout:
    """The columns of the rows: keys, the label event's T (null for events), and per table its struct of events.

    `events` maps the struct column of a table's events (`event`, `available`, members, values) to its measures;
    `strict` names those whose availability has to be before T.
    """

    keys: tuple[str, ...]
    time: str
    label_id: str
    carried: tuple[str, ...]
    events: Mapping[str, tuple[Measure, ...]]
    strict: frozenset[str] = frozenset()


def aggregate_batches(batches: Iterator[pa.RecordBatch], layout: Layout) -> Iterator[pa.RecordBatch]:
    """The label events of sorted rows, each with a struct of aggregates per table in place of the events."""
    for rows in whole_keys(batches, layout.keys):
        key = _key_numbers(rows, layout.keys)
        is_label = rows[layout.label_id].is_valid()
        labels = rows.filter(is_label)
        if not len(labels):
            continue
        label_key = key[is_label.to_numpy()]
        columns = {name: labels[name].combine_chunks() for name in layout.carried}
        for name, measures in layout.events.items():
            columns[name] = _aggregated(rows, key, labels, label_key, name, measures, layout)
        yield from pa.table(columns).to_batches(max_chunksize=10_000)


def whole_keys(batches: Iterator[pa.RecordBatch], keys: Sequence[str]) -> Iterator[pa.Table]:
    """Tables of at least `ROWS_AT_ONCE` rows that begin and end where a key does."""
    whole: list[pa.RecordBatch] = []
    last_key: list[pa.RecordBatch] = []
    for batch in batches:
        if not len(batch):
            continue
        change = _last_change(last_key, batch, keys)
        if change is None:
            last_key.append(batch)
            continue
        whole += [*last_key, batch.slice(0, change)]
        last_key = [batch.slice(change)]
        if sum(map(len, whole)) >= ROWS_AT_ONCE:
            yield pa.Table.from_batches(whole).combine_chunks()
            whole = []
    if whole or last_key:
        yield pa.Table.from_batches([*whole, *last_key]).combine_chunks()


def _last_change(before: Sequence[pa.RecordBatch], batch: pa.RecordBatch, keys: Sequence[str]) -> int | None:
    """The place in a batch from which on its last key goes on, None where it only continues the key before."""
    last_row = [before[-1].slice(len(before[-1]) - 1)] if before else []
    changes = np.flatnonzero(_changes(pa.Table.from_batches([*last_row, batch]).select(keys), keys))
    return int(changes[-1]) - len(last_row) if len(changes) else None


def _changes(rows: pa.Table, keys: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Per row, whether its key differs from that of the row before; nulls equal nulls."""
    changed = np.zeros(len(rows), dtype=bool)
    for name in keys:
        column = rows[name].combine_chunks()
        here, before = column.slice(1), column.slice(0, len(column) - 1)
        differs = pc.fill_null(pc.not_equal(here, before), False)
        one_null = pc.not_equal(here.is_null(), before.is_null())
        changed[1:] |= pc.or_(differs, one_null).to_numpy(zero_copy_only=False)
    return changed


def _key_numbers(rows: pa.Table, keys: Sequence[str]) -> Ints:
    return np.cumsum(_changes(rows, keys)).astype(np.int64)


def _aggregated(
    rows: pa.Table,
    key: Ints,
    labels: pa.Table,
    label_key: Ints,
    name: str,
    measures: Sequence[Measure],
    layout: Layout,
) -> pa.Array:
    """The struct of one table's aggregates for all label events, of nulls where T or the key is null."""
    at = labels[layout.time].combine_chunks()
    is_asked = at.is_valid().to_numpy(zero_copy_only=False)
    moments = pc.fill_null(at, 0).to_numpy(zero_copy_only=False)[is_asked]
    seen_until = moments - 1 if name in layout.strict else moments
    streams = _Streams(rows, key, name)
    views: dict[object, Windows] = {}
    fields = []
    for measure in measures:
        place = (measure.member, measure.value, measure.length, measure.offset, measure.bounds)
        if place not in views:
            start, end = _bounds(measure, labels, is_asked, moments)
            asked = Questions(label_key[is_asked], start, end, seen_until)
            stream = streams.of(measure)
            views[place] = Windows(stream, stream.runs(asked), asked.key, moments)
        fields.append(_evaluated(measure, views[place]))
    positions = np.cumsum(is_asked) - 1
    take = pa.array(positions, mask=~is_asked)
    return pa.StructArray.from_arrays(
        [field.take(take) for field in fields], [measure.name for measure in measures]
    )


def _evaluated(measure: Measure, windows: Windows) -> pa.Array:
    try:
        with np.errstate(all="ignore"):
            return REDUCERS[measure.function](windows, measure.argument)
    except ArithmeticError as error:
        raise AggregationError(f"aggregation '{measure.name}': {error}") from error


def _bounds(measure: Measure, labels: pa.Table, is_asked: Any, moments: Ints) -> tuple[Ints, Ints]:
    if measure.bounds is None:
        end = moments - measure.offset
        return end - measure.length, end
    start, end = (labels[name].combine_chunks() for name in measure.bounds)
    return tuple(pc.fill_null(column, 0).to_numpy(zero_copy_only=False)[is_asked] for column in (start, end))


class AggregationError(ArithmeticError):
    """An aggregation whose result its type cannot hold; the message names it."""


class _Streams:
    """The sorted streams of one table's events, one for each pair of member and value, sorted when first asked for."""

    def __init__(self, rows: pa.Table, key: Ints, name: str) -> None:
        events = rows[name].combine_chunks()
        is_event = events.is_valid()
        self._events = events.filter(is_event)
        self._key = key[is_event.to_numpy(zero_copy_only=False)]
        self._key_count = int(key[-1]) + 1 if len(key) else 0
        self._known: dict[tuple[str, str | None], Stream] = {}

    def of(self, measure: Measure) -> Stream:
        wanted = (measure.member, measure.value)
        if wanted not in self._known:
            self._known[wanted] = self._sorted(*wanted)
        return self._known[wanted]

    def _sorted(self, member: str, value: str | None) -> Stream:
        takes_part = self._events.field(member)
        events = self._events.filter(takes_part)
        key = self._key[takes_part.to_numpy(zero_copy_only=False)]
        event, available = (
            events.field(name).to_numpy(zero_copy_only=False) for name in ("event", "available")
        )
        values = None if value is None else encode(events.field(value))
        return stream_of(key, self._key_count, event, available, values)
