"""J4's total order over the rows of a feature table, as columns that Spark compares natively."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DoubleType, FloatType, MapType, StructType


def ranked(column: Column, data_type: DataType) -> Iterator[tuple[str, Column]]:
    """The named parts that settle a tie on this column, in order of weight; the part `value` is the column itself.

    Spark's struct comparison puts nulls first, NaN last and compares text by bytes, but holds -0.0 equal to 0.0
    and cannot compare maps. A plain value is its own key; a floating-point one is followed by the sign of its zero.
    """
    if isinstance(data_type, (DoubleType, FloatType)):
        # Beside the value and not instead of it: the value is what is published.
        yield "value", column
        yield "sign", _is_positive_zero(column)
    elif _compares_natively(data_type):
        yield "value", column
    else:
        yield "order", _order(column, data_type)
        yield "value", column


def is_orderable(data_type: DataType) -> bool:
    """Whether Spark can compare values of this type at all: those without a map in them."""
    if isinstance(data_type, ArrayType):
        return is_orderable(data_type.elementType)
    if isinstance(data_type, StructType):
        return all(is_orderable(field.dataType) for field in data_type)
    return not isinstance(data_type, MapType)


def _compares_natively(data_type: DataType) -> bool:
    if isinstance(data_type, ArrayType):
        return _compares_natively(data_type.elementType)
    if isinstance(data_type, StructType):
        return all(_compares_natively(field.dataType) for field in data_type)
    return not isinstance(data_type, (DoubleType, FloatType, MapType))


def _order(column: Column, data_type: DataType) -> Column:
    """A value that orders as the column does under J4; null stays null, so that it is smallest."""
    if _compares_natively(data_type):
        return column
    if isinstance(data_type, ArrayType):
        element_type = data_type.elementType
        return F.transform(column, lambda element: _order(element, element_type))
    if isinstance(data_type, MapType):
        entry = StructType().add("key", data_type.keyType).add("value", data_type.valueType)
        # Sorted entries, since two equal maps may list them in any order.
        return F.sort_array(_order(F.map_entries(column), ArrayType(entry)))
    if isinstance(data_type, StructType):
        fields = [
            _order(column.getField(field.name), field.dataType).alias(f"order_{position}")
            for position, field in enumerate(data_type)
        ]
        return F.when(column.isNotNull(), F.struct(*fields))
    return F.when(
        column.isNotNull(), F.struct(column.alias("value"), _is_positive_zero(column).alias("sign"))
    )


def _is_positive_zero(column: Column) -> Column:
    """False for -0.0, true for 0.0, null elsewhere: their inverses are the two infinities.

    Of Spark's functions few tell the zeros apart: atan2 adds 0.0 to its arguments, division refuses both.
    """
    return F.when(column == 0, F.pow(column, F.lit(-1.0)) > 0)
