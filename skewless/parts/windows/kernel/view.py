"""What the label events of a batch see of one stream, and how its events are put together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skewless.ground.order.codes import Codes
from skewless.ground.order.time_order import Ints
from skewless.parts.windows.kernel.stream import Runs, Stream, spread
from skewless.parts.windows.kernel.tree import Keys, Merge, Nodes, Tree

_NEGATIVE_ZERO, _ZERO = -1, 0  # as `codes` has them

MOST_EXPANDED = 4_000_000
"""Events held at once by the functions that have to look at every event of a window."""


@dataclass(frozen=True)
class Windows:
    """The runs of every question over one stream; `size` questions, T in microseconds."""

    stream: Stream
    runs: list[Runs]
    key: Ints
    at: Ints

    @property
    def size(self) -> int:
        return len(self.key)

    @cached_property
    def counts(self) -> Ints:
        counts = np.zeros(self.size, dtype=np.int64)
        for run in self.runs:
            counts[run.which] += np.maximum(run.end - run.first, 0)
        return counts

    @cached_property
    def is_empty(self) -> NDArray[np.bool_]:
        empty: NDArray[np.bool_] = self.counts == 0
        return empty

    @property
    def values(self) -> Codes:
        assert self.stream.values is not None, "the configuration gives these functions a column"
        return self.stream.values

    def aggregate(
        self, name: str, leaves: Callable[[], Nodes], merge: Merge, identity: Sequence[float]
    ) -> Nodes:
        """The merge of all events of each question, earlier ones first; `name` is the merge's, one tree for each."""
        tree = self.stream.prepare(name, lambda: Tree(self.stream.keys, leaves(), merge, identity))
        total = tree.empty(self.size)
        for run in self.runs:
            part = tree.aggregate(self.key[run.which], run.first, run.end)
            merged = merge(tuple(values[run.which] for values in total), part)
            for values, results in zip(total, merged, strict=True):
                values[run.which] = results
        return total

    def outermost(self, last: bool) -> Ints:
        """The place in the stream of each question's first or last event; 0 where it has none."""
        place = np.zeros(self.size, dtype=np.int64)
        for run in self.runs if last else reversed(self.runs):
            full = run.first < run.end
            which = run.which[full]
            place[which] = self.stream.keys.starts[self.key[which]] + (
                run.end[full] - 1 if last else run.first[full]
            )
        return place

    @property
    def newest(self) -> Ints:
        """The event timestamp of each question's last event; anything where it has none."""
        places = self.outermost(last=True)
        return self.stream.event[places] if len(self.stream.event) else places

    def expanded(self) -> Iterator[tuple[Ints, Ints]]:
        """The events of every question as (question, place in the stream), by question, later events later.

        A part at a time, so that memory is bounded by the largest single window.
        """
        if not self.runs:
            return
        which = np.concatenate([run.which for run in self.runs])
        first = np.concatenate(
            [self.stream.keys.starts[self.key[run.which]] + run.first for run in self.runs]
        )
        length = np.concatenate([np.maximum(run.end - run.first, 0) for run in self.runs])
        order = np.argsort(which, kind="stable")
        which, first, length = which[order], first[order], length[order]
        part = np.cumsum(self.counts)[which] // MOST_EXPANDED
        for bounds in np.split(np.arange(len(which)), np.flatnonzero(np.diff(part)) + 1):
            run, place = spread(first[bounds], length[bounds])
            yield which[bounds][run], place

    def distinct(self) -> Iterator[tuple[Ints, Ints, Ints]]:
        """The different values of every question as (question, code, how often), both ascending; -0.0 is 0.0.

        A part at a time, each of whole questions.
        """
        codes = self.values.codes
        if pa.types.is_floating(self.values.data_type):
            codes = np.where(codes == _NEGATIVE_ZERO, _ZERO, codes)
        for which, place in self.expanded():
            order = np.lexsort((codes[place], which))
            asked, seen = which[order], codes[place][order]
            is_new = np.ones(len(asked), dtype=bool)
            is_new[1:] = (asked[1:] != asked[:-1]) | (seen[1:] != seen[:-1])
            starts = np.flatnonzero(is_new)
            yield asked[starts], seen[starts], np.diff(starts, append=len(asked))

    def at_ranks(self, *ranks: Ints) -> list[Ints]:
        """Per rank, from 1 on in ascending order, the code of each question's value there; 0 where it has none."""
        codes = self.values.codes
        found = [np.zeros(self.size, dtype=np.int64) for _ in ranks]
        for which, place in self.expanded():
            ascending = codes[place[np.lexsort((codes[place], which))]]
            asked, starts = np.unique(which, return_index=True)
            for chosen, rank in zip(found, ranks, strict=True):
                chosen[asked] = ascending[starts + rank[asked] - 1]
        return found

    def middle(self) -> Windows:
        """The same questions over nothing but their middle values: one, two, or none of an empty window."""
        lower, upper = self.at_ranks((self.counts + 1) // 2, self.counts // 2 + 1)
        sizes = np.where(self.is_empty, 0, 2 - self.counts % 2)
        starts = np.cumsum(sizes) - sizes
        codes = np.zeros(int(sizes.sum()), dtype=np.int64)
        codes[starts[sizes > 0]] = lower[sizes > 0]
        codes[starts[sizes > 1] + 1] = upper[sizes > 1]
        questions, times = np.arange(self.size), np.zeros_like(codes)
        stream = Stream(Keys(starts, sizes), times, times, replace(self.values, codes=codes))
        return Windows(stream, [Runs(questions, np.zeros_like(sizes), sizes)], questions, self.at)
