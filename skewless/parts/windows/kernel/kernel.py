"""Window aggregations over rows in Arrow: batches of whole keys in, label events with their aggregates out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skewless.ground.event_rows import LABEL_EVENT, MOMENT
from skewless.parts.windows.kernel.audit_flags import hardness_of
from skewless.parts.windows.kernel.batches import key_numbers, whole_keys, whole_numbers
from skewless.parts.windows.kernel.events import TableEvents
from skewless.parts.windows.kernel.layout import Layout, Measure, TableLayout
from skewless.parts.windows.kernel.reducers import evaluated
from skewless.parts.windows.kernel.stream import Questions, Stream
from skewless.parts.windows.kernel.tree import Ints
from skewless.parts.windows.kernel.view import Windows

ROWS_OUT = 10_000
_BEFORE_ALL = np.iinfo(np.int64).min


class AggregationError(ArithmeticError):
    """An aggregation whose result its type cannot hold; the message names it."""


def aggregate_batches(batches: Iterator[pa.RecordBatch], layout: Layout) -> Iterator[pa.RecordBatch]:
    """`label_event` of the label events among the rows, each with a struct of aggregates per table."""
    for rows in whole_keys(batches):
        key = key_numbers(rows, layout.keys)
        asked = _asked(rows, key)
        if not len(asked.labels):
            continue
        columns = {LABEL_EVENT: asked.labels[LABEL_EVENT].combine_chunks()}
        for name, own in layout.tables.items():
            columns |= _aggregated(TableEvents(rows, key, own), asked, name, own)
        yield from pa.table(columns).to_batches(max_chunksize=ROWS_OUT)


@dataclass(frozen=True)
class _Asked:
    """The label events of a batch; `key` and `at` (T) are those of the ones with an entity and a T, `which`."""

    labels: pa.Table
    which: NDArray[np.bool_]
    key: Ints
    at: Ints

    def whole_numbers(self, name: str) -> Ints:
        return whole_numbers(self.labels, name)[self.which]

    @cached_property
    def _answer_of(self) -> pa.Array:
        return pa.array(np.cumsum(self.which) - 1, mask=~self.which)

    def for_all(self, answers: pa.Array) -> pa.Array:
        """Answers to those who ask, null for the others."""
        return answers if self.which.all() else answers.take(self._answer_of)


def _asked(rows: pa.Table, key: Ints) -> _Asked:
    is_label = rows[LABEL_EVENT].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    labels = rows.filter(pa.array(is_label))
    which = labels[MOMENT].combine_chunks().is_valid().to_numpy(zero_copy_only=False)
    return _Asked(labels, which, key[is_label][which], whole_numbers(labels, MOMENT)[which])


def _aggregated(events: TableEvents, asked: _Asked, name: str, own: TableLayout) -> dict[str, pa.Array]:
    """The struct of one table's aggregates for all label events, and its winner's times where they are asked for."""
    seen_until = asked.at - 1 if own.strict else asked.at
    views: dict[object, Windows] = {}
    fields = []
    for measure in own.measures:
        stream = events.of(measure)
        place = (id(stream), measure.range)
        if place not in views:
            views[place] = _windows(stream, asked, _bounds(measure, asked), seen_until)
        fields.append(asked.for_all(_evaluated(measure, views[place])))
    found = {name: pa.StructArray.from_arrays(fields, [measure.name for measure in own.measures])}
    if own.newest is not None:
        everything = np.full(len(asked.at), _BEFORE_ALL), seen_until + 1
        windows = _windows(events.all(), asked, everything, seen_until)
        found[own.newest] = asked.for_all(windows.winners())
    if own.audit_flags is not None:
        ranges = {measure.range: measure for measure in own.measures}.values()
        questions = [Questions(asked.key, *_bounds(measure, asked), seen_until) for measure in ranges]
        found[own.audit_flags] = asked.for_all(hardness_of(events.all(), questions, len(asked.at)))
    return found


def _windows(stream: Stream, asked: _Asked, bounds: tuple[Ints, Ints], seen_until: Ints) -> Windows:
    return Windows(stream, stream.runs(Questions(asked.key, *bounds, seen_until)), asked.key, asked.at)


def _evaluated(measure: Measure, windows: Windows) -> pa.Array:
    try:
        return evaluated(measure.function, windows, measure.argument)
    except ArithmeticError as error:
        raise AggregationError(f"aggregation '{measure.name}': {error}") from error


def _bounds(measure: Measure, asked: _Asked) -> tuple[Ints, Ints]:
    if measure.bounds is None:
        end = asked.at - measure.offset
        return end - measure.length, end
    start, end = map(asked.whole_numbers, measure.bounds)
    return start, end
