"""Window functions for all label events of a batch: what `skewless.serving.windows` computes for one.

A reducer gives anything where a window is empty; `evaluated` puts there what the table of functions says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skewless.ground.order.codes import Codes
from skewless.ground.order.time_order import Ints
from skewless.parts.windows.kernel.exact import LIMB, LOW, decimals, limb_sums, whole_numbers
from skewless.parts.windows.kernel.stream import Runs
from skewless.parts.windows.kernel.tree import Nodes
from skewless.parts.windows.kernel.view import Windows
from skewless.serving.aggregations.functions import FUNCTIONS, digits_of_a_sum

Floats = NDArray[np.float64]
Reducer = Callable[[Windows, Any], pa.Array]

_GREATEST, _LEAST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


def _count(windows: Windows, _argument: None) -> pa.Array:
    return pa.array(windows.counts)


def _sum(windows: Windows, _argument: None) -> pa.Array:
    """Exact for integers and decimals; doubles are added in order, neighbours first."""
    kind = windows.values.data_type
    if pa.types.is_floating(kind):
        return pa.array(_double_sums(windows))
    limbs = limb_sums(windows)
    if pa.types.is_integer(kind):
        high = limbs[1] + (limbs[0] >> LIMB)
        if np.any(high != high.astype(np.int32)):
            raise ArithmeticError("a sum does not fit in 64 bits")
        return pa.array((high << LIMB) | (limbs[0] & LOW))
    return decimals(whole_numbers(limbs), windows, pa.decimal128(digits_of_a_sum(kind.precision), kind.scale))


def _mean(windows: Windows, _argument: None) -> pa.Array:
    kind = windows.values.data_type
    if pa.types.is_floating(kind):
        totals = _double_sums(windows)
    elif pa.types.is_integer(kind):
        low, high = limb_sums(windows)
        totals = np.ldexp(high.astype(np.float64), LIMB) + low
    else:
        totals = (whole_numbers(limb_sums(windows)) / 10**kind.scale).astype(np.float64)
    return pa.array(totals / np.maximum(windows.counts, 1))


def _stddev(windows: Windows, _argument: None) -> pa.Array:
    """The sample deviation, by merging counts, means and squared deviations (Chan, Golub and LeVeque 1979)."""
    counts, _, squares = windows.aggregate(
        "moments", lambda: _moments(_as_doubles(windows.values)), _merged_moments, (0.0, 0.0, 0.0)
    )
    deviations: Floats = np.sqrt(squares / np.maximum(counts - 1, 1))
    return pa.array(deviations, mask=windows.counts < 2)


def _min(windows: Windows, _argument: None) -> pa.Array:
    (codes,) = windows.aggregate("least", lambda: (windows.values.codes,), _least, (_GREATEST,))
    return _decoded(codes, windows)


def _max(windows: Windows, _argument: None) -> pa.Array:
    (codes,) = windows.aggregate("greatest", lambda: (windows.values.codes,), _greatest, (_LEAST,))
    return _decoded(codes, windows)


def _first(windows: Windows, _argument: None) -> pa.Array:
    return _decoded(_taken(windows.values.codes, windows.outermost(last=False)), windows)


def _last(windows: Windows, _argument: None) -> pa.Array:
    return _decoded(_taken(windows.values.codes, windows.outermost(last=True)), windows)


def _time_since_last(windows: Windows, _argument: None) -> pa.Array:
    return pa.array((windows.at - windows.newest) / 1e6)


def _count_distinct(windows: Windows, _argument: None) -> pa.Array:
    counts = np.zeros(windows.size, dtype=np.int64)
    for which, _, _ in windows.distinct():
        counts += np.bincount(which, minlength=windows.size)
    return pa.array(counts)


def _mode(windows: Windows, _argument: None) -> pa.Array:
    """The smallest of the most frequent values."""
    codes = np.zeros(windows.size, dtype=np.int64)
    for which, code, times in windows.distinct():
        asked, starts = np.unique(which, return_index=True)
        most = np.maximum.reduceat(times, starts) if len(starts) else times
        frequent = np.flatnonzero(times == np.repeat(most, np.diff(starts, append=len(which))))
        # Codes ascend, so that the first of the most frequent is the smallest.
        asked, first = np.unique(which[frequent], return_index=True)
        codes[asked] = code[frequent[first]]
    return _decoded(codes, windows)


def _percentile(windows: Windows, p: Decimal) -> pa.Array:
    """Nearest rank: the value at rank max(1, ⌈p·n⌉), p as the decimal written."""
    share = Fraction(p)
    sizes, size_of = np.unique(windows.counts, return_inverse=True)
    ranks = [max(1, -(-share.numerator * int(n) // share.denominator)) for n in sizes]
    (codes,) = windows.at_ranks(np.array(ranks, dtype=np.int64)[size_of])
    return _decoded(codes, windows)


def _median(windows: Windows, _argument: None) -> pa.Array:
    """The mean of the two middle values, as `_mean` has it; where one is in the middle, that one as a double."""
    middle = windows.middle()
    means = _mean(middle, None)
    if not pa.types.is_floating(windows.values.data_type):
        return means
    values = _as_doubles(middle.values)  # the mean of -0.0 alone is 0.0
    alone = middle.counts == 1
    doubles: Floats = means.to_numpy(zero_copy_only=False).copy()
    doubles[alone] = values[middle.stream.keys.starts[alone]]
    return pa.array(doubles)


def _last_n(windows: Windows, n: int) -> pa.Array:
    newest = replace(windows, runs=_last_runs(windows, n))
    parts = list(newest.expanded())
    places = np.concatenate([place for _, place in parts]) if parts else np.empty(0, dtype=np.int64)
    ends = np.cumsum(newest.counts)
    starts = ends - newest.counts
    position = np.arange(len(places))
    question = np.repeat(np.arange(newest.size), newest.counts)
    reversed_places = places[starts[question] + ends[question] - 1 - position]
    values = windows.values.decode(windows.values.codes[reversed_places])
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)


REDUCERS: dict[str, Reducer] = {
    "count": _count,
    "sum": _sum,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "stddev": _stddev,
    "first": _first,
    "last": _last,
    "count_distinct": _count_distinct,
    "last_n": _last_n,
    "percentile": _percentile,
    "median": _median,
    "mode": _mode,
    "time_since_last": _time_since_last,
}


def evaluated(function: str, windows: Windows, argument: Any) -> pa.Array:
    """The value of a function for every question.

    Errors: ArithmeticError where the result's type cannot hold it.
    """
    with np.errstate(all="ignore"):
        found = REDUCERS[function](windows, argument)
    return with_empty(function, found, windows.is_empty)


def with_empty(function: str, found: pa.Array, is_empty: NDArray[np.bool_]) -> pa.Array:
    """The values of a function, its value of an empty window where there is nothing to take."""
    if not is_empty.any():
        return found
    return pc.if_else(pa.array(is_empty), pa.scalar(FUNCTIONS[function].empty, found.type), found)


def _double_sums(windows: Windows) -> Floats:
    (totals,) = windows.aggregate("sum", lambda: (_as_doubles(windows.values),), _added, (0.0,))
    sums: Floats = totals.astype(np.float64)
    return sums


def _as_doubles(values: Codes) -> Floats:
    plain = values.decode(values.codes).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    doubles: Floats = plain.astype(np.float64, copy=True)
    return doubles


def _taken(values: Ints, places: Ints) -> Ints:
    """The values at places; anything where there are no values at all, since every window is then empty."""
    return values[places] if len(values) else places


def _decoded(codes: Ints, windows: Windows) -> pa.Array:
    """The values of codes, null where the window is empty, whatever code stands there."""
    full = np.flatnonzero(~windows.is_empty)
    position = np.full(windows.size, -1, dtype=np.int64)
    position[full] = np.arange(len(full))
    return windows.values.decode(codes[full]).take(pa.array(position, mask=windows.is_empty))


def _last_runs(windows: Windows, n: int) -> list[Runs]:
    """The runs shortened to the last n events of each question."""
    wanted = np.full(windows.size, n, dtype=np.int64)
    shortened = []
    for run in reversed(windows.runs):
        length = np.minimum(np.maximum(run.end - run.first, 0), wanted[run.which])
        shortened.append(Runs(run.which, run.end - length, run.end))
        wanted[run.which] -= length
    return shortened[::-1]


def _added(one: Nodes, other: Nodes) -> Nodes:
    return (one[0] + other[0],)


def _least(one: Nodes, other: Nodes) -> Nodes:
    return (np.minimum(one[0], other[0]),)


def _greatest(one: Nodes, other: Nodes) -> Nodes:
    return (np.maximum(one[0], other[0]),)


def _moments(values: Floats) -> Nodes:
    """The count, mean and squared deviations of single values."""
    return np.ones_like(values), values, np.zeros_like(values)


def _merged_moments(one: Nodes, other: Nodes) -> Nodes:
    (count, mean, squares), (count_2, mean_2, squares_2) = one, other
    total = count + count_2
    distance = mean_2 - mean
    share = count_2 / np.maximum(total, 1.0)
    # Multiplied in this order a far-off mean of no events contributes nothing, where its square could overflow.
    return total, mean + distance * share, squares + squares_2 + distance * (distance * (count * share))
