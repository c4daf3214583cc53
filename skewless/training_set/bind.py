"""A resolved configuration and its tables as they stand → the parts of a build, or every reason why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from skewless.config import JoinedTable, Labels, ResolvedTrainingSet, Sample
from skewless.ground.errors import InputError
from skewless.ground.spark_columns import spelt
from skewless.lake.jvm.not_delta import ParquetSourceError
from skewless.lake.sources import NEWEST, Source, Versions, open_source, run_query
from skewless.parts.asof import JoinSide
from skewless.parts.functions import FeatureSet, feature_set_of, schema_of, ship_code
from skewless.parts.spine import query_problem
from skewless.parts.windows import WindowReduction
from skewless.training_set.from_log.opening import open_training_log, training_log
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.problems import problems_of

NO_VERSION = -1


def bind(
    spark: SparkSession,
    spec: ResolvedTrainingSet,
    events: DataFrame | None = None,
    versions: Versions = NEWEST,
) -> OpenedTrainingSet:
    """Open and check everything that a training set reads; `events` stand in for the labels' source.

    Inputs are read at their `versions`, by default at the newest that there is.
    `spark` has to be a session of the run's own. Errors: one InputError with every problem found.
    """
    problems: list[str] = []
    inputs: dict[str, Source] = {}
    if events is None:
        events, read = _label_rows(spark, spec, versions, problems)
        inputs.update(read)
    tables = [_opened(spark, join, versions, problems) for join in spec.joins]
    log = _log(spark, spec, versions, problems)
    features = _features(spec, problems)
    if events is None or features is None or None in tables:
        raise InputError(problems)
    inputs.update(
        {
            f"feature_tables.{join.name}": table
            for join, table in zip(spec.joins, tables, strict=True)
            if table
        }
    )
    labels, sample = _spelt_labels(spec.training_set.labels, spec.training_set.sample, events.schema)
    sides = [
        _join_side(join, table.rows, events.schema)
        for join, table in zip(spec.joins, tables, strict=True)
        if table
    ]
    opened = OpenedTrainingSet(spec, events, labels, sample, tuple(sides), features, inputs)
    problems += problems_of(opened)
    if problems:
        raise InputError(problems)
    ship_code(spark.sparkContext, spec.training_set.features)
    return opened if log is None else _with_log(opened, log)


def _label_rows(
    spark: SparkSession, spec: ResolvedTrainingSet, versions: Versions, problems: list[str]
) -> tuple[DataFrame | None, dict[str, Source]]:
    labels = spec.training_set.labels
    try:
        if labels.query is not None:
            rows, opened = run_query(spark, labels.query, labels.sources, versions)
            if reason := query_problem(rows, labels.query):
                raise InputError(f"labels.query: {reason}")
            return rows, {f"labels.{view}": source for view, source in opened.items()}
        if labels.source is None:
            raise InputError(
                f"training set '{spec.training_set.name}': no label events; give labels or labels.source"
            )
        source = open_source(spark, labels.source, "labels", versions.of("labels"))
        return source.rows, {"labels": source}
    except ParquetSourceError as error:
        problems.extend(error.problems)
        return error.rows, {}
    except InputError as error:
        problems.extend(error.problems)
        return None, {}


def _opened(spark: SparkSession, join: JoinedTable, versions: Versions, problems: list[str]) -> Source | None:
    subject = f"feature table '{join.table.name}'"
    try:
        return open_source(spark, join.table.source, subject, versions.of(f"feature_tables.{join.name}"))
    except ParquetSourceError as error:  # refused, and its columns are checked all the same
        problems.extend(error.problems)
        return Source(join.table.source, NO_VERSION, error.rows)
    except InputError as error:
        problems.extend(error.problems)
        return None


def _log(
    spark: SparkSession, spec: ResolvedTrainingSet, versions: Versions, problems: list[str]
) -> Source | None:
    try:
        return open_training_log(spark, spec, versions)
    except InputError as error:
        problems.extend(error.problems)
        return None


def _with_log(opened: OpenedTrainingSet, log: Source) -> OpenedTrainingSet:
    """The build with its log, held against its result columns. InputError where they do not go together."""
    results = {name: kind for name, (_, kind) in opened.table_columns.items()}
    types = schema_of(opened.features)
    results |= {name: types[name].dataType for name in opened.features.names}
    joined_by = [label_column for side in opened.sides for _, label_column in side.keys]
    found = training_log(
        opened.spec, log.rows, results, opened.events.schema, opened.labels.entity_keys, joined_by
    )
    return replace(opened, inputs={**opened.inputs, "log": log}, log=found)


def _features(spec: ResolvedTrainingSet, problems: list[str]) -> FeatureSet | None:
    try:
        return feature_set_of(spec.training_set.features)
    except InputError as error:
        problems.extend(error.problems)
        return None


def _spelt_labels(labels: Labels, sample: Sample | None, schema: StructType) -> tuple[Labels, Sample | None]:
    available = labels.label_available_at
    update = {
        "entity_keys": tuple(spelt(name, schema) for name in labels.entity_keys),
        "event_timestamp": spelt(labels.event_timestamp, schema),
        "label_columns": tuple(spelt(name, schema) for name in labels.label_columns),
        "label_available_at": available and spelt(available, schema),
    }
    if sample and sample.keys:
        sample = sample.model_copy(update={"keys": tuple(spelt(name, schema) for name in sample.keys)})
    return labels.model_copy(update=update), sample


def _join_side(join: JoinedTable, rows: DataFrame, labels: StructType) -> JoinSide:
    table, schema = join.table, rows.schema
    roles = (*table.entity_keys, table.event_timestamp, table.available_at, table.valid_until)
    taken = {name.casefold() for name in roles if name}
    others = tuple(name for name in schema.names if name.casefold() not in taken)
    columns = others if table.columns is None else tuple(spelt(name, schema) for name in table.columns)
    return JoinSide(
        name=join.name,
        rows=rows,
        keys=tuple((spelt(key, schema), spelt(label_column, labels)) for key, label_column in join.keys),
        columns=columns,
        event_timestamp=table.event_timestamp and spelt(table.event_timestamp, schema),
        available_at=table.available_at and spelt(table.available_at, schema),
        delay=table.delay or timedelta(0),
        max_age=table.max_age,
        valid_until=table.valid_until and spelt(table.valid_until, schema),
        strict=table.is_strict,
        timezone=table.timezone,
        reduction=WindowReduction.read(table.aggregations, schema, table.is_strict),
    )
