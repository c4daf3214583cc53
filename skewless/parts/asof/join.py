"""The as-of join itself: one exchange per set of join keys, whatever the number of tables, and one pass in Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless.ground.python_tasks import map_in_arrow
from skewless.ground.spark_columns import INTEGERS, as_key, types_in
from skewless.lake.session import worker_memory
from skewless.parts.asof.join_side import JoinSide
from skewless.parts.asof.kernel.layout import (
    AVAILABLE,
    BUCKET,
    LABEL,
    MOMENT,
    OF_LABELS,
    SIDE,
    PassLayout,
    SideLayout,
    T,
)
from skewless.parts.asof.kernel.one_pass import answer_batches
from skewless.parts.asof.row_shape import SideRows, lists_of, null
from skewless.parts.asof.sending import sent_sides

# Label events without an entity see no row, so they need not meet in one partition.
SPREAD_OF_NULL_KEYS = 1024

MOST_BYTES, SHARE_OF_WORKER = 256 * 2**20, 12
"""Rows held at once in a Python worker, in Arrow, and the part of its memory that they may take where that is limited:
gathering, ordering and answering them takes about four times as much, and an idle worker 400 MB of address space, which
is what Spark limits.
"""


def as_of_join(
    spine: DataFrame, sides: Sequence[JoinSide], partitions: Mapping[tuple[str, ...], int] | None = None
) -> DataFrame:
    """Give each label event the winning row of every side that was visible at its T.

    Takes the spine: `label` (struct of the label event's columns), `label_id`, `t` (instant), and whatever else.
    Gives the same rows with columns per side, in the side's slots: whether a row survives, that winner's values, null
    where none does, and whether the winner is of exactly T. A side with a reduction adds a struct of what that
    computes, one that is to be audited a struct that says whether a label event is a hard case of it.

    Label events and feature rows of one set of join keys meet in one exchange, into as many `partitions` as are given
    for their label columns (else as the session says, put together by their sizes), and in no order: a pass in Arrow
    numbers their keys, orders each table's rows by key and instant, and answers the label events. Sides that are sent
    to the label events need no exchange; they are answered in the last pass.

    Ties are settled by J4; a null key or a null T sees nothing; equal instants are visible unless strict.
    """
    meeting = [side for side in sides if not side.broadcast]
    sent = [side for side in sides if side.broadcast]
    sets: list[tuple[tuple[str, ...], list[JoinSide]]] = list(key_sets(meeting).items())
    # What is widest is added last, since each exchange moves what was added before.
    sets.sort(key=lambda each: sum(_width(side) for side in each[1]))
    joined = spine
    for place, (label_columns, group) in enumerate(sets):
        is_last = place == len(sets) - 1
        wanted = (partitions or {}).get(label_columns)
        joined = _passed(joined, label_columns, group, sent if is_last else [], wanted)
    if sent and not sets:
        joined = _passed(joined, (), [], sent, None)
    results = [field.name for side in sides for field in side.results()]
    return joined.select(*spine.columns, *results)


def _width(side: JoinSide) -> int:
    return len(side.columns) + (len(side.reduction.schema()) if side.reduction else 0)


def key_sets(sides: Iterable[JoinSide]) -> dict[tuple[str, ...], list[JoinSide]]:
    """Label columns → the join sides that join on them: what meets in one exchange."""
    sets: dict[tuple[str, ...], list[JoinSide]] = {}
    for side in sides:
        sets.setdefault(side.label_columns, []).append(side)
    return sets


def _passed(
    spine: DataFrame,
    label_columns: tuple[str, ...],
    meeting: list[JoinSide],
    sent: list[JoinSide],
    partitions: int | None,
) -> DataFrame:
    """The spine with what these sides tell."""
    keys_of_sent = {name: f"label_{place}" for place, name in enumerate(_label_columns(sent))}
    carried = _carried(spine, keys_of_sent, [*meeting, *sent])
    rows = spine.select(carried)
    layouts: tuple[SideLayout, ...] = ()
    telling: tuple[str, ...] = ()
    if meeting:
        rows, layouts, telling = _met(spine, carried, label_columns, meeting)
        rows = rows.repartition(BUCKET) if partitions is None else rows.repartition(partitions, BUCKET)
    packed, tables = sent_sides(sent, keys_of_sent)
    layout = PassLayout(tuple(spine.columns), telling, layouts, tables, _most_bytes(spine))
    added = [field for side in (*meeting, *sent) for field in side.results()]

    def answer(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        return answer_batches(iter(batches), layout)

    return map_in_arrow(rows.select("*", *packed), answer, StructType([*spine.schema, *added]))


def _most_bytes(spine: DataFrame) -> int:
    memory = worker_memory(spine.sparkSession)
    return MOST_BYTES if memory is None else min(MOST_BYTES, memory // SHARE_OF_WORKER)


def _label_columns(sides: Iterable[JoinSide]) -> list[str]:
    return list(dict.fromkeys(name for side in sides for name in side.label_columns))


def _carried(spine: DataFrame, keys_of_sent: Mapping[str, str], sides: Iterable[JoinSide]) -> Column:
    """A list of one: all that a label event carries, and what is asked of it besides the keys that rows meet by.

    A list, since a null one costs a row of a table one value on its way, however many columns label events have.
    """
    asked = {name: _label_key(spine, label_column) for label_column, name in keys_of_sent.items()}
    for side in sides:
        if side.reduction is not None:
            asked |= side.reduction.label_columns(F.col(T))
    own = [F.col(name) for name in spine.columns]
    return F.array(F.struct(*own, *[value.alias(name) for name, value in asked.items()])).alias(LABEL)


def _met(
    spine: DataFrame, carried: Column, label_columns: tuple[str, ...], sides: list[JoinSide]
) -> tuple[DataFrame, tuple[SideLayout, ...], tuple[str, ...]]:
    """Label events and the rows of all sides, one below the other, each side as the pass is told of it, and the columns
    that tell keys apart.
    """
    types = [_label_types(spine)[name] for name in label_columns]
    keys = [f"key_{place}" for place in range(len(types))]
    telling = [BUCKET] if _are_buckets(types) else keys
    tables = [SideRows(side, _named(side.key_columns(), types, keys)) for side in sides]
    lists = lists_of(tables)
    has_available = any(side.lag is None for side in sides)
    names = list(
        dict.fromkeys([BUCKET, *telling, SIDE, MOMENT, *([AVAILABLE] if has_available else []), LABEL])
    )
    labels = _label_rows(spine, carried, label_columns, keys)
    nulls = {LABEL: null(labels.schema[LABEL].dataType), AVAILABLE: null("bigint")}
    nulls |= {name: null(kind) for name, kind in lists.items()}

    def whole(rows: DataFrame, **own: Column) -> DataFrame:
        found = nulls | {name: F.col(name) for name in rows.columns} | own
        return rows.select(*[found[name].alias(name) for name in (*names, *lists)])

    rows = whole(labels)
    for tag, table in enumerate(tables, start=1):
        rows = rows.union(whole(table.rows, **{SIDE: F.lit(tag)}, **table.in_lists(lists)))
    layouts = [table.side.layout(tag, table.places(lists)) for tag, table in enumerate(tables, start=1)]
    return rows, tuple(layouts), tuple(telling)


def _label_rows(
    spine: DataFrame, carried: Column, label_columns: tuple[str, ...], keys: list[str]
) -> DataFrame:
    types = [_label_types(spine)[name] for name in label_columns]
    values = [_label_key(spine, name) for name in label_columns]
    has_null_key = reduce(Column.__or__, [value.isNull() for value in values], F.lit(False))
    spread = F.pmod("label_id", F.lit(SPREAD_OF_NULL_KEYS))
    bucket, *named = _named(values, types, keys)
    return spine.select(
        F.when(has_null_key, spread).otherwise(bucket).alias(BUCKET),
        *named,
        F.lit(OF_LABELS).alias(SIDE),
        F.when(~has_null_key, F.unix_micros(T)).alias(MOMENT),
        carried,
    )


def _label_types(spine: DataFrame) -> dict[str, DataType]:
    return types_in(spine, "label")


def _label_key(spine: DataFrame, name: str) -> Column:
    return as_key(F.col("label").getField(name), _label_types(spine)[name])


def _named(values: list[Column], types: list[DataType], keys: list[str]) -> list[Column]:
    """The bucket of these keys, and the keys where a bucket may hold several of them."""
    bucket = _bucket(values, types).alias(BUCKET)
    if _are_buckets(types):
        return [bucket]
    return [bucket, *[value.alias(key) for key, value in zip(keys, values, strict=True)]]


def _bucket(keys: list[Column], types: list[DataType]) -> Column:
    """Where the rows of a key meet: one number, since that is exchanged and compared fastest.

    A key that is a number is its own bucket.
    """
    if not keys:
        return F.lit(0).cast("bigint")
    return keys[0] if _are_buckets(types) else F.xxhash64(*keys)


def _are_buckets(types: list[DataType]) -> bool:
    return len(types) == 1 and isinstance(types[0], INTEGERS)
