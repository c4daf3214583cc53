"""The order of events within their keys, found as cheaply as the instants allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

WORD_BITS = 63
"""What a number that orders by several things may take: a bit is the sign's."""


def time_order(key: Ints, event: Ints, available: Ints) -> Ints:
    """The places of events by (key, event timestamp, available), ties in any order.

    Key and event timestamp are sorted as one number where 63 bits hold both, which is several times faster than
    sorting by one after the other; only events of equal timestamps are then ordered by `available`.
    """
    if not len(key):
        return np.empty(0, dtype=np.int64)
    first = int(event.min())
    bits = (int(event.max()) - first).bit_length()
    if int(key.max()).bit_length() + bits > WORD_BITS:
        order: Ints = np.lexsort((available, event, key))
        return order
    packed = (key << bits) | (event - first)
    order = np.arange(len(key)) if np.all(packed[1:] >= packed[:-1]) else np.argsort(packed)
    return ties_settled(order, same_as_before(packed[order]), [available.take])


def rows_in_order(
    key: Ints, event: Ints, available: Ints, ranks_of: Sequence[Callable[[Ints], Ints]]
) -> Ints:
    """The places of rows by (key, event timestamp, available), ties by what `ranks_of` gives: J4, the greatest last."""
    order = time_order(key, event, available)
    if not ranks_of:
        return order
    return ties_settled(order, same_as_before(key[order], event[order], available[order]), ranks_of)


def ties_settled(order: Ints, is_tied: NDArray[np.bool_], ranks_of: Iterable[Callable[[Ints], Ints]]) -> Ints:
    """The order with runs of tied places put in the order of what is asked of them, the weightiest first.

    Each of `ranks_of` gives the ranks of the places that still tie, and of no others: what settles ties is not
    computed of rows that tie with none.
    """
    result = order.copy()
    for ranks in ranks_of:
        if not is_tied.any():
            break
        in_run = is_tied.copy()
        in_run[:-1] |= is_tied[1:]
        positions = np.flatnonzero(in_run)
        places = result[positions]
        rank = ranks(places)
        run: Ints = np.cumsum(~is_tied[positions])
        by_rank = np.lexsort((rank, run))
        result[positions] = places[by_rank]
        still = same_as_before(run, rank[by_rank])
        is_tied = np.zeros(len(order), dtype=bool)
        is_tied[positions] = still
    return result


def same_as_before(*columns: Ints) -> NDArray[np.bool_]:
    """Per position, whether all columns hold what they hold one position before."""
    same = np.ones(len(columns[0]), dtype=bool)
    same[:1] = False
    for column in columns:
        same[1:] &= column[1:] == column[:-1]
    return same
