"""A checksum of rows whatever their order: equal for equal content, nulls, NaN and the sign of zero included."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DecimalType, DoubleType, FloatType, MapType, StructType

_SEEDS = (1, 2)


def checksum(rows: DataFrame) -> str:
    """The number of rows and the sums of two 64-bit hashes of each, 128 bits in all (xxHash64, Collet)."""
    names = [(field.name, field.dataType) for field in rows.schema]
    values = [_hashable(F.col("`" + name.replace("`", "``") + "`"), kind) for name, kind in names]
    sums = [
        F.sum(F.xxhash64(F.lit(seed), *values).cast(DecimalType(38, 0))).alias(f"sum_{seed}")
        for seed in _SEEDS
    ]
    row = rows.agg(F.count(F.lit(1)).alias("rows"), *sums).first()
    assert row is not None, "an aggregate without grouping has one row"
    digits = [int(row[f"sum_{seed}"] or 0) % 2**64 for seed in _SEEDS]
    return f"{row['rows']}:" + "".join(f"{digit:016x}" for digit in digits)


def _hashable(column: Column, kind: DataType) -> Column:
    """A struct that hashes apart what Spark's hash does not tell apart: where a null stands, and the zeros."""
    if isinstance(kind, StructType):
        fields = [_hashable(column.getField(field.name), field.dataType) for field in kind]
        return _with_nulls(column, fields)
    if isinstance(kind, ArrayType):
        element = kind.elementType
        return _with_nulls(
            column, [F.size(column), F.transform(column, lambda item: _hashable(item, element))]
        )
    if isinstance(kind, MapType):
        keys, entry = F.array_sort(F.map_keys(column)), StructType().add("k", kind.keyType)
        entry.add("v", kind.valueType)
        entries = F.transform(
            keys, lambda key: F.struct(key.alias("k"), F.element_at(column, key).alias("v"))
        )
        return _with_nulls(column, [_hashable(entries, ArrayType(entry))])
    if isinstance(kind, (DoubleType, FloatType)):
        return _with_nulls(column, [column, F.when(column == 0, F.pow(column, F.lit(-1.0)) > 0)])
    return _with_nulls(column, [column])


def _with_nulls(column: Column, parts: list[Column]) -> Column:
    named = [part.alias(f"part_{place}") for place, part in enumerate(parts)]
    return F.struct(column.isNull().alias("is_null"), *named)
