"""The events that one aggregation is about, in order, and the runs of them that each label event sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from skewless.ground.order.codes import Codes
from skewless.ground.order.time_order import Ints, same_as_before, ties_settled
from skewless.parts.windows.kernel.tree import Keys, Nodes, Tree

Prepared = TypeVar("Prepared")

MOST_LOOKED_AT = 1_000_000
"""Events of all windows together up to which each is looked at: the searches of trees, which do not depend on how long
a window is, take a step of Python for each level of each run, several times as long where windows are short.
"""


class Questions(NamedTuple):
    """What label events ask: their key, and the half-open range of event timestamps, seen by `seen_until`."""

    key: Ints
    start: Ints
    end: Ints
    seen_until: Ints


class Runs(NamedTuple):
    """Adjacent visible events of some questions: `which` question, and the places [first, end) in its key."""

    which: Ints
    first: Ints
    end: Ints


@dataclass(frozen=True)
class Stream:
    """Events sorted by key and (event timestamp, available, value); `values` are None without a column."""

    keys: Keys
    event: Ints
    available: Ints
    values: Codes | None
    prepared: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def prepare(self, name: str, make: Callable[[], Prepared]) -> Prepared:
        """What functions need of the whole stream, made when first asked for and kept for every other window."""
        if name not in self.prepared:
            self.prepared[name] = make()
        made: Prepared = self.prepared[name]
        return made

    def runs(self, asked: Questions) -> list[Runs]:
        """The visible events of every question, as rounds of at most one run each, earlier events first.

        Without late rows there is one round. A late row splits a window, and costs a round of those it splits.
        """
        first, end = self.places(asked.key, asked.start), self.places(asked.key, asked.end)
        if self._arrived_in_order:
            seen = self._packed_place(self.available, asked.key, asked.seen_until + 1)
            return [Runs(np.arange(len(first)), first, np.minimum(end, seen))]
        if np.maximum(end - first, 0).sum() <= MOST_LOOKED_AT:
            return list(self._seen_runs(asked, first, end))
        return list(self._searched_runs(asked, first, end))

    def _seen_runs(self, asked: Questions, first: Ints, end: Ints) -> Iterator[Runs]:
        """The rounds, with a look at every event of every window."""
        which, place = spread(first, np.maximum(end - first, 0))
        is_seen = self.available[self.keys.starts[asked.key[which]] + place] <= asked.seen_until[which]
        is_edge = np.ones(len(which) + 1, dtype=bool)
        is_edge[1:-1] = (which[1:] != which[:-1]) | (is_seen[1:] != is_seen[:-1])
        starts, stops = np.flatnonzero(is_seen & is_edge[:-1]), np.flatnonzero(is_seen & is_edge[1:])
        of = which[starts]
        turn = np.arange(len(of)) - np.searchsorted(of, of)
        order = np.argsort(turn, kind="stable")
        for own in np.split(order, np.flatnonzero(np.diff(turn[order])) + 1) if len(of) else ():
            yield Runs(of[own], place[starts[own]], place[stops[own]] + 1)

    def _searched_runs(self, asked: Questions, first: Ints, end: Ints) -> Iterator[Runs]:
        which = np.flatnonzero(first < end)
        place = first[which]
        while len(which):
            key, seen_until = asked.key[which], asked.seen_until[which]
            start = self._earliest.next_where(key, place, lambda nodes, ask: nodes <= seen_until[ask])  # noqa: B023
            is_inside = start < end[which]
            which, start, key, seen_until = (values[is_inside] for values in (which, start, key, seen_until))
            stop = self._latest.next_where(key, start, lambda nodes, ask: nodes > seen_until[ask])  # noqa: B023
            stop = np.minimum(stop, end[which])
            if len(which):
                yield Runs(which, start, stop)
            place = stop
            unfinished = stop < end[which]
            which, place = which[unfinished], place[unfinished]

    @cached_property
    def _arrived_in_order(self) -> bool:
        within_key = np.ones(len(self.event), dtype=bool)
        within_key[self.keys.starts[self.keys.sizes > 0]] = False
        return bool(np.all((np.diff(self.available, prepend=0) >= 0) | ~within_key))

    @cached_property
    def _earliest(self) -> Tree:
        return Tree(self.keys, (self.available,), _least, [np.iinfo(np.int64).max])

    @cached_property
    def _latest(self) -> Tree:
        return Tree(self.keys, (self.available,), _greatest, [np.iinfo(np.int64).min])

    def places(self, key: Ints, moment: Ints) -> Ints:
        """How many of a key's events lie before a moment."""
        return self._packed_place(self.event, key, moment)

    def latest_available(self, key: Ints, first: Ints, end: Ints) -> Ints:
        """When the last of the events [first, end) of each key becomes available; before all time for none."""
        (latest,) = self._latest.aggregate(key, first, end)
        return latest

    def _packed_place(self, ascending: Ints, key: Ints, moment: Ints) -> Ints:
        """How many of a key's moments, which ascend, lie before the given one: a binary search of every key at once."""
        low = np.zeros(len(key), dtype=np.int64)
        high = self.keys.sizes[key].copy()
        start = self.keys.starts[key]
        open_questions = np.flatnonzero(low < high)
        while len(open_questions):
            middle = (low[open_questions] + high[open_questions]) >> 1
            is_before = ascending[start[open_questions] + middle] < moment[open_questions]
            low[open_questions[is_before]] = middle[is_before] + 1
            high[open_questions[~is_before]] = middle[~is_before]
            open_questions = open_questions[low[open_questions] < high[open_questions]]
        return low


def spread(first: Ints, length: Ints) -> tuple[Ints, Ints]:
    """`length` places from `first` on, of every range: (number of the range, place), range by range."""
    ends = np.cumsum(length)
    place = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - length), length)
    return np.repeat(np.arange(len(first)), length), place


def stream_of(key: Ints, key_count: int, event: Ints, available: Ints, values: Codes | None) -> Stream:
    """The stream of events that are sorted by (key, event, available); equal ones are put in the order of values.

    `key` numbers the keys of the batch from 0.
    """
    sizes = np.bincount(key, minlength=key_count).astype(np.int64)
    if values is not None:
        is_tied = same_as_before(key, event, available)
        order = ties_settled(np.arange(len(key)), is_tied, [values.codes.take])
        values = Codes(values.codes[order], values.decode, values.data_type)
    return Stream(Keys(np.cumsum(sizes) - sizes, sizes), event, available, values)


def _least(one: Nodes, other: Nodes) -> Nodes:
    return (np.minimum(one[0], other[0]),)


def _greatest(one: Nodes, other: Nodes) -> Nodes:
    return (np.maximum(one[0], other[0]),)
