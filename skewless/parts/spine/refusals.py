"""What is wrong with a label source, found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql import DataFrame

from skewless.config import Labels, Sample
from skewless.ground.instants import refusal
from skewless.ground.names import unknown
from skewless.ground.spark_columns import NO_KEY, UNPUBLISHABLE, is_publishable, key_kind
from skewless.parts.spine.row_predicate import predicate_problem


def spine_problems(events: DataFrame, labels: Labels, sample: Sample | None) -> list[str]:
    """Every reason why these rows cannot be label events, one line each."""
    return list(_problems(events, labels, sample))


def _problems(events: DataFrame, labels: Labels, sample: Sample | None) -> Iterator[str]:
    types = {field.name: field.dataType for field in events.schema}
    named = {
        "entity_keys": labels.entity_keys,
        "event_timestamp": (labels.event_timestamp,),
        "label_columns": labels.label_columns,
        "label_available_at": (labels.label_available_at,) if labels.label_available_at else (),
        "sample.keys": (sample.keys or ()) if sample else (),
    }
    for key, names in named.items():
        for name in names:
            if name not in types:
                yield f"label events: no column '{name}' ({key}); {unknown(name, types)}"
    for name, data_type in types.items():
        if not is_publishable(data_type):
            found = data_type.simpleString()
            yield f"label events: column '{name}' is {found}, {UNPUBLISHABLE}; leave it out with labels.query"
    for name in labels.entity_keys:
        if name in types and key_kind(types[name]) is None:
            yield f"label events: entity key '{name}' is {types[name].simpleString()}; {NO_KEY}"
    for time in filter(None, (labels.event_timestamp, labels.label_available_at)):
        if time in types and (reason := refusal(types[time], labels.timezone)):
            yield f"label events: time column '{time}' {reason}"
    if labels.where and (problem := predicate_problem(events, labels.where)):
        yield f"labels.where {labels.where!r}: {problem}"
