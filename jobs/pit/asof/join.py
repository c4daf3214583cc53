"""The as-of join itself: one exchange and one sort per set of join keys, whatever the number of tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from jobs.pit.asof.lane import Lane
from jobs.pit.fields import as_key

# Among equal instants: a feature row is visible at T itself, unless its table is strict; only then does it come
# after the label event.
INCLUSIVE_ROW, LABEL_EVENT, STRICT_ROW = 0, 1, 2

# Label events without an entity see no row, so they need not meet in one partition.
SPREAD_OF_NULL_KEYS = 1024


def as_of_join(spine: DataFrame, lanes: Sequence[Lane]) -> DataFrame:
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

    Ties are settled by rule 4; a null key or a null T sees nothing; equal instants are visible unless strict.
    """
    groups: dict[tuple[str, ...], list[Lane]] = {}
    for lane in lanes:
        groups.setdefault(lane.label_columns, []).append(lane)
    return reduce(lambda frame, group: _join_group(frame, *group), groups.items(), spine)


def _join_group(spine: DataFrame, label_columns: tuple[str, ...], lanes: list[Lane]) -> DataFrame:
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
    labels = rows.select(*carried, *winners).where(F.col("label_id").isNotNull())
    return labels.select(*carried, *[_survivor(lane) for lane in lanes])


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
        *spine.columns,
    )


def _feature_rows(lane: Lane, keys: list[str]) -> DataFrame:
    side = STRICT_ROW if lane.strict and lane.event_timestamp else INCLUSIVE_ROW
    return lane.rows.where(lane.is_matchable()).select(
        *[value.alias(key) for key, value in zip(keys, lane.key_columns(), strict=True)],
        F.lit(0).alias("spread"),
        lane.visible_from().alias("at"),
        F.lit(side).alias("side"),
        lane.candidate().alias(lane.slot),
    )


def _survivor(lane: Lane) -> Column:
    return lane.surviving(F.col(lane.slot), F.col("t")).alias(lane.slot)
