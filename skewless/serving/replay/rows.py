"""The raw rows of the entities of replayed label events, and those of them that are near T."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from skewless.serving.errors import shown
from skewless.serving.plan.serve.column_values import instants
from skewless.serving.plan.serve.compiled import TableNeeds
from skewless.serving.plan.serve.join import Entity, Row, RowTimes
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.plan.serve.windows import aggregates_of
from skewless.serving.values.instants import micros

Entities = Mapping[Entity, Sequence[Row]]
"""Values of the key columns, in the order of the join keys → the raw rows of that entity."""

_BEFORE, _AROUND, _SHOWN = 50, 10, 5
_ALL_VALUES = 2**31 - 1


class _Timeline(NamedTuple):
    """Rows by event timestamp, in microseconds; `untimed` are those without one."""

    moments: list[int]
    rows: list[Row]
    untimed: list[Row]


class RowsNear:
    """One table's raw rows by entity."""

    def __init__(self, table: JoinedTable, needs: TableNeeds, entities: Entities) -> None:
        self._table, self._needs, self._entities = table, needs, entities
        self._times = RowTimes.of(table)
        self._timelines: dict[Entity, _Timeline] = {}

    def rows(self, label_event: Row, at: dt.datetime | None, whole: bool) -> Sequence[Row]:
        """Those that an as-of join chooses from: all, or the last ones at or before T and the first ones after.

        Rows that tie stay together, and where none of the last ones is visible all are given, so that both ways the
        same row wins.
        """
        entity = self._entity(label_event)
        everything = self._entities.get(entity, ())
        if whole or at is None or self._table.event_timestamp is None:
            return everything
        moments, rows, untimed = self._timeline(entity)
        place = bisect_right(moments, micros(at))
        first = bisect_left(moments, moments[place - _BEFORE]) if place > _BEFORE else 0
        near = [*untimed[:_AROUND], *rows[first : place + _AROUND]]
        return near if first == 0 or self._times.visible(near, entity, micros(at)) else everything

    def events(self, label_event: Row, at: dt.datetime | None, whole: bool) -> Sequence[Row]:
        """Those that windows count: all, or those from the look-back on and some on either side."""
        entity = self._entity(label_event)
        back = self._needs.event_look_back
        if whole or at is None or back is None:
            return self._entities.get(entity, ())
        moments, rows, untimed = self._timeline(entity)
        first = bisect_left(moments, micros(at) - back // dt.timedelta(microseconds=1))
        place = bisect_right(moments, micros(at))
        return [*untimed[:_AROUND], *rows[max(0, first - _AROUND) : place + _AROUND]]

    def summed_values(self, name: str, label_event: Row, at: dt.datetime) -> list[Any] | None:
        """The values that an aggregation sums up; None of one that does not sum."""
        found = [each for each in self._table.aggregations if each.name == name]
        if not found or not found[0].kind.sums:
            return None
        listing = found[0]._replace(function="last_n", argument=_ALL_VALUES)
        values = aggregates_of(self._table._replace(aggregations=(listing,)))
        entity = self._entity(label_event)
        (summed,) = values(self.events(label_event, at, whole=True), entity, micros(at))
        return list(summed)

    def as_text(self, label_event: Row, at: dt.datetime | None) -> tuple[str, ...]:
        """A few rows around T as text, for whoever has to explain a difference."""
        entity = self._entity(label_event)
        rows: Sequence[Row] = self._entities.get(entity, ())
        if at is not None and self._table.event_timestamp is not None:
            moments, timed, _ = self._timeline(entity)
            place = bisect_right(moments, micros(at))
            rows = timed[max(0, place - _SHOWN) : place + 1]
        return tuple(
            ", ".join(f"{name}={shown(value)}" for name, value in row.items()) for row in rows[: _SHOWN + 1]
        )

    def _entity(self, label_event: Row) -> Entity:
        return tuple([label_event[column] for column in self._needs.keys.values()])

    def _timeline(self, entity: Entity) -> _Timeline:
        if entity not in self._timelines:
            self._timelines[entity] = self._sorted(self._entities.get(entity, ()))
        return self._timelines[entity]

    def _sorted(self, rows: Sequence[Row]) -> _Timeline:
        name = self._table.event_timestamp
        assert name is not None, "a static table is not asked for its times"
        instant = instants(self._table.types[name], self._table.timezone)
        timed = [(instant(row[name]), place) for place, row in enumerate(rows) if row[name] is not None]
        timed.sort()
        untimed = [row for row in rows if row[name] is None]
        return _Timeline([moment for moment, _ in timed], [rows[place] for _, place in timed], untimed)
