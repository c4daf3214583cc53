"""What is wrong with a training set's tables, columns and types as they stand, found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql.types import DateType, StructType

from skewless.config import FeatureTable, JoinedTable
from skewless.ground.instants import refusal
from skewless.ground.names import EVENT_DATE, collisions, unknown
from skewless.ground.spark_columns import (
    NO_KEY,
    UNPUBLISHABLE,
    is_publishable,
    key_kind,
    type_text,
)
from skewless.parts.asof import JoinSide
from skewless.parts.functions import wrong_inputs
from skewless.parts.parity import AUDIT
from skewless.parts.spine import spine_problems
from skewless.parts.windows import WindowReduction
from skewless.serving.aggregations.bounds import dates_problem
from skewless.training_set.from_log.columns import RECOMPUTED
from skewless.training_set.opened import OpenedTrainingSet


def problems_of(opened: OpenedTrainingSet) -> Iterator[str]:
    yield from spine_problems(opened.events, opened.labels, opened.sample)
    for join, side in zip(opened.spec.joins, opened.sides, strict=True):
        yield from _table_problems(join.table, side)
        if side.name in opened.reductions:
            subject = f"feature table '{join.table.name}'"
            reduction = opened.reductions[side.name]
            yield from (f"{subject}: {problem}" for problem in reduction.problems())
            yield from (f"{subject}: {problem}" for problem in _date_problems(side, reduction))
        yield from _key_problems(join, side, opened.events.schema, opened.labels.entity_keys)
    repeated = collisions(opened.result_columns)
    features = {name.casefold() for name in opened.features.names}
    for name in repeated:
        if name.casefold() == EVENT_DATE:
            yield f"column '{name}' collides with the partition column '{EVENT_DATE}'; rename it"
        elif name.casefold() not in features:
            yield f"column '{name}' would occur twice in the result (names ignore case); rename one, or use as"
    for name in opened.result_columns:
        if name.casefold() in (AUDIT, RECOMPUTED):
            yield f"column '{name}': skewless keeps a name of its own while it audits a build; rename the column"
    are_known = all(name in side.types for side in opened.sides for name in side.columns)
    if are_known and not any(reduction.problems() for reduction in opened.reductions.values()):
        yield from wrong_inputs(opened.features, opened.feature_inputs())


def _table_problems(table: FeatureTable, side: JoinSide) -> Iterator[str]:
    subject = f"feature table '{table.name}'"
    roles = [("entity_keys", key) for key, _ in side.keys]
    roles += [("columns", name) for name in side.columns]
    times = {
        "event_timestamp": side.event_timestamp,
        "available_at": side.available_at,
        "valid_until": side.valid_until,
    }
    roles += [(role, name) for role, name in times.items() if name]
    for role, name in roles:
        if name not in side.types:
            yield f"{subject}: no column '{name}' ({role}); {unknown(name, side.types)}"
    for role, time in times.items():
        if time in side.types and (reason := refusal(side.types[time], side.timezone)):
            yield f"{subject}: time column '{time}' ({role}) {reason}"
    for name in (name for name in side.columns if name in side.types):
        if not is_publishable(side.types[name]):
            found = side.types[name].simpleString()
            yield f"{subject}: column '{name}' is {found}, {UNPUBLISHABLE}; leave it out of columns"


def _date_problems(side: JoinSide, reduction: WindowReduction) -> Iterator[str]:
    """Calendar windows of another zone over event timestamps that are dates of no declared zone."""
    moment = side.event_timestamp
    if side.timezone is None and moment and isinstance(side.types.get(moment), DateType):
        for each in reduction.aggregations:
            if problem := dates_problem(each.window, moment):
                yield f"aggregation '{each.name}': {problem}"


def _key_problems(
    join: JoinedTable, side: JoinSide, label_schema: StructType, refused: tuple[str, ...]
) -> Iterator[str]:
    """What keeps a table's keys from meeting the label events'; `refused` label columns are already reported."""
    subject = f"feature table '{join.table.name}'"
    for key, label_column in side.keys:
        if key not in side.types:
            continue
        own = side.rows.schema[key]
        kind = key_kind(own)
        if kind is None:
            yield f"{subject}: entity key '{key}' is {side.types[key].simpleString()}; {NO_KEY}"
            continue
        if label_column not in label_schema.names:
            remedy = unknown(label_column, label_schema.names)
            yield f"{subject}: key '{key}' joins '{label_column}', no column of the label events; {remedy}"
            continue
        other = label_schema[label_column]
        label_kind = key_kind(other)
        if kind != label_kind and (label_kind is not None or label_column not in refused):
            types = type_text(own), type_text(other)
            is_padded = any(text.startswith("char(") for text in types)
            remedy = (
                "char is padded with blanks, so make both a string (rtrim)"
                if is_padded
                else "cast one of them"
            )
            yield f"{subject}: key '{key}' is {types[0]} but label column '{label_column}' is {types[1]}; {remedy}"
