"""A resolved configuration and its tables as they stand → the parts of a build, or every reason why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType, TimestampType

from jobs.pit.asof import Lane
from jobs.pit.columns import EVENT_DATE, EVENT_TIMESTAMP, collisions, joined, unknown
from jobs.pit.config import FeatureTable, JoinedTable, Labels, ResolvedTrainingSet, Sample
from jobs.pit.errors import InputError
from jobs.pit.fields import NO_KEY, UNPUBLISHABLE, is_publishable, key_kind
from jobs.pit.instants import refusal
from jobs.pit.ondemand import FeatureSet, Inputs, feature_set_of, wrong_inputs
from jobs.pit.sources import Source, open_source, run_query
from jobs.pit.spine import spine_problems
from jobs.pit.spine.refusals import clock_or_chance, is_deterministic


@dataclass(frozen=True)
class Bound:
    """What a build works on: pinned rows, column names spelt as in their tables, and checked features."""

    spec: ResolvedTrainingSet
    events: DataFrame
    labels: Labels
    sample: Sample | None
    lanes: tuple[Lane, ...]
    features: FeatureSet
    inputs: Mapping[str, Source]

    @property
    def joined_columns(self) -> dict[str, tuple[Lane, str]]:
        """Result column → the lane and the column of its table, in the order of the result."""
        return {joined(lane.name, name): (lane, name) for lane in self.lanes for name in lane.columns}

    @property
    def result_columns(self) -> list[str]:
        return [*self.events.columns, *self.joined_columns, *self.features.names, EVENT_DATE]

    def feature_inputs(self) -> Inputs:
        """The columns of joined rows that feature functions may take, by input name."""
        label = F.col("label")
        columns = {name: label.getField(name) for name in self.events.columns}
        types: dict[str, DataType] = {field.name: field.dataType for field in self.events.schema}
        for name, (lane, source) in self.joined_columns.items():
            columns[name], types[name] = lane.value(source), lane.types[source]
        columns[EVENT_TIMESTAMP], types[EVENT_TIMESTAMP] = F.col("t"), TimestampType()
        forbidden = dict.fromkeys(self.labels.label_columns, "a label column")
        if self.labels.label_available_at:
            forbidden[self.labels.label_available_at] = "label_available_at"
        forbidden.pop(EVENT_TIMESTAMP, None)
        return Inputs(columns, types, forbidden)


def bind(spark: SparkSession, spec: ResolvedTrainingSet, events: DataFrame | None = None) -> Bound:
    """Open and check everything that a training set reads; `events` stand in for the labels' source.

    `spark` has to be a session of the run's own. Errors: one InputError with every problem found.
    """
    problems: list[str] = []
    inputs: dict[str, Source] = {}
    if events is None:
        events, opened = _label_rows(spark, spec, problems)
        inputs.update(opened)
    tables = [_opened(spark, join, problems) for join in spec.joins]
    features = _features(spec, problems)
    if problems or events is None or features is None:
        raise InputError(problems)
    inputs.update(
        {
            f"feature_tables.{join.name}": table
            for join, table in zip(spec.joins, tables, strict=True)
            if table
        }
    )
    labels, sample = _spelt_labels(spec.training_set.labels, spec.training_set.sample, events.schema)
    lanes = [_lane(join, table.rows) for join, table in zip(spec.joins, tables, strict=True) if table]
    bound = Bound(spec, events, labels, sample, tuple(lanes), features, inputs)
    problems = list(dict.fromkeys(_problems(bound)))
    if problems:
        raise InputError(problems)
    return bound


def _label_rows(
    spark: SparkSession, spec: ResolvedTrainingSet, problems: list[str]
) -> tuple[DataFrame | None, dict[str, Source]]:
    labels = spec.training_set.labels
    try:
        if labels.query is not None:
            rows, opened = run_query(spark, labels.query, labels.sources)
            if reason := _other_rows_tomorrow(labels.query, rows):
                raise InputError(f"labels.query: {reason}")
            return rows, {f"labels.{view}": source for view, source in opened.items()}
        if labels.source is None:
            raise InputError(
                f"training set '{spec.training_set.name}': no label events; give labels or labels.source"
            )
        source = open_source(spark, labels.source, "labels")
        return source.rows, {"labels": source}
    except InputError as error:
        problems.extend(error.problems)
        return None, {}


def _other_rows_tomorrow(query: str, rows: DataFrame) -> str | None:
    if reason := clock_or_chance(query):
        return reason
    return None if is_deterministic(rows) else "gives other rows each time; remove what is random"


def _opened(spark: SparkSession, join: JoinedTable, problems: list[str]) -> Source | None:
    try:
        return open_source(spark, join.table.source, f"feature table '{join.table.name}'")
    except InputError as error:
        problems.extend(error.problems)
        return None


def _features(spec: ResolvedTrainingSet, problems: list[str]) -> FeatureSet | None:
    try:
        return feature_set_of(spec.training_set.features)
    except InputError as error:
        problems.extend(error.problems)
        return None


def spelt(name: str, schema: StructType) -> str:
    """The column's name as its table spells it, since names compare case-insensitively; else the name itself."""
    by_folded = {field.name.casefold(): field.name for field in schema}
    return name if name in schema.names else by_folded.get(name.casefold(), name)


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


def _lane(join: JoinedTable, rows: DataFrame) -> Lane:
    table, schema = join.table, rows.schema
    roles = (*table.entity_keys, table.event_timestamp, table.available_at, table.valid_until)
    taken = {name.casefold() for name in roles if name}
    others = tuple(name for name in schema.names if name.casefold() not in taken)
    columns = others if table.columns is None else tuple(spelt(name, schema) for name in table.columns)
    return Lane(
        name=join.name,
        rows=rows,
        keys=tuple((spelt(key, schema), label_column) for key, label_column in join.keys),
        columns=columns,
        event_timestamp=table.event_timestamp and spelt(table.event_timestamp, schema),
        available_at=table.available_at and spelt(table.available_at, schema),
        delay=table.delay or timedelta(0),
        max_age=table.max_age,
        valid_until=table.valid_until and spelt(table.valid_until, schema),
        strict=table.strict,
        timezone=table.timezone,
    )


def _problems(bound: Bound) -> Iterator[str]:
    yield from spine_problems(bound.events, bound.labels, bound.sample)
    for join, lane in zip(bound.spec.joins, bound.lanes, strict=True):
        yield from _table_problems(join.table, lane)
        yield from _key_problems(join, lane, bound.events.schema)
    repeated = collisions(bound.result_columns)
    features = {name.casefold() for name in bound.features.names}
    for name in repeated:
        if name.casefold() == EVENT_DATE:
            yield f"column '{name}' collides with the partition column '{EVENT_DATE}'; rename it"
        elif name.casefold() not in features:
            yield f"column '{name}' would occur twice in the result (names ignore case); rename one, or use as"
    known = all(name in lane.types for _, (lane, name) in bound.joined_columns.items())
    if known:
        yield from wrong_inputs(bound.features, bound.feature_inputs())


def _table_problems(table: FeatureTable, lane: Lane) -> Iterator[str]:
    subject = f"feature table '{table.name}'"
    roles = [("entity_keys", key) for key, _ in lane.keys]
    roles += [("columns", name) for name in lane.columns]
    times = {
        "event_timestamp": lane.event_timestamp,
        "available_at": lane.available_at,
        "valid_until": lane.valid_until,
    }
    roles += [(role, name) for role, name in times.items() if name]
    for role, name in roles:
        if name not in lane.types:
            yield f"{subject}: no column '{name}' ({role}); {unknown(name, lane.types)}"
    for role, time in times.items():
        if time in lane.types and (reason := refusal(lane.types[time], lane.timezone)):
            yield f"{subject}: time column '{time}' ({role}) {reason}"
    for name in lane.columns:
        if name in lane.types and not is_publishable(lane.types[name]):
            found = lane.types[name].simpleString()
            yield f"{subject}: column '{name}' is {found}, {UNPUBLISHABLE}; leave it out of columns"


def _key_problems(join: JoinedTable, lane: Lane, label_schema: StructType) -> Iterator[str]:
    subject = f"feature table '{join.table.name}'"
    for key, label_column in lane.keys:
        if key not in lane.types:
            continue
        kind = key_kind(lane.types[key])
        if kind is None:
            yield f"{subject}: entity key '{key}' is {lane.types[key].simpleString()}; {NO_KEY}"
        elif label_column not in label_schema.names:
            remedy = unknown(label_column, label_schema.names)
            yield f"{subject}: key '{key}' joins '{label_column}', no column of the label events; {remedy}"
        elif kind != (label_kind := key_kind(label_schema[label_column].dataType)):
            found = label_schema[label_column].dataType.simpleString()
            if label_kind is not None or label_column not in join.table.entity_keys:
                own = lane.types[key].simpleString()
                yield f"{subject}: key '{key}' is {own} but label column '{label_column}' is {found}; cast one of them"
