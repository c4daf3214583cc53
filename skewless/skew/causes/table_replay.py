"""One joined table by other rules: other rows, other T, other windows, other keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.ground.arrow_values import python_list
from skewless.ground.instants import utc
from skewless.parts.asof import JoinSide
from skewless.parts.windows import WindowReduction
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.plan.document.result_columns import columns_of_table, joined
from skewless.skew.causes.clocks import (
    Clock,
    Ints,
    Move,
    moves,
)
from skewless.skew.causes.other_windows import Bounds, other_boundaries, other_calendars, window_bounds
from skewless.skew.causes.value_tests import TEXT_FORMS
from skewless.skew.causes.values import LOOSE, values_of
from skewless.skew.store_age import hours
from skewless.training_set.on_driver.history import History

Altered = dict[str, pa.Array]

REPRODUCED = 0.99
"""The share of the sample that a table's history has to give as it was recomputed."""


class Change(NamedTuple):
    """One thing done otherwise: the cause that it is, and the inputs of some records as they would have been.

    `variants` is how many changes of the kind are tried.
    """

    cause: str
    detail: str
    variants: int
    alter: Callable[[Ints], Altered]


@dataclass(frozen=True)
class Sample:
    """Records on the driver: T in microseconds, and columns by the name by which functions take them.

    `columns` holds joined columns, label columns and functions, as recomputed. `materialized_at` is in microseconds
    when the store that served each record was, T where that is not known; None where it is of none. `named` is what
    each record can be looked up by: the keys as they were logged, and the ids of request and record.
    """

    at: Ints
    columns: Mapping[str, pa.Array]
    label: Mapping[str, pa.Array]
    materialized_at: Ints | None = None
    named: Mapping[str, pa.Array] = field(default_factory=dict)
    lists: dict[str, list[Any]] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.at)

    def listed(self, name: str) -> list[Any]:
        """A column as Python values."""
        if name not in self.lists:
            self.lists[name] = python_list(self.columns[name])
        return self.lists[name]


class JoinedAgain:
    """One joined table: its columns under any rule."""

    def __init__(self, history: History, sample: Sample, clocks: Sequence[Clock]) -> None:
        self.history, self.sample, self._clocks = history, sample, clocks
        self.side: JoinSide = history.side
        self._labels = [sample.label[name] for name in self.side.label_columns]
        self.key = history.entities(self._labels, len(sample))
        reduction = self.side.reduction
        self._reduction = reduction if isinstance(reduction, WindowReduction) else None

    @cached_property
    def result_columns(self) -> set[str]:
        aggregations = [each.name for each in self.aggregations]
        return set(columns_of_table(self.side.name, self.side.columns, aggregations))

    @property
    def aggregations(self) -> tuple[Aggregation, ...]:
        return self._reduction.aggregations if self._reduction else ()

    def values(  # noqa: PLR0913  (each rule has its default)
        self,
        wanted: set[str],
        which: Ints,
        *,
        at: Ints | None = None,
        key: Ints | None = None,
        late: bool = False,
        back: int = 0,
        survive: bool = True,
        seen: Ints | None = None,
        history: History | None = None,
    ) -> Altered:
        """The wanted columns of some records, by default as the training set has them.

        `seen` is until when rows were there, where that is before T.
        """
        history = history or self.history
        at = self.sample.at[which] if at is None else at
        key = self.key[which] if key is None else key
        found: Altered = {}
        columns = [name for name in self.side.columns if joined(self.side.name, name) in wanted]
        if columns:
            place = history.winners(key, at, late=late, back=back, survive=survive, seen=seen)
            found |= {joined(self.side.name, name): history.value(name, place) for name in columns}
        for aggregation, measure in self._measures(wanted):
            bounds = window_bounds(aggregation, at)
            name = joined(self.side.name, aggregation.name)
            found[name] = history.aggregate(measure, key, at, bounds, late=late, back=back, seen=seen)
        return found

    def is_reproduced(self) -> bool:
        """Whether the history gives what was recomputed: one that does not is no evidence of anything."""
        wanted = self.result_columns & self.sample.columns.keys()
        found = self.values(wanted, np.arange(len(self.sample)))
        return all(
            np.mean(values_of(found[name]).same(values_of(self.sample.columns[name]), LOOSE)) > REPRODUCED
            for name in wanted
            if len(self.sample)
        )

    def behind(self, wanted: set[str], place: int) -> Iterator[str]:
        """The winning row of one record and the row before it, and what its windows hold."""
        which = np.array([place])
        key, at = self.key[which], self.sample.at[which]
        columns = [name for name in self.side.columns if joined(self.side.name, name) in wanted]
        for role, back in (("row used", 0), ("row before", 1)) if columns else ():
            (row,) = self.history.winners(key, at, back=back, survive=not back)
            yield f"{self.side.name}: {role}: {self.history.as_text(row, columns)}"
        for aggregation, measure in self._measures(wanted) if key[0] >= 0 else ():
            start, end = (int(bound[0]) for bound in window_bounds(aggregation, at))
            events, last = self.history.events_inside(measure, int(key[0]), int(at[0]), (start, end))
            newest = f", the last at {', '.join(map(utc, last))}" if last else ""
            window = f"[{utc(start)}, {utc(end)})"
            yield f"{self.side.name}: {aggregation.name}: {events} events in {window}{newest}"

    def changes(self, wanted: set[str]) -> Iterator[Change]:
        if self.side.event_timestamp is not None:
            yield from self._of_the_store(wanted)
            yield self._change("stale_value", "the row before", 2, wanted, back=1, survive=False)
            yield self._change("stale_value", "the row before, where it is fresh", 2, wanted, back=1)
            if self.side.lag != 0:
                yield self._change("late_data", "rows taken before they were available", 1, wanted, late=True)
            tried = list(moves(list(self._clocks)))
            for move in tried:
                yield Change("timezone_shift", f"T {move.detail}", len(tried), self._moved(move, wanted))
            for aggregation, measure in self._measures(wanted):
                yield from self._other_windows(aggregation, measure)
        yield from self._other_keys(wanted)

    def _of_the_store(self, wanted: set[str]) -> Iterator[Change]:
        """What a store that was materialised so long before T had, however many rows that is behind.

        How old it was is said of the records that it reached: whose winner became visible afterwards.
        """
        seen, at = self.sample.materialized_at, self.sample.at
        if seen is None:
            return
        reached = self.history.winners(self.key, at, seen=seen) != self.history.winners(self.key, at)
        if not reached.any():
            return

        def alter(which: Ints) -> Altered:
            return self.values(wanted, which, seen=seen[which])

        age = hours(float(np.median((at - seen)[reached])))
        yield Change("stale_value", f"{self.side.name}: the rows of the store, {age} old", 1, alter)

    def _change(self, cause: str, detail: str, variants: int, wanted: set[str], **rules: Any) -> Change:
        of_table = f"{self.side.name}: {detail}"
        return Change(cause, of_table, variants, lambda which: self.values(wanted, which, **rules))

    def _moved(self, move: Move, wanted: set[str]) -> Callable[[Ints], Altered]:
        return lambda which: self.values(wanted, which, at=move(self.sample.at[which]))

    def _other_windows(self, aggregation: Aggregation, measure: Any) -> Iterator[Change]:
        name = joined(self.side.name, aggregation.name)
        for cause, tried in (
            ("window_boundary", list(other_boundaries(aggregation))),
            ("calendar_vs_rolling", list(other_calendars(aggregation, self._clocks))),
        ):
            for detail, bounds in tried:

                def alter(which: Ints, bounds: Bounds = bounds) -> Altered:
                    at = self.sample.at[which]
                    return {name: self.history.aggregate(measure, self.key[which], at, bounds(at))}

                yield Change(cause, f"{name}: {detail}", len(tried), alter)

    def _other_keys(self, wanted: set[str]) -> Iterator[Change]:
        texts = [place for place, each in enumerate(self._labels) if pa.types.is_string(each.type)]
        for detail, form in TEXT_FORMS.items() if texts else ():

            def alter(which: Ints, form: Callable[[str], str] = form) -> Altered:
                columns = [each.take(pa.array(which)) for each in self._labels]
                for place in texts:
                    columns[place] = _formed(columns[place], form)
                return self.values(wanted, which, key=self.history.entities(columns, len(which)))

            yield Change("text_normalization", f"{self.side.name}: key in {detail}", len(TEXT_FORMS), alter)

    def _measures(self, wanted: set[str]) -> list[tuple[Aggregation, Any]]:
        if self._reduction is None:
            return []
        measures = self._reduction.measures(self.side.events_slot)
        pairs = zip(self._reduction.aggregations, measures, strict=True)
        return [(one, other) for one, other in pairs if joined(self.side.name, one.name) in wanted]


def _formed(column: pa.Array, form: Callable[[str], str]) -> pa.Array:
    return pa.array([None if each is None else form(each) for each in column.to_pylist()], column.type)
