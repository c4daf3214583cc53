"""One table's rows in the order in which they win, and the winner at each T."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skewless.ground.event_rows import EventAnswers, EventRows, is_stale
from skewless.ground.order.ranks import ranks
from skewless.ground.order.time_order import Ints, rows_in_order
from skewless.parts.asof.kernel.clock import Clock, clock_of
from skewless.parts.asof.kernel.layout import AVAILABLE, MOMENT, NOBODY, SideLayout, ValuePlace
from skewless.parts.asof.kernel.rows import Rows

NEVER = np.iinfo(np.int64).max


class SortedSide:
    """A table's rows by (key, event timestamp, available), ties as J4 settles them: a later row beats those before.

    `places` are the table's rows among all rows, `key` the keys of all rows as numbers below `key_count`. In a static
    table all instants are 0, and so is every T that it is asked about.
    """

    def __init__(self, layout: SideLayout, rows: Rows, places: Ints, key: Ints, key_count: int) -> None:
        self.layout, self._rows, self._key_count = layout, rows, key_count
        event = rows.numbers(MOMENT)[places]
        available = rows.numbers(AVAILABLE)[places] if layout.lag is None else event + layout.lag
        own = key[places]
        order = rows_in_order(own, event, available, list(self._ranks(places)))
        self.places, self.key = places[order], own[order]
        self.event, self.available = event[order], available[order]

    def _ranks(self, places: Ints) -> Iterator[Callable[[Ints], Ints]]:
        """What settles ties, the weightiest first: the selected columns, then the rows' ends, null the greatest."""
        for place in self.layout.columns.values():
            yield partial(self._ranks_at, places, place)
        if self.layout.ends is not None:
            yield partial(self._ends_at, places, self.layout.ends)

    def _ranks_at(self, places: Ints, place: ValuePlace, tied: Ints) -> Ints:
        return ranks(*self._rows.values([place], places[tied]))

    def _ends_at(self, places: Ints, place: ValuePlace, tied: Ints) -> Ints:
        return _or_never(*self._rows.values([place], places[tied]))

    def values(self, places: Sequence[ValuePlace], rows: Ints, absent: NDArray[np.bool_]) -> list[pa.Array]:
        """The values of these rows of the table, counted in its order; null where `absent`."""
        if not len(self.places):
            return [self._rows.no_values(place, len(rows)) for place in places]
        return self._rows.values(places, self.places[rows], absent if absent.any() else None)

    @cached_property
    def ends(self) -> Ints:
        """From when on each row is over."""
        assert self.layout.ends is not None, "asked of a table whose rows end"
        return _or_never(*self._rows.values([self.layout.ends], self.places))

    @cached_property
    def answers(self) -> EventAnswers | None:
        if self.layout.answers is None:
            return None
        rows, names, places = self._rows, self.layout.events, self.places

        def column(name: str) -> pa.Array:
            # Of `self` this would make a cycle, and rows would stay in memory until Python looks for such.
            (values,) = rows.values([names[name]], places)
            return values

        return self.layout.answers(EventRows(self.key, self.event, self.available, self._key_count, column))

    def winners(self, key: Ints, at: Ints) -> Ints:
        """The row that wins at each T among those visible then, or NOBODY.

        A row is visible from `max(event, available)` on. The greatest row of those seen so far is the running maximum
        over rows in that order: late rows and corrections take effect when they arrive, never before.

        | at    | row                     | running maximum |
        | ----- | ----------------------- | --------------- |
        | 10:00 | event 10:00             | event 10:00     |
        | 10:30 | label event, T = 10:30  | → event 10:00   |
        | 11:00 | event 09:00, came late  | event 10:00     |
        """
        if not len(self.places):
            return np.full(len(key), NOBODY, dtype=np.int64)
        clock, seen, greatest = self._by_visibility
        question = (key << clock.bits) + clock.count_until(at, inclusive=not self.layout.strict)
        found = np.searchsorted(seen, question)
        return np.where(found > self._starts[key], greatest[found - 1], NOBODY)

    @cached_property
    def _starts(self) -> Ints:
        """How many rows the keys before each one have."""
        sizes = np.bincount(self.key, minlength=self._key_count)
        return np.cumsum(sizes) - sizes

    @cached_property
    def _by_visibility(self) -> tuple[Clock, Ints, Ints]:
        """Key and instant of visibility as one number per row, ascending, and the greatest row up to each."""
        visible = np.maximum(self.event, self.available)
        clock = clock_of(visible, int(self._key_count).bit_length())
        seen = (self.key << clock.bits) | clock.numbers(visible)
        if np.all(seen[1:] >= seen[:-1]):
            return clock, seen, np.arange(len(seen))
        order = np.argsort(seen, kind="stable")
        # Rows of a later key have greater places than all rows of those before, so that the maximum needs no keys.
        return clock, seen[order], np.maximum.accumulate(order)

    def surviving(self, winner: Ints, at: Ints) -> NDArray[np.bool_]:
        """Whether there is a winner that is fresh and not over at T: no older row takes its place (J3)."""
        alive: NDArray[np.bool_] = winner != NOBODY
        if len(self.places):
            if self.layout.max_age is not None:
                alive &= ~is_stale(at - self.event[winner], self.layout.max_age)
            if self.layout.ends is not None:
                alive &= at < self.ends[winner]
        return alive


def _or_never(ends: pa.Array) -> Ints:
    filled: Ints = pc.fill_null(ends, NEVER).to_numpy(zero_copy_only=False)
    return filled
