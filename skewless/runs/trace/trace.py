"""Label events that match a predicate → per joined value the row it came from, and the nearest rows not used.

The tables are read as they stand now, and the functions are those that are there now, whatever version a published
training set was made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.config import ResolvedTrainingSet
from skewless.ground.arrow_values import python_columns
from skewless.ground.errors import InputError
from skewless.ground.instants import DAY_IN_MICROSECONDS, utc
from skewless.ground.names import EVENT_TIMESTAMP
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.ground.spark_columns import column
from skewless.lake.session import private_session
from skewless.parts.spine import failed_on_a_row, predicate_problem, spine_of, take_census
from skewless.runs.trace.findings import Traced, TracedEvent, TracedTable
from skewless.runs.trace.functions import traced_functions
from skewless.runs.trace.searched import searched_rows
from skewless.runs.trace.traced_table import traced_table
from skewless.training_set.bind import bind
from skewless.training_set.on_driver.entity_rows import entity_rows
from skewless.training_set.on_driver.history import History
from skewless.training_set.opened import OpenedTrainingSet

AHEAD = 366 * DAY_IN_MICROSECONDS
"""How far after T rows are read, to tell of the nearest that are not yet there."""
MOST_ROWS = 200_000
"""Rows of one feature table that are held on the driver."""


@dataclass(frozen=True)
class Chosen:
    """The label events to trace: their keys and labels, and T in microseconds; `has_more` where others match too.

    `inputs` are the columns that feature functions take.
    """

    columns: pa.Table
    inputs: pa.Table
    at: Sequence[int | None]
    has_more: bool


def trace(spark: SparkSession, spec: ResolvedTrainingSet, where: str, limit: int) -> Traced:
    """At most `limit` of the label events for which `where` is true, the first by T.

    `where` is about label events, or, where it names a column that they do not have, about the rows that are published.
    Errors: InputError for a column that neither has, for a predicate that more than a row decides, for one that fails
    on a row, for one that no label event matches, for a table of which there are too many rows in reach, and for a
    feature function that fails.
    """
    own = private_session(spark)
    with step("opening tables"):
        opened = bind(own, spec)
        searched = searched_rows(own, opened, where)
    if problem := predicate_problem(searched.rows, where):
        raise InputError(f"--where {where!r}: {problem}")
    # Published rows have every column of their label events, unchanged.
    events = searched.rows.where(F.expr(where)).select(*map(column, opened.events.columns))
    matching = replace(opened, events=events)
    try:
        chosen = _chosen(matching, limit)
    except PySparkException as error:
        raise failed_on_a_row(error, {"--where": where, "labels.where": opened.labels.where}) from error
    if not chosen.at:
        raise InputError(_no_match(matching, where))
    tables = _traced_tables(opened, chosen)
    label_events = _rows(chosen.columns)
    functions = traced_functions(opened.features, _known(chosen), tables, label_events)
    traced = [
        TracedEvent(
            columns,
            None if at is None else utc(at),
            {name: table[place] for name, table in tables.items()},
            features,
        )
        for place, (columns, at, features) in enumerate(zip(label_events, chosen.at, functions, strict=True))
    ]
    versions = {side.name: opened.inputs[f"feature_tables.{side.name}"].version for side in opened.sides}
    return Traced(spec.training_set.name, where, chosen.has_more, versions, tuple(traced), searched.version)


@step("finding label events")
def _chosen(opened: OpenedTrainingSet, limit: int) -> Chosen:
    labels = opened.labels
    keys = [label_column for side in opened.sides for label_column in side.label_columns]
    names = dict.fromkeys([*labels.entity_keys, *keys, labels.event_timestamp, *labels.label_columns])
    spine = spine_of(opened.events, labels, opened.sample, RunRange(datetime.now(timezone.utc)))
    label = F.col("label")
    at = F.unix_micros("t").alias("at")
    by = [F.col("at").asc_nulls_last(), *[F.col("label").getField(name) for name in labels.entity_keys]]
    inputs = [
        name for name in opened.events.columns if name in opened.features.inputs and name != EVENT_TIMESTAMP
    ]
    every = F.struct(*[label.getField(name).alias(name) for name in dict.fromkeys([*names, *inputs])])
    found = spine.select(every.alias("label"), at).orderBy(*by).limit(limit + 1).toArrow().combine_chunks()
    kept = found.slice(0, limit)
    columns = pa.Table.from_struct_array(kept["label"])
    return Chosen(
        columns.select(list(names)), columns.select(inputs), kept["at"].to_pylist(), found.num_rows > limit
    )


def _known(chosen: Chosen) -> list[dict[str, Any]]:
    """What functions take of the label events, T included."""
    inputs = {name: chosen.inputs[name] for name in chosen.inputs.column_names}
    return _rows(pa.table({**inputs, EVENT_TIMESTAMP: pa.array(chosen.at, pa.timestamp("us", "UTC"))}))


def _no_match(opened: OpenedTrainingSet, where: str) -> str:
    subject = f"training set '{opened.spec.training_set.name}': no label event for which {where}"
    census = take_census(opened.events, opened.labels, opened.sample, RunRange(datetime.now(timezone.utc)))
    words = {"where": "not where labels.where is true"}
    reasons = ", ".join(f"{count:,} {words.get(why, why)}" for why, count in census.left_out.items())
    return f"{subject}; rows of the source that match, and are left out: {reasons or 'none'}"


@step("tracing")
def _traced_tables(opened: OpenedTrainingSet, chosen: Chosen) -> Mapping[str, list[TracedTable]]:
    """As-name → its findings, for each label event."""
    known = [at for at in chosen.at if at is not None]
    return {
        side.name: list(traced_table(history, chosen.columns, chosen.at))
        for side, history in zip(opened.sides, _histories(opened, chosen.columns, known), strict=True)
    }


def _histories(opened: OpenedTrainingSet, events: pa.Table, moments: Sequence[int]) -> Iterator[History]:
    """The rows of the label events' entities, table by table: the whole past, since an old row may have to be shown."""
    first, last = min(moments, default=0), max(moments, default=0) + AHEAD
    for side in opened.sides:
        columns = [events[name] for name in side.label_columns]
        entities = pa.table(columns, names=[f"entity_{place}" for place in range(len(columns))])
        rows = _held(entity_rows(replace(side, max_age=None), entities, first, last))
        if rows is None:
            raise InputError(
                f"feature table '{side.name}': over {MOST_ROWS:,} rows of these entities; trace fewer label events"
            )
        yield History(side, rows)


def _held(rows: DataFrame) -> pa.Table | None:
    found = rows.limit(MOST_ROWS + 1).toArrow()
    return found if found.num_rows <= MOST_ROWS else None


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    """Each row as Python values by column."""
    values = python_columns(table)
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
