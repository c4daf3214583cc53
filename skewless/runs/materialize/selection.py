"""A stored table's feature rows → those that serving can still need from a moment on, a key's rows together.

What is left of a key is settled by `StoredTable.kept`, in pure Python and by serving's own rules. Here, in Spark, a
key's long history is cut first, so that no task holds it, and Delta's statistics rule out files.
"""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from skewless.ground.instants import MICROSECOND, stats_range
from skewless.ground.spark_columns import column
from skewless.parts.asof import JoinSide
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.plan.online.kept import first_event
from skewless.serving.plan.serve.compiled import needs_of

_VISIBLE, _EVENT, _AVAILABLE, _PLACE = "is_visible", "event", "available", "place"


def selected_rows(table: SourceTable, now: int) -> DataFrame:
    """Keys (`key_0`, …) and the stored columns (`value_0`, …) of all rows that may decide a value at a T from `now` on.

    Rows of a key lie in one partition, one after the other. Of the rows that are visible at `now` (microseconds since
    1970) an as-of join can need none but those that tie for the greatest (event timestamp, availability); J4's order of
    their values is left to serving's code. No window and no `max_age` reaches behind `now` less its length.
    """
    side, stored = table.side, table.stored
    rows = side.rows.where(side.is_matchable() & _in_reach(table, now))
    keys = [column(name).alias(f"key_{place}") for place, name in enumerate(stored.key_columns)]
    values = [column(name).alias(f"value_{place}") for place, name in enumerate(stored.columns)]
    names = [f"key_{place}" for place in range(len(keys))]
    if stored.is_events or side.event_timestamp is None:
        together = rows.select(*keys, *values)
        together = together.repartition(*names) if names else together.coalesce(1)
        return together.sortWithinPartitions(*names) if names else together
    timed = rows.select(*keys, *values, *_times(side, now))
    order = Window.partitionBy(*names).orderBy(
        F.desc(_VISIBLE), F.desc(_EVENT), F.desc(_AVAILABLE)
    )  # a rank needs no frame
    ranked = timed.withColumn(_PLACE, F.rank().over(order))
    needed = ranked.where(~F.col(_VISIBLE) | (F.col(_PLACE) == 1))
    return needed.drop(_VISIBLE, _EVENT, _AVAILABLE, _PLACE)


def keys_of(table: SourceTable) -> DataFrame:
    """The keys of all rows that can match (J5), each once, as `key_0`, …, and one column more."""
    keys = [column(name).alias(f"key_{place}") for place, name in enumerate(table.stored.key_columns)]
    # One more, since a table about the whole world has no key column, and Arrow no rows without columns.
    return table.side.rows.where(table.side.is_matchable()).select(*keys, F.lit(1).alias("one")).distinct()


def ended_keys(table: SourceTable, before: int, now: int) -> DataFrame | None:
    """The same of the rows that a store may have kept at `before` for nothing that is asked from `now` on.

    They are those that every window has left meanwhile, that are too old since, and those that others may have beaten,
    which became visible. None for a static table, whose rows do not end.
    """
    side, stored = table.side, table.stored
    if side.event_timestamp is None:
        return None
    if stored.is_events:
        left = first_event(stored.table, before), first_event(stored.table, now) - 1
        return keys_of(table.with_rows(side.rows.where(_happened(side, *left))))
    ended = _turned_visible(side, before, now)
    if side.max_age is not None:
        age = side.max_age // MICROSECOND
        ended |= _happened(side, before - age, now - age - 1)
    return keys_of(table.with_rows(side.rows.where(ended)))


def _happened(side: JoinSide, first: int, last: int) -> Column:
    """Whether a row's event timestamp is in [first, last]."""
    event, time = side.event(), side.event_timestamp
    assert event is not None and time is not None, "a table with a history"
    in_files = stats_range(column(time), side.types[time], first, last)
    return in_files & F.unix_micros(event).between(first, last)


def _turned_visible(side: JoinSide, before: int, now: int) -> Column:
    """Whether a row is visible at `now` and was not at `before`: its event or its landing is between them."""
    time, landing = side.event_timestamp, side.available_at or side.event_timestamp
    assert time is not None and landing is not None, "a table with a history"
    first, last = (before, now - 1) if side.strict else (before + 1, now)
    delay = side.delay // MICROSECOND
    in_files = stats_range(column(time), side.types[time], first, last)
    in_files |= stats_range(column(landing), side.types[landing], first - delay, last - delay)
    return in_files & side.visible_from().between(first, last)


def _times(side: JoinSide, now: int) -> list[Column]:
    event, available = side.event(), side.available()
    assert event is not None and available is not None, "a table with a history"
    last = now - 1 if side.strict else now
    return [
        (side.visible_from() <= F.lit(last)).alias(_VISIBLE),
        F.unix_micros(event).alias(_EVENT),
        F.unix_micros(available).alias(_AVAILABLE),
    ]


def _in_reach(table: SourceTable, now: int) -> Column:
    """Whether a row's event timestamp is within the look-back of a T from `now` on, by the raw column, exactly or with
    some to spare: file statistics answer it."""
    side, needs = table.side, needs_of(table.stored.table)
    back: timedelta | None = needs.event_look_back if table.stored.is_events else needs.row_look_back
    if side.event_timestamp is None or back is None:
        return F.lit(True)
    time = side.event_timestamp
    return stats_range(column(time), side.types[time], now - back // MICROSECOND, None)
