"""What a store holds of the plan, and the feature tables as they lie there now → rows to take it from, pinned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from skewless.ground.errors import InputError
from skewless.ground.names import unknown
from skewless.ground.spark_columns import key_kind, type_text
from skewless.lake.sources import Source, open_source
from skewless.parts.asof import JoinSide
from skewless.runs.materialize.published import PublishedPlan
from skewless.serving.plan.online.stored import StoredTable, stored_tables
from skewless.serving.plan.serve.tables import JoinedTable


@dataclass(frozen=True)
class SourceTable:
    """A stored table and the feature table that it is taken from: `side` is its rows by the rules of the as-of join."""

    stored: StoredTable
    source: Source
    side: JoinSide

    @property
    def name(self) -> str:
        return self.stored.name

    def with_rows(self, rows: DataFrame) -> SourceTable:
        """The same with other rows of the feature table."""
        return replace(self, side=replace(self.side, rows=rows))


def opened_tables(spark: SparkSession, plan: PublishedPlan) -> list[SourceTable]:
    """Every stored table of the plan over its feature table, pinned to the newest version that there is.

    Errors: one InputError, a line for each table that cannot be read and each column that is not as the plan has it.
    """
    problems: list[str] = []
    opened: dict[str, Source] = {}
    names = {plan.sources[table.name]: table.table for table in plan.layout.tables}
    for place, name in names.items():  # once, so that a table that is joined twice is of one version
        try:
            opened[place] = open_source(spark, place, f"feature table '{name}'")
        except InputError as error:
            problems += error.problems
    found = [
        (stored, opened[plan.sources[stored.table.name]])
        for stored in stored_tables(plan.layout.tables)
        if plan.sources[stored.table.name] in opened
    ]
    problems += [
        problem for stored, source in found for problem in _changed(stored.table, source.rows.schema)
    ]
    if problems:
        raise InputError(problems)
    return [SourceTable(stored, source, _side(stored.table, source.rows)) for stored, source in found]


def _changed(table: JoinedTable, schema: StructType) -> Iterator[str]:
    """What of the columns that decide a value is no more as it was when the version was built."""
    subject, fields = f"feature table '{table.table}'", {field.name: field for field in schema}
    keys = {key for key, _ in table.join_keys}
    for name, kind in table.types.items():
        field = fields.get(name)
        if field is None:
            yield f"{subject}: no column '{name}', which the plan reads; {unknown(name, list(fields))}"
        elif type_text(field) != kind.text and not (name in keys and key_kind(field) == kind.key_kind):
            yield f"{subject}: column '{name}' is {type_text(field)}, but {kind.text} in the plan; build again"


def _side(table: JoinedTable, rows: DataFrame) -> JoinSide:
    return JoinSide(
        name=table.name,
        rows=rows,
        keys=table.join_keys,
        columns=table.columns,
        event_timestamp=table.event_timestamp,
        available_at=table.available_at,
        delay=timedelta(microseconds=table.delay),
        max_age=None if table.max_age is None else timedelta(microseconds=table.max_age),
        valid_until=table.valid_until,
        strict=table.strict,
        timezone=None if table.timezone is None else str(table.timezone),
    )
