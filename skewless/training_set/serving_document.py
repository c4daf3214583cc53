"""A bound build → the document of its serving plan: everything that decides a value, in the words of `features`."""

from __future__ import annotations

from typing import Any

from pyspark.sql.types import StructType

from skewless.config import JoinedTable
from skewless.ground.errors import InputError
from skewless.parts.asof import Lane
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
from skewless.training_set.opened import Bound


def serving_document(bound: Bound, version: int | None = None) -> dict[str, Any]:
    """What `ServingPlan.load` reads, for these inputs and these functions.

    Errors: InputError for what serving cannot do, a line each.
    """
    try:
        return _document(bound, version)
    except FeatureError as error:
        raise InputError(f"serving plan: {problem}" for problem in error.problems) from error


def _document(bound: Bound, version: int | None) -> dict[str, Any]:
    labels = label_events_part(
        entity_keys=bound.labels.entity_keys,
        event_timestamp=bound.labels.event_timestamp,
        columns=types_of(bound.events.schema),
        label_columns=bound.labels.label_columns,
        label_available_at=bound.labels.label_available_at,
        timezone=bound.labels.timezone,
    )
    joins = {join.name: join for join in bound.spec.joins}
    return plan_document(
        training_set=bound.spec.training_set.name,
        version=version,
        label_events=labels,
        feature_tables=[_table(labels, joins[lane.name], lane) for lane in bound.lanes],
        features=bound.features,
        modules=bound.spec.training_set.features,
    )


def types_of(schema: StructType) -> dict[str, str]:
    return {field.name: field.dataType.simpleString() for field in schema}


def _table(labels: dict[str, Any], join: JoinedTable, lane: Lane) -> dict[str, Any]:
    return feature_table_part(
        labels,
        name=join.name,
        table=join.table.name,
        join_keys=lane.keys,
        columns=lane.columns,
        types={name: kind.simpleString() for name, kind in lane.types.items()},
        event_timestamp=lane.event_timestamp,
        available_at=lane.available_at,
        delay=lane.delay,
        max_age=lane.max_age,
        valid_until=lane.valid_until,
        strict=lane.strict,
        timezone=lane.timezone,
        static=lane.event_timestamp is None,
        aggregations=join.table.aggregations,
    )
