"""Columns as integers that order as J4 orders values, and back: one code for every comparison that windows make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.ground.order.time_order import Ints

_BELOW_ZERO = np.int64(0x7FFF_FFFF_FFFF_FFFF)


@dataclass(frozen=True)
class Codes:
    """A column without nulls as codes, `numbers` where it is one of numbers, and the values of given codes."""

    codes: Ints
    decode: Callable[[Ints], pa.Array]
    data_type: pa.DataType


def encode(column: pa.Array) -> Codes:
    """Order-preserving codes: -0.0 below 0.0, NaN greatest and one, text and binary by bytes, false below true."""
    kind = column.type
    if pa.types.is_floating(kind):
        return _of_floats(column)
    if pa.types.is_integer(kind):
        return Codes(_numpy(column.cast(pa.int64())), lambda codes: pa.array(codes).cast(kind), kind)
    if pa.types.is_timestamp(kind) or pa.types.is_date32(kind) or pa.types.is_boolean(kind):
        width = pa.int32() if pa.types.is_date32(kind) else pa.int64()
        plain = column.cast(pa.uint8()) if pa.types.is_boolean(kind) else column.view(width)
        return Codes(_numpy(plain.cast(pa.int64())), lambda codes: _typed(codes, kind, width), kind)
    return _of_dictionary(column)


def _of_floats(column: pa.Array) -> Codes:
    values = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    values = np.where(np.isnan(values), np.nan, values)
    bits = values.view(np.int64)

    def decode(codes: Ints) -> pa.Array:
        return pa.array(_flipped(codes).view(np.float64)).cast(column.type)

    return Codes(_flipped(bits), decode, column.type)


def _flipped(bits: Ints) -> Ints:
    """IEEE bits as integers in numeric order, and back: negative numbers have their magnitude reversed."""
    return np.where(bits < 0, bits ^ _BELOW_ZERO, bits)


def _of_dictionary(column: pa.Array) -> Codes:
    encoded = column.dictionary_encode()
    order = pc.sort_indices(encoded.dictionary)
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order.to_numpy()] = np.arange(len(order))
    ascending = encoded.dictionary.take(order)
    codes = ranks[_numpy(encoded.indices.cast(pa.int64()))]
    return Codes(codes, lambda codes: ascending.take(pa.array(codes)), column.type)


def _typed(codes: Ints, kind: pa.DataType, width: pa.DataType) -> pa.Array:
    if pa.types.is_boolean(kind):
        return pa.array(codes.astype(bool))
    return pa.array(codes).cast(width).view(kind)


def _numpy(column: pa.Array) -> Ints:
    numbers: Ints = column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return numbers
