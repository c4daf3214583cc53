"""All feature functions in one Arrow pass: a column at a time to Python values, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.pandas.types import to_arrow_type

from skewless.ground.arrow_values import python_list
from skewless.parts.functions.contract import Inputs, failures_of, schema_of
from skewless.serving.sets.feature_set import FeatureSet

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
    # One struct in and one out: a UDF for each function would send the shared inputs once for each.
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
        one = {name: column.slice(position, 1) for name, column in label_events.items()}
        return {name: python_list(column, counts_beyond=True)[0] for name, column in one.items()}

    values = {name: python_list(column, counts_beyond=True) for name, column in inputs.items()}
    batch = features.compute_batch(values, size, label_event)
    columns = dict(batch.columns)
    for name, counted in failures_of(features).items():
        columns[counted] = [batch.nulled.get(name, 0), *[0] * (size - 1)][:size]
    arrays = [pa.array(columns[field.name], to_arrow_type(field.dataType)) for field in schema_of(features)]
    return pa.StructArray.from_arrays(arrays, list(columns))
