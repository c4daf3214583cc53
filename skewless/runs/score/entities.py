"""The table of entities → rows that stand where label events do: with a T, and all that the definition needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError, NoTableError
from skewless.ground.instants import literal, refusal
from skewless.ground.names import EVENT_DATE, unknown
from skewless.ground.spark_columns import UNPUBLISHABLE, column, is_publishable, type_text, unwritable
from skewless.lake.sources import Source, open_source
from skewless.runs.score.definition import Definition

_INTEGERS = frozenset({"tinyint", "smallint", "int", "bigint"})


@dataclass(frozen=True)
class Entities:
    """The rows to be scored, pinned: `rows` have the names that the definition knows its columns by.

    `at` is the T of all of them, None where their own column says it. `overruled` is true where they have such a
    column and `at` stands in its place.
    """

    source: Source
    rows: DataFrame
    at: datetime | None
    overruled: bool


def open_entities(
    spark: SparkSession, location: str, definition: Definition, at: datetime | None, now: datetime
) -> Entities:
    """Errors: InputError with everything that the table lacks, or that cannot be published beside the features."""
    try:
        source = open_source(spark, location, "entities")
    except NoTableError as error:
        remedy = "give --entities a Delta table, by its path or its name in the catalog"
        raise NoTableError(f"entities: no Delta table at '{location}'; {remedy}") from error
    rows, time = _respelt(source.rows, definition), definition.time
    has_time = time in rows.columns
    overruled = has_time and at is not None
    at = at or (None if has_time else now)
    if at is not None:
        rows = rows.withColumn(time, literal(at))
    if problems := list(_problems(rows, definition)):
        raise InputError(f"entities '{location}': {problem}" for problem in problems)
    return Entities(source, rows, at, overruled)


def _respelt(rows: DataFrame, definition: Definition) -> DataFrame:
    """Names compare without case; functions, plan and audit know a column by one spelling."""
    spelling = {name.casefold(): name for name in (*definition.needed, definition.time)}
    return rows.select(*[column(name).alias(spelling.get(name.casefold(), name)) for name in rows.columns])


def _problems(rows: DataFrame, definition: Definition) -> Iterator[str]:
    types = {field.name: type_text(field) for field in rows.schema}
    for name, needed in definition.needed.items():
        if name not in types:
            yield f"no column '{name}', {needed.because}; {unknown(name, types)}"
        elif not _are_alike(types[name], needed.kind):
            yield (
                f"column '{name}', {needed.because}, is {types[name]}, but {needed.kind} in version "
                f"{definition.version}; cast it"
            )
    zone = definition.recorded.spec.training_set.labels.timezone
    if reason := refusal(rows.schema[definition.time].dataType, zone):
        yield f"time column '{definition.time}' {reason}"
    yield from _unpublishable(rows, definition)


def _are_alike(found: str, wanted: str) -> bool:
    """Whether keys match and functions see equal values: integers of every width are Python's int."""
    return found == wanted or {found, wanted} <= _INTEGERS


def _unpublishable(rows: DataFrame, definition: Definition) -> Iterator[str]:
    """What keeps a column from passing through."""
    added = {name.casefold() for name in (*definition.plan["columns"], EVENT_DATE)}
    for field in rows.schema:
        if field.name.casefold() in added:
            yield f"column '{field.name}' is one that scoring adds; leave it out of the table, or rename it"
        if reason := unwritable(field.name, field.dataType):
            yield f"column '{field.name}' {reason}; rename it in the table"
        if not is_publishable(field.dataType):
            found = field.dataType.simpleString()
            yield f"column '{field.name}' is {found}, {UNPUBLISHABLE}; leave it out of the table"
