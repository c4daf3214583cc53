"""One feature table's rows of some entities, held on the driver: what wins and what windows hold, by any rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.ground.event_rows import EventRows, is_stale
from skewless.ground.instants import MICROSECOND, utc
from skewless.ground.order.ranks import ranks
from skewless.ground.order.time_order import Ints, rows_in_order
from skewless.parts.asof import JoinSide
from skewless.parts.windows.kernel.events import TableEvents
from skewless.parts.windows.kernel.kernel import AggregationError
from skewless.parts.windows.kernel.layout import Measure
from skewless.parts.windows.kernel.reducers import evaluated, with_empty
from skewless.parts.windows.kernel.stream import Questions, Stream
from skewless.parts.windows.kernel.tree import Keys
from skewless.parts.windows.kernel.view import Windows

NOBODY, NO_ENTITY = -1, -2
BEFORE_ALL = int(np.iinfo(np.int64).min) + 1


class History:
    """The collected rows of one side.

    `key` in every question numbers entities: NOBODY has no row here, NO_ENTITY is a null key (J1).
    """

    def __init__(self, side: JoinSide, rows: pa.Table) -> None:
        self.side = side
        self._width = len(side.keys)
        self._of: dict[tuple[object, ...], int] = {}
        rows = rows.combine_chunks()
        number = self._numbers([rows[f"key_{place}"] for place in range(self._width)], len(rows), grow=True)
        order = _order(rows, number, len(side.columns))
        self.rows = rows.take(pa.array(order))
        self._key = number[order]

    def rows_of(self, key: int) -> pa.Table:
        """An entity's rows in the order of J4, the greatest last."""
        first, last = np.searchsorted(self._key, [key, key + 1])
        return self.rows.slice(first, last - first)

    def entities(self, columns: Sequence[pa.Array], size: int) -> Ints:
        """The numbers of entities by their key values; integers of every width are keys alike (J8)."""
        return self._numbers(columns, size, grow=False)

    def _numbers(self, columns: Sequence[pa.Array], size: int, *, grow: bool) -> Ints:
        if not columns:
            if grow:
                self._of[()] = 0
            return np.zeros(size, dtype=np.int64)
        keys = zip(*[each.to_pylist() for each in columns], strict=True)
        if grow:
            return np.array([self._of.setdefault(key, len(self._of)) for key in keys], dtype=np.int64)
        found = [NO_ENTITY if None in key else self._of.get(key, NOBODY) for key in keys]
        return np.array(found, dtype=np.int64)

    def winners(
        self,
        key: Ints,
        at: Ints,
        *,
        late: bool = False,
        back: int = 0,
        survive: bool = True,
        seen: Ints | None = None,
    ) -> Ints:
        """The place in `rows` of the row that wins at each T, or of the one `back` before it; NOBODY without one.

        `late` takes every row as available at its event timestamp; `survive` drops a winner that is too old or over;
        `seen` takes only what was visible by then.
        """
        place = np.full(len(key), NOBODY, dtype=np.int64)
        asked = np.flatnonzero(key >= 0)
        if not len(asked) or not len(self.rows):
            return place
        stream = self._streams[late]
        until = self._until(at[asked], None if seen is None else seen[asked])
        if self.side.event_timestamp is None:
            until = np.zeros(len(asked), dtype=np.int64)
        question = Questions(key[asked], np.full(len(asked), BEFORE_ALL), until + 1, until)
        place[asked] = _nth_last(Windows(stream, stream.runs(question), key[asked], at[asked]), back)
        return self._surviving(place, at) if survive else place

    def _surviving(self, place: Ints, at: Ints) -> Ints:
        row = np.maximum(place, 0)
        gone = np.zeros(len(place), dtype=bool)
        if self.side.max_age is not None:
            gone |= is_stale(at - self._event[row], self.side.max_age // MICROSECOND)
        if self.side.valid_until:
            gone |= self._ends[row] <= at
        return np.where(gone, NOBODY, place)

    def value(self, column_name: str, place: Ints) -> pa.Array:
        """A selected column of the rows at these places, null for NOBODY."""
        values = self.rows[f"value_{self.side.columns.index(column_name)}"].combine_chunks()
        return values.take(pa.array(place, mask=place == NOBODY))

    def as_text(self, place: int, columns: Sequence[str]) -> str:
        """One row as text: its times and values."""
        if place == NOBODY:
            return "none"
        values = [f"{name} = {self.value(name, np.array([place]))[0].as_py()}" for name in columns]
        if self.side.event_timestamp is None:
            return ", ".join(values)
        times = [f"event {utc(int(self._event[place]))}", f"available {utc(int(self._available[place]))}"]
        return ", ".join([*times, *values])

    def aggregate(
        self,
        measure: Measure,
        key: Ints,
        at: Ints,
        bounds: tuple[Ints, Ints],
        *,
        late: bool = False,
        back: int = 0,
        seen: Ints | None = None,
    ) -> pa.Array:
        """An aggregation over [start, end) of the events visible at T; with `back` without the newest of them.

        Errors: AggregationError where the result's type cannot hold it.
        """
        asked = np.flatnonzero(key >= 0)
        own = None if seen is None else seen[asked]
        windows = self._windows(
            measure, key[asked], at[asked], (bounds[0][asked], bounds[1][asked]), late, own
        )
        if back:
            newest = np.where(windows.is_empty, bounds[1][asked], windows.newest)
            windows = self._windows(measure, key[asked], at[asked], (bounds[0][asked], newest), late, own)
        try:
            found = evaluated(measure.function, windows, measure.argument)
        except ArithmeticError as error:
            raise AggregationError(f"aggregation '{measure.name}': {error}") from error
        if len(asked) == len(key):
            return found
        answer = np.full(len(key), NOBODY, dtype=np.int64)
        answer[asked] = np.arange(len(asked))
        answers = found.take(pa.array(answer, mask=answer == NOBODY))
        return with_empty(measure.function, answers, key == NOBODY)

    def events_inside(
        self, measure: Measure, key: int, at: int, bounds: tuple[int, int]
    ) -> tuple[int, list[int]]:
        """How many visible events are in one window, and when the last few of them happened."""
        one = np.array([key]), np.array([at])
        windows = self._windows(measure, *one, (np.array([bounds[0]]), np.array([bounds[1]])), False)
        places = [place for _, part in windows.expanded() for place in part.tolist()]
        return len(places), [int(windows.stream.event[place]) for place in places[-3:]]

    def _windows(
        self,
        measure: Measure,
        key: Ints,
        at: Ints,
        bounds: tuple[Ints, Ints],
        late: bool,
        seen: Ints | None = None,
    ) -> Windows:
        stream = self._events[late].of(measure)
        return Windows(stream, stream.runs(Questions(key, *bounds, self._until(at, seen))), key, at)

    def _until(self, at: Ints, seen: Ints | None) -> Ints:
        until = at - 1 if self._is_strict else at
        return until if seen is None else np.minimum(until, seen)

    @property
    def _is_strict(self) -> bool:
        return self.side.strict and self.side.event_timestamp is not None

    @cached_property
    def _event(self) -> Ints:
        return np.asarray(self.rows["event"].to_numpy(), dtype=np.int64)

    @cached_property
    def _available(self) -> Ints:
        return np.asarray(self.rows["available"].to_numpy(), dtype=np.int64)

    @cached_property
    def _ends(self) -> Ints:
        never = int(np.iinfo(np.int64).max)
        return np.asarray(pc.fill_null(self.rows["ends"], never).to_numpy(), dtype=np.int64)

    @cached_property
    def _streams(self) -> dict[bool, Stream]:
        sizes = np.bincount(self._key, minlength=len(self._of)).astype(np.int64)
        keys = Keys(np.cumsum(sizes) - sizes, sizes)
        return {
            False: Stream(keys, self._event, self._available, None),
            True: Stream(keys, self._event, self._event, None),
        }

    @cached_property
    def _events(self) -> dict[bool, TableEvents]:
        """The rows as the window kernel takes them, by whether every row is available at its event timestamp."""

        def column(name: str) -> pa.Array:
            return self.rows[name].combine_chunks()

        available_as = {False: self._available, True: self._event}
        return {
            late: TableEvents(EventRows(self._key, self._event, available, len(self._of), column))
            for late, available in available_as.items()
        }


def _order(rows: pa.Table, number: Ints, columns: int) -> Ints:
    """The order of J4 within each entity, the greatest row last."""
    event, available = (np.asarray(rows[name].to_numpy(), dtype=np.int64) for name in ("event", "available"))
    values = [rows[f"value_{place}"].combine_chunks() for place in range(columns)]
    ends = pc.fill_null(rows["ends"].combine_chunks(), int(np.iinfo(np.int64).max))
    settling = [partial(_ranks_at, column) for column in (*values, ends)]
    return rows_in_order(number, event, available, settling)


def _ranks_at(column: pa.Array, places: Ints) -> Ints:
    return ranks(column.take(pa.array(places)))


def _nth_last(windows: Windows, back: int) -> Ints:
    """The place of each question's last event, or of the one `back` before it."""
    place = np.full(windows.size, NOBODY, dtype=np.int64)
    missing = np.full(windows.size, back, dtype=np.int64)
    for run in reversed(windows.runs):
        length = np.maximum(run.end - run.first, 0)
        still = missing[run.which]
        found = (still >= 0) & (length > still)
        which = run.which[found]
        place[which] = (
            windows.stream.keys.starts[windows.key[which]] + (run.end - 1 - missing[run.which])[found]
        )
        missing[run.which] = np.where(found, NOBODY, still - np.where(still >= 0, length, 0))
    return place
