"""Traced label events with what tables give them → each feature function's inputs and value.

The value is that of the functions themselves, called as serving and the parity audit call them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from skewless.ground.errors import InputError
from skewless.runs.trace.findings import TracedFunction, TracedTable
from skewless.serving.errors import FeatureError
from skewless.serving.sets.feature_set import FeatureSet


def traced_functions(
    features: FeatureSet,
    known: Sequence[Mapping[str, Any]],
    tables: Mapping[str, Sequence[TracedTable]],
    label_events: Sequence[Mapping[str, Any]],
) -> Iterator[dict[str, TracedFunction]]:
    """Feature → its inputs and value, for each label event, in the order of definition.

    `known` are inputs that come from the label event, T included; `label_events` name it in messages. Errors:
    InputError where a function fails, as a build would.
    """
    for place, (own, label_event) in enumerate(zip(known, label_events, strict=True)):
        row = {**own, **{name: value for of in tables.values() for name, value in _values(of[place])}}
        try:
            computed = features.compute(row, label_event)
        except FeatureError as error:
            raise InputError(error.problems) from error
        everything = {**row, **computed}
        yield {
            each.name: TracedFunction(
                {parameter.name: everything[parameter.name] for parameter in each.parameters},
                computed[each.name],
            )
            for each in features.features
        }


def _values(table: TracedTable) -> Iterator[tuple[str, Any]]:
    yield from table.values.items()
    for name, window in table.aggregations.items():
        yield name, window.value
