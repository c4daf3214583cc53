"""All feature functions in one Arrow pass: a column at a time to Python values, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.pandas.types import to_arrow_type

from features.feature_set import FeatureSet
from jobs.pit.ondemand.contract import Inputs, schema_of

FEATURES = "features"
"""The struct column that holds the features' values."""

Kernel = Callable[[Iterator[pa.Array]], Iterator[pa.Array]]


def with_features(
    rows: DataFrame, features: FeatureSet, inputs: Inputs, label_event: Mapping[str, Column]
) -> DataFrame:
    """The rows with the struct `features`: each function's value, with serving's rules for nulls and errors.

    `label_event` names a row in error messages: its keys and T. Only inputs and these cross over to Python; every
    other column stays in the JVM, untouched.
    """
    if not features.names:
        return rows
    arguments = [inputs.columns[name].alias(f"input_{place}") for place, name in enumerate(features.inputs)]
    identity = [value.alias(f"event_{place}") for place, value in enumerate(label_event.values())]
    # The stubs know atomic types and arrays only; a struct carries every feature in one pass.
    compute = arrow_udf(_kernel(features, tuple(label_event)), schema_of(features))  # type: ignore[call-overload]
    return rows.withColumn(FEATURES, compute(F.struct(*arguments, *identity)))


def _kernel(features: FeatureSet, event_names: tuple[str, ...]) -> Kernel:
    names = (*features.inputs, *event_names)
    split = len(features.inputs)

    def run(batches: Iterator[pa.Array]) -> Iterator[pa.Array]:
        for batch in batches:
            columns = list(zip(names, batch.flatten(), strict=True))
            yield features_of_batch(features, dict(columns[:split]), dict(columns[split:]), len(batch))

    # Spark reads the kind of UDF from evaluated annotations.
    run.__annotations__ = {"batches": Iterator[pa.Array], "return": Iterator[pa.Array]}
    return run


def features_of_batch(
    features: FeatureSet, inputs: Mapping[str, pa.Array], label_events: Mapping[str, pa.Array], size: int
) -> pa.Array:
    """The struct of all features for the rows of one batch, given as a column per input."""

    def label_event(position: int) -> dict[str, Any]:
        return {name: as_utc(column)[position].as_py() for name, column in label_events.items()}

    values = {name: as_utc(column).to_pylist() for name, column in inputs.items()}
    batch = features.compute_batch(values, size, label_event)
    arrays = [
        pa.array(batch.columns[field.name], to_arrow_type(field.dataType)) for field in schema_of(features)
    ]
    return pa.StructArray.from_arrays(arrays, list(features.names))


def as_utc(column: pa.Array) -> pa.Array:
    """Instants relabelled from the session's zone to UTC, inside lists too: the same instants."""
    return column.cast(_in_utc(column.type)) if _in_utc(column.type) != column.type else column


def _in_utc(data_type: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(data_type) and data_type.tz is not None:
        # "+00:00" reads back as datetime.timezone.utc, which feature sets pass through a column at a time.
        return pa.timestamp(data_type.unit, "+00:00")
    if pa.types.is_list(data_type):
        return pa.list_(_in_utc(data_type.value_type))
    return data_type
