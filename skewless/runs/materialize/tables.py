"""A feature table of the plan and the table that lies there now → its rows as the as-of join takes them, pinned."""

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
from skewless.serving.plan.document.column_types import INTEGERS
from skewless.serving.plan.serve.compiled import TableNeeds, needs_of
from skewless.serving.plan.serve.tables import JoinedTable


@dataclass(frozen=True)
class SourceTable:
    """A feature table of the plan with its rows at one version."""

    table: JoinedTable
    source: Source
    side: JoinSide

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def needs(self) -> TableNeeds:
        return needs_of(self.table)

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns in the order in which a store has them: that of the plan."""
        return tuple(key for key, _ in self.table.join_keys)

    def with_rows(self, rows: DataFrame) -> SourceTable:
        """The same table with some of its rows alone."""
        return replace(self, side=replace(self.side, rows=rows))


def opened_tables(spark: SparkSession, plan: PublishedPlan) -> list[SourceTable]:
    """Every feature table of the plan, pinned to its newest version.

    Errors: one InputError, a line for each table that cannot be read and each column that is not as the plan has it.
    """
    problems: list[str] = []
    opened: dict[str, Source] = {}
    for place in dict.fromkeys(plan.sources.values()):
        try:
            # One version of a table that is joined twice.
            names = [table.table for table in plan.layout.tables if plan.sources[table.name] == place]
            opened[place] = open_source(spark, place, f"feature table '{names[0]}'")
        except InputError as error:
            problems += error.problems
    found = [
        (table, opened[plan.sources[table.name]])
        for table in plan.layout.tables
        if plan.sources[table.name] in opened
    ]
    problems += [problem for table, source in found for problem in _changed(table, source.rows.schema)]
    if problems:
        raise InputError(dict.fromkeys(problems))
    return [SourceTable(table, source, _side(table, source.rows)) for table, source in found]


def _changed(table: JoinedTable, schema: StructType) -> Iterator[str]:
    """What of the columns that decide a value is no more as it was when the version was built."""
    subject, fields = f"feature table '{table.table}'", {field.name: field for field in schema}
    keys = {key for key, _ in table.join_keys}
    for name, kind in table.types.items():
        field = fields.get(name)
        if field is None:
            yield f"{subject}: no column '{name}', which the plan reads; {unknown(name, list(fields))}"
        elif type_text(field) != kind.text and not (
            kind.kind in INTEGERS and name in keys and key_kind(field) == kind.key_kind
        ):
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
