"""A feature table and entities → its rows that could explain a value of theirs, by any rule that is tried."""

from __future__ import annotations

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType

from skewless.ground.instants import DAY_IN_MICROSECONDS, MICROSECOND, could_be_within
from skewless.ground.spark_columns import as_key, column
from skewless.parts.asof import JoinSide
from skewless.parts.windows.reduction import WindowReduction

SPARE = 34 * DAY_IN_MICROSECONDS
"""How much further back than its windows a table is read: other calendars and other clocks reach further."""


def entity_rows(side: JoinSide, entities: pa.Table, first: int, last: int) -> DataFrame:
    """The side's rows of these entities that a T in [first, last] can use, by any rule that is tried.

    `entities` has a column per key, in the order of `label_columns`; text keys meet in lower case without outer
    space. Gives `key_0`, …, `event` and `available` (microseconds; 0 in a static side), `ends` (null without one),
    `value_0`, … of the selected columns, and what the side's reduction takes.
    """
    keys = [value.alias(f"key_{place}") for place, value in enumerate(side.key_columns())]
    rows = _of_entities(side, _near(side, first, last), entities)
    event, available = side.event(), side.available()
    times = (
        [F.lit(0).cast("bigint")] * 2
        if event is None or available is None
        else [F.unix_micros(event), F.unix_micros(available)]
    )
    endless = [] if side.valid_until else [F.lit(None).cast("bigint").alias("ends")]
    return rows.select(
        *keys,
        times[0].alias("event"),
        times[1].alias("available"),
        *endless,
        *side.payload(),
    )


def _near(side: JoinSide, first: int, last: int) -> DataFrame:
    rows = side.rows.where(side.is_matchable())
    if side.event_timestamp is None:
        return rows
    oldest = None
    if isinstance(side.reduction, WindowReduction) and (side.max_age is not None or not side.columns):
        oldest = side.reduction.oldest(first) - SPARE
    if side.max_age is not None:
        reach = first - 2 * (side.max_age // MICROSECOND) - SPARE
        oldest = reach if oldest is None else min(oldest, reach)
    time = could_be_within(
        column(side.event_timestamp), side.types[side.event_timestamp], oldest, last + DAY_IN_MICROSECONDS
    )
    return rows.where(time)


def _of_entities(side: JoinSide, rows: DataFrame, entities: pa.Table) -> DataFrame:
    if not side.keys:
        return rows
    names = [f"entity_{place}" for place in range(entities.num_columns)]
    distinct = entities.rename_columns(names).group_by(names).aggregate([])
    wanted = F.broadcast(rows.sparkSession.createDataFrame(distinct))
    in_order = sorted(side.keys, key=lambda pair: pair[1])
    matches = []
    for name, (key, _) in zip(names, in_order, strict=True):
        one, other = as_key(column(key), side.types[key]), as_key(F.col(name), wanted.schema[name].dataType)
        is_text = isinstance(side.types[key], StringType)
        matches.append(F.lower(F.trim(one)) == F.lower(F.trim(other)) if is_text else one == other)
    return rows.join(wanted, matches, how="left_semi")
