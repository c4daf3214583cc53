"""A bound build → the document of its serving plan: everything that decides a value, in the words of `features`."""

from __future__ import annotations

from typing import Any

from pyspark.sql.types import StructType

from skewless.config import JoinedTable
from skewless.ground.errors import InputError
from skewless.ground.spark_columns import type_text
from skewless.parts.asof import JoinSide
from skewless.serving.errors import FeatureError
from skewless.serving.plan.document.plan import feature_table_part, label_events_part, plan_document
from skewless.training_set.opened import OpenedTrainingSet


def serving_document(opened: OpenedTrainingSet, version: int | None = None) -> dict[str, Any]:
    """What `ServingPlan.load` reads, for these inputs and these functions.

    Errors: InputError for what serving cannot do, a line each.
    """
    try:
        return _document(opened, version)
    except FeatureError as error:
        raise InputError(f"serving plan: {problem}" for problem in error.problems) from error


def _document(opened: OpenedTrainingSet, version: int | None) -> dict[str, Any]:
    labels = label_events_part(
        entity_keys=opened.labels.entity_keys,
        event_timestamp=opened.labels.event_timestamp,
        columns=types_of(opened.events.schema),
        label_columns=opened.labels.label_columns,
        label_available_at=opened.labels.label_available_at,
        timezone=opened.labels.timezone,
    )
    joins = {join.name: join for join in opened.spec.joins}
    return plan_document(
        training_set=opened.spec.training_set.name,
        version=version,
        label_events=labels,
        feature_tables=[_table(labels, joins[side.name], side) for side in opened.sides],
        features=opened.features,
        modules=opened.spec.training_set.features,
    )


def types_of(schema: StructType) -> dict[str, str]:
    return {field.name: type_text(field) for field in schema}


def _table(labels: dict[str, Any], join: JoinedTable, side: JoinSide) -> dict[str, Any]:
    return feature_table_part(
        labels,
        name=join.name,
        table=join.table.name,
        join_keys=side.keys,
        columns=side.columns,
        types=types_of(side.rows.schema),
        event_timestamp=side.event_timestamp,
        available_at=side.available_at,
        delay=side.delay,
        max_age=side.max_age,
        valid_until=side.valid_until,
        strict=side.strict,
        timezone=side.timezone,
        static=side.event_timestamp is None,
        aggregations=join.table.aggregations,
    )
