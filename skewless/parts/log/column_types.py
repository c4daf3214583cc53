"""The types of logged values as types of columns: which of two a column takes, and what fits into it exactly."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    LongType,
    NullType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

MOST_DIGITS = 38
_ARRAY = "array<"
_SCALARS: dict[str, DataType] = {
    "void": NullType(),
    "boolean": BooleanType(),
    "bigint": LongType(),
    "double": DoubleType(),
    "string": StringType(),
    "binary": BinaryType(),
    "timestamp": TimestampType(),
    "date": DateType(),
    "decimal": DecimalType(MOST_DIGITS, 0),
}


def column_type(kind: str) -> DataType | None:
    """The type of a column for values of one of the log's types, None where there is no such type.

    Decimals have the scale 0 until their values are measured.

    >>> column_type("array<decimal>").simpleString()
    'array<decimal(38,0)>'
    """
    if kind.startswith(_ARRAY) and kind.endswith(">"):
        element = column_type(kind[len(_ARRAY) : -1])
        return None if element is None else ArrayType(element)
    return _SCALARS.get(kind)


def struct_of(columns: str) -> StructType:
    """A schema from names and types of the log; made without a session.

    >>> struct_of("record_id string, pid bigint").simpleString()
    'struct<record_id:string,pid:bigint>'
    """
    pairs = [text.split() for text in columns.split(", ")]
    return StructType([StructField(name, _SCALARS[kind]) for name, kind in pairs])


def common(one: DataType, other: DataType) -> DataType | None:
    """The type that holds both exactly, at least for some values of each; None where no type does.

    >>> common(LongType(), DoubleType()), common(LongType(), StringType())
    (DoubleType(), None)
    """
    if isinstance(one, NullType) or one == other:
        return other
    if isinstance(other, NullType):
        return one
    if isinstance(one, ArrayType) and isinstance(other, ArrayType):
        element = common(one.elementType, other.elementType)
        return None if element is None else ArrayType(element)
    if isinstance(one, DecimalType) and isinstance(other, DecimalType):
        return DecimalType(MOST_DIGITS, max(one.scale, other.scale))
    if {type(one), type(other)} == {LongType, DoubleType}:
        return DoubleType()
    return None


def storable(data_type: DataType) -> DataType:
    """The type with `string` where nothing is known but nulls, since Delta has no column of those."""
    return _replaced(data_type, NullType, StringType())


def as_text(data_type: DataType) -> DataType:
    """The type in which values cross over from Python: decimals, whose scales differ, as text."""
    return storable(_replaced(data_type, DecimalType, StringType()))


def with_scale(data_type: DataType, scale: int) -> DataType:
    return _replaced(data_type, DecimalType, DecimalType(MOST_DIGITS, scale))


def has_decimals(data_type: DataType) -> bool:
    return _replaced(data_type, DecimalType, NullType()) != data_type


def _replaced(data_type: DataType, kind: type[DataType], by: DataType) -> DataType:
    if isinstance(data_type, ArrayType):
        return ArrayType(_replaced(data_type.elementType, kind, by))
    return by if isinstance(data_type, kind) else data_type


def scale_of(text: Column, data_type: DataType) -> Column:
    """The digits after the point that decimals written as text need; null where there is no value."""
    if isinstance(data_type, ArrayType):
        element = data_type.elementType
        return F.array_max(F.transform(text, lambda item: scale_of(item, element)))
    return F.length(F.regexp_extract(text, r"\.(\d+)$", 1))


def decimals_of(text: Column, data_type: DataType) -> Column:
    """Decimals that were written as text; null where their digits do not fit beside the scale."""
    if isinstance(data_type, ArrayType):
        element = data_type.elementType
        return F.transform(text, lambda item: decimals_of(item, element))
    return text.try_cast(data_type)


def all_kept(text: Column, decimals: Column, data_type: DataType) -> Column:
    """Whether no value that was written as text is null as a decimal."""
    if isinstance(data_type, ArrayType):
        element = data_type.elementType
        kept = F.zip_with(text, decimals, lambda one, other: all_kept(one, other, element))
        return text.isNull() | F.forall(kept, lambda is_kept: is_kept)
    return text.isNull() | decimals.isNotNull()


def fits(value: Column, found: DataType, wanted: DataType) -> Column:
    """Whether a column of another type holds the value exactly; null fits everywhere.

    A type without a `common` one has no value that fits but null, and lists of nothing else.
    """
    if found == wanted:
        return F.lit(True)
    if isinstance(found, ArrayType) and isinstance(wanted, ArrayType):
        element, other = found.elementType, wanted.elementType
        return value.isNull() | F.forall(value, lambda item: fits(item, element, other))
    if _is_compared(found, wanted):
        is_same = value.try_cast(wanted).try_cast(found).eqNullSafe(value)
        # 2^63 - 1 becomes the double 2^63, which a cast takes back to 2^63 - 1.
        is_within = value < F.lit(2**63 - 1) if isinstance(found, LongType) else F.lit(True)
        return value.isNull() | is_same & is_within
    return value.isNull()


def _is_compared(found: DataType, wanted: DataType) -> bool:
    """Whether it depends on the value. A double never fits a bigint: its sign of zero would be lost."""
    both_decimal = isinstance(found, DecimalType) and isinstance(wanted, DecimalType)
    return both_decimal or (isinstance(found, LongType) and isinstance(wanted, DoubleType))


def converted(value: Column, found: DataType, wanted: DataType) -> Column:
    """A value that fits, in the wanted type."""
    if found == wanted:
        return value
    if isinstance(found, ArrayType) and isinstance(wanted, ArrayType):
        element, other = found.elementType, wanted.elementType
        return F.transform(value, lambda item: converted(item, element, other))
    return value.try_cast(wanted) if _is_compared(found, wanted) else F.lit(None).cast(wanted)
