"""Logged values in the types of a training set's columns: exactly what was logged, or not at all."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DecimalType, DoubleType, FloatType, LongType

from skewless.ground.spark_columns import INTEGERS

FLOATS = (FloatType, DoubleType)


def may_fit(own: DataType, kind: DataType) -> bool:
    """Whether a column of one type can hold values of another exactly, some of them at least.

    Numbers meet where the value decides: integers of every width and floating-point numbers, integers and decimals.
    A decimal is no floating-point number: 0.1 is in one of them only. A list fits where its items do.
    """
    if own.simpleString() == kind.simpleString():
        return True
    if isinstance(own, ArrayType) and isinstance(kind, ArrayType):
        return True  # an empty list fits everywhere
    is_binary = isinstance(own, (*INTEGERS, *FLOATS)) and isinstance(kind, (*INTEGERS, *FLOATS))
    is_decimal = isinstance(own, (*INTEGERS, DecimalType)) and isinstance(kind, (*INTEGERS, DecimalType))
    return is_binary or is_decimal


def as_kind(value: Column, own: DataType, kind: DataType) -> Column:
    """The value in the wanted type, where it `fits`."""
    if own.simpleString() == kind.simpleString():
        return value
    if isinstance(own, ArrayType) and isinstance(kind, ArrayType):
        element, wanted = own.elementType, kind.elementType
        return F.transform(value, lambda item: as_kind(item, element, wanted))
    return value.try_cast(kind) if may_fit(own, kind) else F.lit(None).cast(kind)


def fits(value: Column, own: DataType, kind: DataType) -> Column:
    """Whether the wanted type holds the value exactly; null fits everywhere, and the sign of zero counts."""
    if own.simpleString() == kind.simpleString():
        return F.lit(True)
    if isinstance(own, ArrayType) and isinstance(kind, ArrayType):
        element, wanted = own.elementType, kind.elementType
        return value.isNull() | F.forall(value, lambda item: fits(item, element, wanted))
    if not may_fit(own, kind):
        return value.isNull()
    # There and back: a comparison across types would cast one side first, and hide what that loses.
    is_same = value.try_cast(kind).try_cast(own).eqNullSafe(value) & _is_within(value, own, kind)
    if isinstance(own, FLOATS) and isinstance(kind, INTEGERS):
        is_same &= F.when(value == 0, F.pow(value, F.lit(-1.0)) > 0).otherwise(F.lit(True))
    return value.isNull() | is_same


def _is_within(value: Column, own: DataType, kind: DataType) -> Column:
    """Casts between 64 bits and floating point hold 2^63 - 1 and 2^63 equal, which there and back does not show."""
    if isinstance(own, LongType) and isinstance(kind, FLOATS):
        return value < F.lit(2**63 - 1)
    if isinstance(own, FLOATS) and isinstance(kind, LongType):
        return value < F.lit(float(2**63))
    return F.lit(True)
