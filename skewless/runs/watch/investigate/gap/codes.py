"""Feature columns as small whole numbers: quantiles of numbers, frequent values of text, null and NaN of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.runs.watch.investigate.gap.measures import Floats, Ints

QUANTILES = 16
MOST_CATEGORIES = 24
NULL, NAN, FIRST = 0, 1, 2
"""Codes of null and NaN, and the first of the others."""


def is_number(kind: pa.DataType) -> bool:
    numeric = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return any(holds(kind) for holds in numeric)


def is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def can_be_coded(columns: Sequence[pa.Array]) -> bool:
    """Whether values can be told apart by size or by name; instants and nested values cannot."""
    kinds = [column.type for column in columns if not pa.types.is_null(column.type)]
    return bool(kinds) and (all(map(is_number, kinds)) or all(map(is_text, kinds)))


def coded(columns: Sequence[pa.Array]) -> list[Ints]:
    """A code for each value of columns of one feature, by bins that all of them share.

    Numbers: the quantiles of all, the ends open; repeated values have bins of their own as far as they are quantiles.
    Text: the most frequent values, and one code for the rest.
    """
    if any(is_number(column.type) for column in columns):
        return _numbers([_floats(column) for column in columns])
    return _texts([column.cast(pa.string()) for column in columns])


def _floats(column: pa.Array) -> tuple[Floats, Ints]:
    null = column.is_null().to_numpy(zero_copy_only=False)
    kind = pa.int8() if pa.types.is_boolean(column.type) else pa.float64()
    plain = pc.fill_null(column.cast(kind, safe=False).cast(pa.float64()), 0.0)
    values: Floats = plain.to_numpy(zero_copy_only=False)
    special = np.where(null, NULL, np.where(np.isnan(values), NAN, FIRST))
    return values, special


def _numbers(columns: list[tuple[Floats, Ints]]) -> list[Ints]:
    plain = np.concatenate([values[special == FIRST] for values, special in columns])
    edges = np.empty(0)
    if len(plain):
        steps = np.arange(1, QUANTILES) / QUANTILES
        inner = np.quantile(plain, steps, method="inverted_cdf")
        edges = np.unique(inner)
    return [
        np.where(special == FIRST, FIRST + np.searchsorted(edges, values, side="left"), special).astype(
            np.int64
        )
        for values, special in columns
    ]


def _texts(columns: list[pa.Array]) -> list[Ints]:
    counts = pc.value_counts(pa.chunked_array(columns).drop_null())
    names, sizes = counts.field("values").to_pylist(), counts.field("counts").to_pylist()
    ranked = sorted(zip(sizes, names, strict=True), key=lambda pair: (-pair[0], pair[1]))
    frequent = pa.array([name for _, name in ranked[:MOST_CATEGORIES]], pa.string())
    found = []
    for column in columns:
        place = pc.fill_null(pc.index_in(column, frequent), len(frequent)).to_numpy(zero_copy_only=False)
        null = column.is_null().to_numpy(zero_copy_only=False)
        found.append(np.where(null, NULL, FIRST + place).astype(np.int64))
    return found
