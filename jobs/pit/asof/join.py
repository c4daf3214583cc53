"""The as-of join itself: one exchange and one sort per set of join keys, whatever the number of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.pit.asof.lane import Lane
from jobs.pit.fields import as_key

ReduceEvents = Callable[[DataFrame, Sequence[str], Sequence[str], Mapping[str, Any]], DataFrame]

# Among equal instants: a feature row is visible at T itself, unless its table is strict; only then does it come
# after the label event.
INCLUSIVE_ROW, LABEL_EVENT, STRICT_ROW = 0, 1, 2

# Label events without an entity see no row, so they need not meet in one partition.
SPREAD_OF_NULL_KEYS = 1024


def as_of_join(
    spine: DataFrame, lanes: Sequence[Lane], reduce_events: ReduceEvents | None = None
) -> DataFrame:
    """Give each label event the winning row of every lane that was visible at its T.

    Takes the spine: `label` (struct of the label event's columns), `label_id`, `t` (instant), and whatever else.
    Gives the same rows with a struct column per lane, in the lane's slot: the winner's times `event` and
    `available`, its values; null where no row survives.

    Label events and feature rows of one set of join keys form one union, sorted by the instant at which a row
    becomes visible, `max(event, available)`. The winner at T is then the running maximum of
    `struct(event, available, columns)`: late rows and corrections take effect when they arrive, never before.

    | at    | row                     | running maximum |
    | ----- | ----------------------- | --------------- |
    | 10:00 | event 10:00             | event 10:00     |
    | 10:30 | label event, T = 10:30  | → event 10:00   |
    | 11:00 | event 09:00, came late  | event 10:00     |

    `reduce_events` computes what lanes with a reduction ask for, from the same sorted rows: it takes them (keys,
    `asked_at`: T in microseconds or null for no entity, the carried columns, a struct of events per lane), the names
    of the keys and of the carried columns, and the reductions by their struct column; it gives the label events with
    the carried columns and its own.

    Ties are settled by rule 4; a null key or a null T sees nothing; equal instants are visible unless strict.
    """
    groups: dict[tuple[str, ...], list[Lane]] = {}
    for lane in lanes:
        groups.setdefault(lane.label_columns, []).append(lane)
    joined = spine
    for label_columns, group in groups.items():
        joined = _join_group(joined, label_columns, group, reduce_events)
    return joined


def _join_group(
    spine: DataFrame, label_columns: tuple[str, ...], lanes: list[Lane], reduce_events: ReduceEvents | None
) -> DataFrame:
    keys = [f"key_{position}" for position in range(len(label_columns))]
    carried = spine.columns
    rows = _label_rows(spine, label_columns, keys)
    for lane in lanes:
        rows = rows.unionByName(_feature_rows(lane, keys), allowMissingColumns=True)
    up_to_now = (
        Window.partitionBy(*keys, "spread")
        .orderBy(F.col("at").asc_nulls_first(), F.col("side").asc())
        .rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    winners = [lane.greatest().over(up_to_now).alias(lane.slot) for lane in lanes]
    reduced = {lane.events_slot: lane.reduction for lane in lanes if lane.reduction is not None}
    survivors = [_survivor(lane) for lane in lanes]
    if not reduced or reduce_events is None:
        labels = rows.select(*carried, *winners).where(F.col("label_id").isNotNull())
        return labels.select(*carried, *survivors)
    carried_on = [*carried, *[lane.slot for lane in lanes]]
    groups = [*keys, "spread"]
    rows = rows.select(*groups, "asked_at", *carried, *winners, *reduced)
    labels = reduce_events(rows, groups, carried_on, reduced)
    return labels.select(*carried, *survivors, *[name for name in labels.columns if name not in carried_on])


def _label_rows(spine: DataFrame, label_columns: tuple[str, ...], keys: list[str]) -> DataFrame:
    types = {field.name: field.dataType for field in spine.schema["label"].dataType}  # type: ignore[attr-defined]
    values = [as_key(F.col("label").getField(name), types[name]) for name in label_columns]
    has_null_key = reduce(Column.__or__, [value.isNull() for value in values], F.lit(False))
    spread = F.when(has_null_key, F.pmod("label_id", F.lit(SPREAD_OF_NULL_KEYS))).otherwise(0)
    return spine.select(
        *[value.alias(key) for key, value in zip(keys, values, strict=True)],
        spread.cast("int").alias("spread"),
        F.unix_micros("t").alias("at"),
        F.lit(LABEL_EVENT).alias("side"),
        F.when(~has_null_key, F.unix_micros("t")).alias("asked_at"),
        *spine.columns,
    )


def _feature_rows(lane: Lane, keys: list[str]) -> DataFrame:
    side = STRICT_ROW if lane.strict and lane.event_timestamp else INCLUSIVE_ROW
    event, available = lane.event(), lane.available()
    events = []
    if lane.reduction is not None and event is not None and available is not None:
        events.append(lane.reduction.event(event, available).alias(lane.events_slot))
    return lane.rows.where(lane.is_matchable()).select(
        *[value.alias(key) for key, value in zip(keys, lane.key_columns(), strict=True)],
        F.lit(0).alias("spread"),
        lane.visible_from().alias("at"),
        F.lit(side).alias("side"),
        lane.candidate().alias(lane.slot),
        *events,
    )


def _survivor(lane: Lane) -> Column:
    return lane.surviving(F.col(lane.slot), F.col("t")).alias(lane.slot)
