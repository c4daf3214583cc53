"""A column of any type → the number or the text by which its distribution is profiled."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegralType,
    MapType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

NUMBER, AGE, SIZE, CATEGORY = "number", "age", "size", "category"
SECOND = 1_000_000


def kind_of(data_type: DataType) -> str:
    """How values of this type are profiled: as they are, as their age at T, as their number, or as text."""
    if isinstance(data_type, (IntegralType, DecimalType, DoubleType, FloatType)):
        return NUMBER
    if isinstance(data_type, (DateType, TimestampType, TimestampNTZType)):
        return AGE
    return SIZE if isinstance(data_type, ArrayType) else CATEGORY


def profiled(value: Column, data_type: DataType, t: Column) -> Column:
    """The value as a double, for ages in seconds before T, or as text; null stays null."""
    kind = kind_of(data_type)
    if kind == NUMBER:
        return value.cast("double")
    if kind == AGE:
        return (F.unix_micros(t) - F.unix_micros(value.cast("timestamp"))).cast("double") / SECOND
    if kind == SIZE:
        return F.when(value.isNotNull(), F.size(value)).cast("double")
    if isinstance(data_type, (StructType, MapType)):
        return F.to_json(value)
    if isinstance(data_type, BinaryType):
        return F.base64(value)
    return value if isinstance(data_type, StringType) else value.cast("string")
