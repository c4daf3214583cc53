"""The as-of join itself: one exchange and one sort per set of join keys, whatever the number of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from skewless.ground.event_rows import AVAILABLE, BUCKET, LABEL_EVENT, MOMENT, TABLE, EventTable
from skewless.ground.spark_columns import INTEGERS, as_key
from skewless.parts.asof.audit_flags import audit_flags
from skewless.parts.asof.join_side import JoinSide

ReduceEvents = Callable[[DataFrame, Sequence[str], Mapping[str, EventTable]], DataFrame]

# Among equal instants: a feature row is visible at T itself, unless its table is strict; only then does it come
# after the label event.
INCLUSIVE_ROW, AT_T, STRICT_ROW = 0, 1, 2

# Label events without an entity see no row, so they need not meet in one partition.
SPREAD_OF_NULL_KEYS = 1024


def as_of_join(
    spine: DataFrame, sides: Sequence[JoinSide], reduce_events: ReduceEvents | None = None
) -> DataFrame:
    """Give each label event the winning row of every side that was visible at its T.

    Takes the spine: `label` (struct of the label event's columns), `label_id`, `t` (instant), and whatever else.
    Gives the same rows with a struct column per side, in the side's slot: the winner's times `event` and
    `available`, its values; null where no row survives.

    Label events and feature rows of one set of join keys form one union, sorted by the instant at which a row
    becomes visible, `max(event, available)`. The winner at T is then the running maximum of
    `struct(event, available, columns)`: late rows and corrections take effect when they arrive, never before.

    | at    | row                     | running maximum |
    | ----- | ----------------------- | --------------- |
    | 10:00 | event 10:00             | event 10:00     |
    | 10:30 | label event, T = 10:30  | → event 10:00   |
    | 11:00 | event 09:00, came late  | event 10:00     |

    `reduce_events` computes what sides with a reduction ask for, from the same rows (`skewless.ground.event_rows`): it
    takes them, the names of the keys among them, and the tables by the struct column that each one's results go to; it
    gives `label_event` of the label events and its own columns. A side that selects no column has
    no winner to carry: its slot holds the times of its newest visible row alone, and where all sides are such,
    rows are brought together by key and left in any order, since no running maximum is needed.

    A boolean column a side says whether its winner is of exactly T (`JoinSide.is_at_t`).

    A side that is to be audited adds a struct that says whether a label event is a hard case of it (`audit_flags`).

    Ties are settled by J4; a null key or a null T sees nothing; equal instants are visible unless strict.
    """
    joined = spine
    for label_columns, group in key_sets(sides).items():
        joined = _join_group(joined, label_columns, group, reduce_events)
    return joined


def key_sets(sides: Sequence[JoinSide]) -> dict[tuple[str, ...], list[JoinSide]]:
    """Label columns → the join sides that join on them: what meets in one exchange and one sort."""
    sets: dict[tuple[str, ...], list[JoinSide]] = {}
    for side in sides:
        sets.setdefault(side.label_columns, []).append(side)
    return sets


def _join_group(
    spine: DataFrame,
    label_columns: tuple[str, ...],
    sides: list[JoinSide],
    reduce_events: ReduceEvents | None,
) -> DataFrame:
    keys = [f"key_{position}" for position in range(len(label_columns))]
    rows = _label_rows(spine, label_columns, keys)
    for tag, side in enumerate(sides, start=1):
        rows = rows.unionByName(_feature_rows(side, tag, keys), allowMissingColumns=True)
    competing = [side for side in sides if side.competes]
    if competing:
        rows = _with_winners(rows, keys, competing)
    carried = [*spine.columns, *[side.slot for side in competing]]
    tables = {
        side.events_slot: _event_table(side, tag) for tag, side in enumerate(sides, 1) if side.reduction
    }
    if not tables:
        labels = rows.where(_is_label()).select(*carried)
    else:
        assert reduce_events is not None, "join sides with a reduction need what computes it"
        told = _telling(rows, keys)
        events = _event_rows(rows, told, carried, tables, is_sorted=bool(competing))
        labels = _carried_on(reduce_events(events, told, tables), carried)
    hard = [audit_flags(side).alias(side.audit_slot) for side in sides if side.audited]
    at_t = [side.is_at_t().alias(side.at_t_slot) for side in sides]
    return labels.select(*spine.columns, *[side.survivor() for side in sides], *tables, *at_t, *hard)


def _label_rows(spine: DataFrame, label_columns: tuple[str, ...], keys: list[str]) -> DataFrame:
    types = {field.name: field.dataType for field in spine.schema["label"].dataType}  # type: ignore[attr-defined]
    values = [as_key(F.col("label").getField(name), types[name]) for name in label_columns]
    has_null_key = reduce(Column.__or__, [value.isNull() for value in values], F.lit(False))
    spread = F.pmod("label_id", F.lit(SPREAD_OF_NULL_KEYS))
    return spine.select(
        F.when(has_null_key, spread)
        .otherwise(_bucket(values, [types[name] for name in label_columns]))
        .alias(BUCKET),
        *[value.alias(key) for key, value in zip(keys, values, strict=True)],
        F.lit(None).cast("int").alias(TABLE),
        F.unix_micros("t").alias("at"),
        F.lit(AT_T).alias("side"),
        F.when(~has_null_key, F.unix_micros("t")).alias(MOMENT),
        *spine.columns,
    )


def _feature_rows(side: JoinSide, tag: int, keys: list[str]) -> DataFrame:
    order = STRICT_ROW if side.strict and side.event_timestamp else INCLUSIVE_ROW
    values = side.key_columns()
    types = [side.types[key] for key, _ in side.keys]
    return side.rows.where(side.is_matchable()).select(
        _bucket(values, types).alias(BUCKET),
        *[value.alias(key) for key, value in zip(keys, values, strict=True)],
        F.lit(tag).alias(TABLE),
        side.visible_from().alias("at"),
        F.lit(order).alias("side"),
        *([side.candidate().alias(side.slot)] if side.competes else []),
        *_event_columns(side),
    )


def _event_columns(side: JoinSide) -> list[Column]:
    event, available = side.event(), side.available()
    if side.reduction is None or event is None or available is None:
        return []
    times = [F.unix_micros(event).alias(MOMENT)]
    if side.lag is None:
        times.append(F.unix_micros(available).alias(AVAILABLE))
    return [*times, *side.reduction.event_columns(side.events_slot)]


def _event_table(side: JoinSide, tag: int) -> EventTable:
    newest = None if side.competes else side.slot
    return EventTable(tag, side.reduction, side.lag, newest, side.audit_slot if side.audited else None)


def _bucket(keys: list[Column], types: list[DataType]) -> Column:
    """Where the rows of a key meet: one number, since that is exchanged, sorted and compared fastest.

    A key that is a number is its own bucket.
    """
    if not keys:
        return F.lit(0).cast("bigint")
    return keys[0] if _are_buckets(types) else F.xxhash64(*keys)


def _are_buckets(types: list[DataType]) -> bool:
    return len(types) == 1 and isinstance(types[0], INTEGERS)


def _with_winners(rows: DataFrame, keys: list[str], sides: list[JoinSide]) -> DataFrame:
    """The rows with each join side's running maximum in its slot, on label events alone."""
    up_to_now = (
        Window.partitionBy(BUCKET, *keys)
        .orderBy(F.col("at").asc_nulls_first(), F.col("side").asc())
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    slots = {side.slot for side in sides}
    winners = [F.when(_is_label(), side.greatest().over(up_to_now)).alias(side.slot) for side in sides]
    return rows.select(*[name for name in rows.columns if name not in slots], *winners)


def _is_label() -> Column:
    return F.col(TABLE).isNull()


def _telling(rows: DataFrame, keys: list[str]) -> list[str]:
    """The keys that tell apart what shares a bucket: none where the one key is the bucket."""
    return [] if _are_buckets([rows.schema[key].dataType for key in keys]) else keys


def _event_rows(
    rows: DataFrame, keys: list[str], carried: list[str], tables: Mapping[str, EventTable], is_sorted: bool
) -> DataFrame:
    """The rows that reductions are about, as `skewless.ground.event_rows` has them."""
    tags = [table.tag for table in tables.values()]
    asking = F.when(_is_label(), F.array(F.struct(*carried))).alias(LABEL_EVENT)
    names = [BUCKET, *keys, MOMENT]
    if len(tags) > 1:
        names.append(TABLE)
    if AVAILABLE in rows.columns:
        names.append(AVAILABLE)
    names += [name for slot, table in tables.items() for name in table.reduction.event_names(slot)]
    wanted = rows.where(_is_label() | F.col(TABLE).isin(tags)).select(*names, asking)
    return wanted if is_sorted else wanted.repartition(BUCKET).sortWithinPartitions(BUCKET)


def _carried_on(labels: DataFrame, carried: list[str]) -> DataFrame:
    """The label events with what they carried as columns again."""
    asking = F.col(LABEL_EVENT).getItem(0)
    others = [F.col(name) for name in labels.columns if name != LABEL_EVENT]
    return labels.select(*[asking.getField(name).alias(name) for name in carried], *others)
