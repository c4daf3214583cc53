"""A checksum of rows whatever their order: equal for equal content, nulls, NaN and the sign of zero included."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, DecimalType, DoubleType, FloatType, MapType, StructType

from skewless.ground.spark_columns import quoted

# Two, since among billions of rows some two share 64 bits by chance, and differences are looked for by row.
_SEEDS = (1, 2)


def checksum(rows: DataFrame) -> str:
    """The number of rows and the sums of two 64-bit hashes of each, 128 bits in all (xxHash64, Collet).

    Manifests keep it: computed in another way, it no longer says whether an old version can be built again.
    """
    sums = [
        total(value).alias(f"sum_{place}")
        for place, value in enumerate(row_hashes(rows.schema, rows.columns))
    ]
    row = rows.agg(F.count(F.lit(1)).alias("rows"), *sums).first()
    assert row is not None, "an aggregate without grouping has one row"
    digits = [int(row[f"sum_{place}"] or 0) % 2**64 for place in range(len(sums))]
    return f"{row['rows']}:" + "".join(f"{digit:016x}" for digit in digits)


def row_hashes(schema: StructType, names: Iterable[str]) -> list[Column]:
    """Two 64-bit hashes of these columns of a row: equal where all values are, nulls, NaN and the zeros told apart."""
    # As SQL text: a hundred columns put together part by part are thousands of calls into the JVM.
    values = [_hashable(quoted(name), schema[name].dataType, 0) for name in names]
    return [F.expr(f"xxhash64({', '.join([str(seed), *values])})") for seed in _SEEDS]


def total(hashes: Column) -> Column:
    """The sum of 64-bit hashes, which no number of rows makes too large: null for no row."""
    # A sum, not an xor: two equal rows would cancel. As decimals, since two 64-bit hashes may overflow a long.
    return F.sum(hashes.cast(DecimalType(38, 0)))


def _hashable(value: str, kind: DataType, depth: int) -> str:
    """A struct that hashes apart what Spark's hash does not tell apart: where a null stands, and the zeros.

    `value` is SQL; `depth` tells the variables of nested collections apart.
    """
    item = f"item_{depth}"
    if isinstance(kind, StructType):
        fields = [_hashable(f"{value}.{quoted(field.name)}", field.dataType, depth) for field in kind]
        return _with_nulls(value, fields)
    if isinstance(kind, ArrayType):
        element = _hashable(item, kind.elementType, depth + 1)
        return _with_nulls(value, [f"size({value})", f"transform({value}, {item} -> {element})"])
    # By sorted keys: equal maps may list their entries in any order.
    if isinstance(kind, MapType):
        entry = StructType().add("k", kind.keyType).add("v", kind.valueType)
        keys = f"array_sort(map_keys({value}))"
        found = f"named_struct('k', {item}, 'v', element_at({value}, {item}))"
        entries = f"transform({keys}, {item} -> {found})"
        return _with_nulls(value, [_hashable(entries, ArrayType(entry), depth + 1)])
    # Spark hashes -0.0 as 0.0; the inverse's sign tells them apart, as in J4.
    if isinstance(kind, (DoubleType, FloatType)):
        return _with_nulls(value, [value, f"CASE WHEN {value} = 0 THEN power({value}, -1.0D) > 0 END"])
    return _with_nulls(value, [value])


def _with_nulls(value: str, parts: list[str]) -> str:
    named = ", ".join(f"'part_{place}', {part}" for place, part in enumerate(parts))
    return f"named_struct('is_null', {value} IS NULL, {named})"
