"""Two sets of rows → how many are only in one of them, and in which columns they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from skewless.parts.publish.checksum import row_hashes, total


class Difference(NamedTuple):
    """Rows that are only in one set or only in the other, each as often as it is there, and the columns that differ."""

    only_in_first: int
    only_in_second: int
    columns: tuple[str, ...]


def difference(first: DataFrame, second: DataFrame, label_event: Sequence[str]) -> Difference:
    """How the rows differ, whatever their order; duplicates count, and values are told apart as in the checksum.

    The columns are those whose value is another one for some label event, or, where the label events themselves are
    not the same, those of `label_event` that say so. Where the sets do not have the same columns no row is in both.
    """
    if columns := other_columns(first.schema, second.schema):
        return Difference(first.count(), second.count(), columns)
    return Difference(*_surplus(first, second), _other_values(first, second, label_event))


def other_columns(first: StructType, second: StructType) -> tuple[str, ...]:
    """The columns that only one of them has, or has as another type; else those in another place."""
    pairs = zip(first.names, second.names, strict=False)
    return retyped_columns(first, second) or tuple(name for name, beside in pairs if name != beside)


def retyped_columns(first: StructType, second: StructType) -> tuple[str, ...]:
    """The columns that only one of them has, or has as another type."""
    one, other = ({field.name: field.dataType.simpleString() for field in each} for each in (first, second))
    return tuple(name for name in {**one, **other} if one.get(name) != other.get(name))


def _surplus(first: DataFrame, second: DataFrame) -> tuple[int, int]:
    # By hashes, since neither exceptAll nor a join takes maps.
    hashed = [
        rows.select(*row_hashes(rows.schema, rows.columns), F.lit(side)).toDF("one", "other", "side")
        for rows, side in ((first, 1), (second, -1))
    ]
    surplus = hashed[0].unionAll(hashed[1]).groupBy("one", "other").agg(F.sum("side").alias("surplus"))
    sums = [F.sum(F.greatest(sign * F.col("surplus"), F.lit(0))) for sign in (1, -1)]
    row = surplus.agg(*sums).first()
    assert row is not None, "an aggregate without grouping has one row"
    return int(row[0] or 0), int(row[1] or 0)


def _other_values(first: DataFrame, second: DataFrame, label_event: Sequence[str]) -> tuple[str, ...]:
    beside = {name: [*label_event, name] for name in first.columns if name not in label_event}
    found = _differing(first, second, {"": label_event, **beside})
    if "" in found:
        return _differing(first, second, {name: [name] for name in label_event})
    return found


def _differing(first: DataFrame, second: DataFrame, parts: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The names of those parts of the rows, columns each, that are not the same in both sets."""
    sums = []
    for rows in (first, second):
        hashes = [row_hashes(rows.schema, columns)[0] for columns in parts.values()]
        row = rows.agg(*map(total, hashes)).first()
        assert row is not None, "an aggregate without grouping has one row"
        sums.append(tuple(row))
    return tuple(name for name, one, other in zip(parts, *sums, strict=True) if one != other)
