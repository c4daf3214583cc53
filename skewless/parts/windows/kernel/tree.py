"""Aggregates over ranges of each key's events in logarithmic time, for a million ranges at once.

A dyadic tree per key: level 0 holds the key's events in order, each node above the aggregate of two below. A range is
the ordered union of at most two nodes a level, so that its cost does not depend on its length. Nodes are aligned to the
key's own events: what other keys share a batch or a partition changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skewless.ground.order.time_order import Ints

Nodes = tuple[NDArray[Any], ...]
Merge = Callable[[Nodes, Nodes], Nodes]
Holds = Callable[[NDArray[Any], Ints], NDArray[np.bool_]]


@dataclass(frozen=True)
class Keys:
    """The keys of a batch: where the events of each begin, and how many there are, in key order."""

    starts: Ints
    sizes: Ints


class Tree:
    """The trees of all keys of a batch, over one merge of neighbouring nodes, the earlier one first."""

    def __init__(self, keys: Keys, leaves: Nodes, merge: Merge, identity: Sequence[float]) -> None:
        self._merge, self._identity = merge, identity
        self.levels: list[Nodes] = [leaves]
        self.starts: list[Ints] = [keys.starts]
        self.sizes: list[Ints] = [keys.sizes]
        while self.sizes[-1].max(initial=0) > 1:
            self._grow()
        self._sizes_by_level = np.stack(self.sizes)

    def _grow(self) -> None:
        below, starts, sizes = self.levels[-1], self.starts[-1], self.sizes[-1]
        upper_sizes = (sizes + 1) // 2
        upper_starts = np.cumsum(upper_sizes) - upper_sizes
        key = np.repeat(np.arange(len(sizes)), upper_sizes)
        place = np.arange(len(key)) - upper_starts[key]
        left = starts[key] + 2 * place
        nodes = tuple(values[left] for values in below)
        # The last node of an odd level goes up as it is: padded to a pair it would reach into the next key's events.
        paired = np.flatnonzero(2 * place + 1 < sizes[key])
        merged = self._merge(
            tuple(values[paired] for values in nodes), tuple(values[left[paired] + 1] for values in below)
        )
        for values, results in zip(nodes, merged, strict=True):
            values[paired] = results
        self.levels.append(nodes)
        self.starts.append(upper_starts)
        self.sizes.append(upper_sizes)

    def aggregate(self, key: Ints, first: Ints, end: Ints) -> Nodes:
        """The aggregate of the events [first, end) of each key, counted from the key's first; else the identity."""
        # Two accumulators, since levels are climbed from both ends: nodes on the left come in order of time, those on
        # the right against it. In one, doubles would be added in another order than W6 declares.
        before, behind = (self.empty(len(key)) for _ in range(2))
        first, end = first.copy(), end.copy()
        for nodes, starts in zip(self.levels, self.starts, strict=True):
            inside = first < end
            odd = np.flatnonzero(inside & (first & 1 == 1))
            self._fold(before, odd, nodes, starts[key[odd]] + first[odd], earlier=True)
            first[odd] += 1
            odd = np.flatnonzero(inside & (end & 1 == 1))
            end[odd] -= 1
            self._fold(behind, odd, nodes, starts[key[odd]] + end[odd], earlier=False)
            first >>= 1
            end >>= 1
        return self._merge(before, behind)

    def _fold(self, folded: Nodes, at: Ints, nodes: Nodes, place: Ints, earlier: bool) -> None:
        own, other = tuple(values[at] for values in folded), tuple(values[place] for values in nodes)
        results = self._merge(own, other) if earlier else self._merge(other, own)
        for values, merged in zip(folded, results, strict=True):
            values[at] = merged

    def empty(self, size: int) -> Nodes:
        """The aggregate of no events, for `size` questions."""
        leaves = self.levels[0]
        return tuple(
            np.full(size, value, dtype=values.dtype)
            for values, value in zip(leaves, self._identity, strict=True)
        )

    def next_where(self, key: Ints, place: Ints, holds: Holds) -> Ints:
        """The first place from `place` on, in each key, whose node holds; the key's size where there is none.

        `holds(values, which)` says of nodes, of which the leaves below hold somewhere if the node does, whether they
        hold for the questions `which`.
        """
        found = self.sizes[0][key].copy()
        at, level = place.copy(), np.zeros(len(key), dtype=np.int64)
        open_questions = np.flatnonzero(at < found)
        descending = np.zeros(len(key), dtype=bool)
        while len(open_questions):
            open_questions = self._step(key, at, level, descending, found, open_questions, holds)
        return found

    def _step(
        self,
        key: Ints,
        at: Ints,
        level: Ints,
        descending: NDArray[np.bool_],
        found: Ints,
        which: Ints,
        holds: Holds,
    ) -> Ints:
        """Move every open question one node on: down into one that holds, else on to the next and perhaps up."""
        still_open = []
        heights = level[which]
        # A level at a time, whose nodes are one array: a walk by question would be a Python loop over label events.
        for height in np.unique(heights):
            here = which[heights == height]
            nodes, starts = self.levels[height][0], self.starts[height]
            good = holds(nodes[starts[key[here]] + at[here]], here)
            down = here[good]
            if height == 0:
                found[down] = at[down]
            else:
                at[down] *= 2
                level[down] -= 1
                descending[down] = True
                still_open.append(down)
            on = here[~good]
            at[on] += 1
            up = on[~descending[on] & (at[on] & 1 == 0) & (height + 1 < len(self.levels))]
            at[up] >>= 1
            level[up] += 1
            still_open.append(on)
        remaining = np.concatenate(still_open)
        unfinished: Ints = remaining[at[remaining] < self._sizes_by_level[level[remaining], key[remaining]]]
        return unfinished
