"""The order of events within their keys, found as cheaply as the instants allow."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from skewless.parts.windows.kernel.tree import Ints

_WORD = 63


def time_order(key: Ints, event: Ints, available: Ints) -> Ints:
    """The places of events by (key, event timestamp, available), ties in any order.

    Key and event timestamp are sorted as one number where 63 bits hold both, which is several times faster than
    sorting by one after the other; only events of equal timestamps are then ordered by `available`.
    """
    if not len(key):
        return np.empty(0, dtype=np.int64)
    first = int(event.min())
    bits = (int(event.max()) - first).bit_length()
    if int(key.max()).bit_length() + bits > _WORD:
        order: Ints = np.lexsort((available, event, key))
        return order
    packed = (key << bits) | (event - first)
    order = np.arange(len(key)) if np.all(packed[1:] >= packed[:-1]) else np.argsort(packed)
    return settled(order, same_as_before(packed[order]), (available,))


def settled(order: Ints, is_tied: NDArray[np.bool_], ranks: Sequence[Ints]) -> Ints:
    """The order with runs of tied places put in the order of their ranks, the first of which weighs most.

    `is_tied` says of each position whether it ties with the one before.
    """
    if not is_tied.any():
        return order
    in_run = is_tied.copy()
    in_run[:-1] |= is_tied[1:]
    positions = np.flatnonzero(in_run)
    places = order[positions]
    run = np.cumsum(~is_tied[positions])
    result = order.copy()
    result[positions] = places[np.lexsort((*[rank[places] for rank in reversed(ranks)], run))]
    return result


def same_as_before(*columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Per position, whether all columns hold what they hold one position before."""
    same = np.ones(len(columns[0]), dtype=bool)
    same[:1] = False
    for column in columns:
        same[1:] &= column[1:] == column[:-1]
    return same
