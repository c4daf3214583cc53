"""One joined table's part of a trace: for each label event its values, the row they came from, and the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from skewless.ground.arrow_values import python_list
from skewless.ground.errors import InputError
from skewless.ground.instants import MICROSECOND, utc
from skewless.parts.asof import JoinSide
from skewless.parts.windows.kernel.kernel import AggregationError
from skewless.parts.windows.kernel.layout import Measure
from skewless.parts.windows.reduction import WindowReduction
from skewless.runs.trace import Event, Row, RowRules, Unused, events_traced, rows_traced, span
from skewless.runs.trace.findings import Times, TracedTable, TracedWindow, UnusedEvent, UnusedRow
from skewless.serving.plan.document.result_columns import joined
from skewless.training_set.on_driver.history import NO_ENTITY, History

if TYPE_CHECKING:
    from skewless.serving.aggregations.aggregation import Aggregation


def traced_table(history: History, events: pa.Table, moments: Sequence[int | None]) -> Iterator[TracedTable]:
    """What is told of the table for each label event; of one with a null key or a null T every value is null."""
    side = history.side
    columns = [events[name].combine_chunks() for name in side.label_columns]
    keys = history.entities(columns, len(moments)).tolist()
    entities = [python_list(events[name]) for _, name in side.keys]
    for place, (key, at) in enumerate(zip(keys, moments, strict=True)):
        own = {name: values[place] for (name, _), values in zip(side.keys, entities, strict=True)}
        if at is None or key == NO_ENTITY:
            yield _nothing(side, own, f"a null {'T' if at is None else 'key'} sees nothing")
        else:
            yield _EntityRows(history, key).traced(own, at)


class _EntityRows:
    """The rows of one entity, the greatest last."""

    def __init__(self, history: History, key: int) -> None:
        self._history, self._side, self._key = history, history.side, key
        self._table = history.rows_of(key)
        times = (self._table[name].to_pylist() for name in ("event", "available", "ends"))
        self._rows = [Row(place, *each) for place, each in enumerate(zip(*times, strict=True))]

    def traced(self, keys: Mapping[str, Any], at: int) -> TracedTable:
        side = self._side
        is_static = side.event_timestamp is None
        age = None if side.max_age is None else side.max_age // MICROSECOND
        found = rows_traced(self._rows, at, RowRules(side.strict, age, is_static))
        values = self._values(found.used)
        return TracedTable(
            keys,
            None,
            {joined(side.name, name): value for name, value in values.items()},
            found.used and self._times(found.used, at),
            tuple(self._unused_row(each, at) for each in found.unused),
            dict(self._aggregations(at)),
        )

    def _aggregations(self, at: int) -> Iterator[tuple[str, TracedWindow]]:
        for aggregation, measure in _measures(self._side):
            bounds = aggregation.window.bounds(at)
            found = events_traced(self._events(measure), at, bounds, strict=self._side.strict)
            yield (
                joined(self._side.name, aggregation.name),
                TracedWindow(
                    self._aggregate(measure, at, bounds),
                    utc(bounds[0]),
                    utc(bounds[1]),
                    found.inside,
                    tuple(self._times(row, at) for row in found.newest),
                    tuple(self._unused_event(each, at) for each in found.unused),
                ),
            )

    def _events(self, measure: Measure) -> list[Event]:
        wanted = self._whether(measure.member, lambda value: value is True)
        known = self._whether(measure.value, lambda value: value is not None)
        return [Event(*each) for each in zip(self._rows, wanted, known, strict=True)]

    def _whether(self, name: str | None, holds: Any) -> list[bool]:
        if name is None:
            return [True] * len(self._rows)
        return [holds(value) for value in self._table[name].to_pylist()]

    def _aggregate(self, measure: Measure, at: int, bounds: tuple[int, int]) -> Any:
        start, end = (np.array([bound]) for bound in bounds)
        try:
            value = self._history.aggregate(measure, np.array([self._key]), np.array([at]), (start, end))
        except AggregationError as error:
            raise InputError(f"feature table '{self._side.name}': {error}") from error
        return python_list(value)[0]

    def _values(self, row: Row | None) -> dict[str, Any]:
        if row is None:
            return dict.fromkeys(self._side.columns)
        columns = (self._table[f"value_{place}"] for place in range(len(self._side.columns)))
        values = [python_list(column.slice(row.place, 1))[0] for column in columns]
        return dict(zip(self._side.columns, values, strict=True))

    def _unused_row(self, unused: Unused, at: int) -> UnusedRow:
        times = self._times(unused.row, at)
        return UnusedRow(**vars(times), why=unused.why, detail=unused.detail, values=self._values(unused.row))

    def _unused_event(self, unused: Unused, at: int) -> UnusedEvent:
        return UnusedEvent(**vars(self._times(unused.row, at)), why=unused.why, detail=unused.detail)

    def _times(self, row: Row, at: int) -> Times:
        if self._side.event_timestamp is None:
            return Times(None, None, None, None)
        return Times(utc(row.event), utc(row.available), span(at - row.event), (at - row.event) / 1e6)


def _nothing(side: JoinSide, keys: Mapping[str, Any], note: str) -> TracedTable:
    """What is told where T or a key is null."""
    values = dict.fromkeys(joined(side.name, name) for name in side.columns)
    windows = {joined(side.name, each.name): TracedWindow() for each, _ in _measures(side)}
    return TracedTable(keys, note, values, None, (), windows)


def _measures(side: JoinSide) -> list[tuple[Aggregation, Measure]]:
    if not isinstance(side.reduction, WindowReduction):
        return []
    return list(zip(side.reduction.aggregations, side.reduction.measures(side.events_slot), strict=True))
