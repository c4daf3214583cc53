"""What keeps a training set that can be computed from being published: names that Delta cannot write, and its suite."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql.types import ArrayType, DateType, StringType, StructField, StructType

from skewless.ground.names import EVENT_DATE, LOGGED_FEATURES, writable
from skewless.ground.spark_columns import unwritable
from skewless.parts.functions import schema_of
from skewless.parts.validation import sql_problems
from skewless.training_set.opened import OpenedTrainingSet


def publishing_problems(opened: OpenedTrainingSet) -> Iterator[str]:
    """One line each; a frame that is not published (`build_frame`) may have such names, and has no suite."""
    yield from _name_problems(opened)
    yield from _suite_problems(opened)


def _name_problems(opened: OpenedTrainingSet) -> Iterator[str]:
    for field in opened.events.schema:
        if reason := unwritable(field.name, field.dataType):
            yield f"label events: column '{field.name}' {reason}; {_query_renaming(field.name)}"
    for join, side in zip(opened.spec.joins, opened.sides, strict=True):
        for name in side.columns:
            if reason := unwritable(name, side.types[name]):
                subject = f"feature table '{join.table.name}'"
                yield f"{subject}: column '{name}' {reason}; {_table_renaming(name)}"


def _query_renaming(name: str) -> str:
    """How a label column gets another name: it is published by the one that the source, or the query, gives it."""
    other = writable(name)
    if other == name:  # a field inside of it
        return "rename the field, or leave the column out, with labels.query"
    return f"rename it with labels.query: SELECT `{name}` AS {other}, …"


def _table_renaming(name: str) -> str:
    """How a table's column gets another name: a table that has such names maps its columns, and so can rename them."""
    other = writable(name)
    change = f"RENAME COLUMN `{name}` TO {other}" if other != name else "RENAME COLUMN"
    return f"rename it in the table (ALTER TABLE … {change}), or leave it out of columns"


def _suite_problems(opened: OpenedTrainingSet) -> Iterator[str]:
    """What the suite says of columns that the training set will not have, and what Spark cannot read of its SQL."""
    suite = opened.spec.suite
    if suite is None:
        return
    schema = _result_schema(opened)
    known = {*_names(schema)}
    yield from (
        suite.unknown_column(column, schema.names) for column in suite.columns if column.name not in known
    )
    yield from sql_problems(opened.events.sparkSession.createDataFrame([], schema), suite)


def _result_schema(opened: OpenedTrainingSet) -> StructType:
    features = schema_of(opened.features)
    types = {field.name: field.dataType for field in opened.events.schema}
    types |= {name: data_type for name, (_, data_type) in opened.table_columns.items()}
    types |= {name: features[name].dataType for name in opened.features.names}
    types |= {LOGGED_FEATURES: ArrayType(StringType()), EVENT_DATE: DateType()}
    return StructType([StructField(name, types[name]) for name in opened.result_columns])


def _names(schema: StructType, prefix: str = "") -> Iterator[str]:
    """The columns and, with dots, the fields of structs among them, of which Great Expectations can be asked too."""
    for field in schema:
        yield prefix + field.name
        if isinstance(field.dataType, StructType):
            yield from _names(field.dataType, f"{prefix}{field.name}.")
