"""Columns on the driver, compared as reconciliation compares: null equals null, NaN equals NaN."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

NUMBER, TRUTH, MOMENT, TEXT, OTHER = "number", "truth", "moment", "text", "other"
EXACT, LOOSE = 0.0, 1e-9
"""How far apart two equal numbers may be, relative to the greater: nothing, or what another order of adding makes."""


@dataclass(frozen=True)
class Values:
    """A column: numbers and truths as doubles, moments as microseconds, all else as Python values; null where `null`.

    Integers beyond 2^53 and decimals beyond 15 digits are taken for the nearest double: enough to tell why values
    differ, not whether.
    """

    kind: str
    data: NDArray[Any]
    null: Mask

    def __len__(self) -> int:
        return len(self.null)

    def take(self, which: NDArray[Any]) -> Values:
        return Values(self.kind, self.data[which], self.null[which])

    def value(self, place: int) -> Any:
        return None if self.null[place] else self.data[place]

    @property
    def is_number(self) -> bool:
        return self.kind == NUMBER

    def same(self, other: Values, tolerance: float = EXACT) -> Mask:
        """Where both are null, or neither is and they are equal."""
        both_null, neither = self.null & other.null, ~self.null & ~other.null
        if self.kind != other.kind:
            return both_null
        return both_null | (neither & self._equal(other, tolerance))

    def _equal(self, other: Values, tolerance: float) -> Mask:
        if self.kind not in (NUMBER, TRUTH):
            return np.asarray(self.data == other.data, dtype=bool)
        with np.errstate(invalid="ignore"):
            near = np.abs(self.data - other.data) <= tolerance * np.maximum(
                np.abs(self.data), np.abs(other.data)
            )
        both_nan = np.isnan(self.data) & np.isnan(other.data)
        equal: Mask = (self.data == other.data) | both_nan
        return equal | near if tolerance else equal

    def codes(self) -> list[Any]:
        """Values that can be counted: numbers to ten digits, so that equal within a tolerance counts as equal."""
        if self.kind in (NUMBER, TRUTH):
            listed = ten_digits(self.data).tolist()
            listed = ["NaN" if math.isnan(value) else value for value in listed]
            return [None if gone else value for value, gone in zip(listed, self.null, strict=True)]
        return [None if gone else value for value, gone in zip(self.data.tolist(), self.null, strict=True)]

    def counts(self) -> Counter[Any]:
        return Counter(self.codes())


def values_of(array: pa.Array | pa.ChunkedArray) -> Values:
    """A column in Arrow."""
    column = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    null: Mask = column.is_null().to_numpy(zero_copy_only=False)
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date32(kind):
        moments = column.cast(pa.timestamp("us") if pa.types.is_date32(kind) else pa.timestamp("us", kind.tz))
        return Values(MOMENT, _plain(moments.view(pa.int64()), np.int64), null)
    if pa.types.is_boolean(kind):
        return Values(TRUTH, _plain(column.cast(pa.int8()), np.float64), null)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Values(NUMBER, _plain(column.cast(pa.float64(), safe=False), np.float64), null)
    name = TEXT if pa.types.is_string(kind) or pa.types.is_large_string(kind) else OTHER
    return of_objects(name, [_hashable(value) for value in column.to_pylist()])


def of_objects(kind: str, values: Iterable[Any]) -> Values:
    listed = list(values)
    data = np.empty(len(listed), dtype=object)
    data[:] = listed
    return Values(kind, data, np.array([value is None for value in listed], dtype=bool))


def ten_digits(numbers: Floats) -> Floats:
    """Numbers rounded to ten significant digits; what is not finite stays as it is."""
    return to_digits(numbers, 10)


def to_digits(numbers: Floats, digits: int) -> Floats:
    with np.errstate(all="ignore"):
        size = np.floor(np.log10(np.abs(numbers)))
        step = np.power(10.0, np.clip(digits - 1 - size, -300, 300))
        rounded = np.rint(numbers * step) / step
    usable = np.isfinite(rounded) & (numbers != 0)
    result: Floats = np.where(usable, rounded, numbers) + 0.0
    return result


def _plain(column: pa.Array, kind: type) -> NDArray[Any]:
    filled = pc.fill_null(column, 0)
    return np.asarray(filled.to_numpy(zero_copy_only=False)).astype(kind)


def _hashable(value: Any) -> Any:
    """Lists as tuples, mappings as sorted pairs, NaN as one value."""
    if isinstance(value, list):
        return tuple(map(_hashable, value))
    if isinstance(value, dict):
        return tuple(sorted((name, _hashable(item)) for name, item in value.items()))
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


@dataclass(frozen=True)
class Sampled:
    """One feature in the sample: both values, where they were compared, and where they differ."""

    name: str
    logged: pa.Array
    recomputed: pa.Array
    compared: Mask
    mismatched: Mask
    is_loose: bool = False
