"""All feature functions in one Arrow pass: a column at a time to Python values, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta, timezone
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.functions import arrow_udf
from pyspark.sql.pandas.types import to_arrow_type

from skewless.parts.functions.contract import Inputs, failures_of, schema_of
from skewless.serving.sets.feature_set import FeatureSet

FEATURES = "features"
"""The struct column that holds the features' values."""

EPOCH, EPOCH_DAY = datetime(1970, 1, 1, tzinfo=timezone.utc), date(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = (
    (day.replace(tzinfo=timezone.utc) - EPOCH) // MICROSECOND for day in (datetime.min, datetime.max)
)
FIRST_DAY, LAST_DAY = ((day - EPOCH_DAY).days for day in (date.min, date.max))

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
        one = {name: column.slice(position, 1) for name, column in label_events.items()}
        return {name: python_values(column)[0] for name, column in one.items()}

    values = {name: python_values(column) for name, column in inputs.items()}
    batch = features.compute_batch(values, size, label_event)
    columns = dict(batch.columns)
    for name, counted in failures_of(features).items():
        columns[counted] = [batch.nulled.get(name, 0), *[0] * (size - 1)][:size]
    arrays = [pa.array(columns[field.name], to_arrow_type(field.dataType)) for field in schema_of(features)]
    return pa.StructArray.from_arrays(arrays, list(columns))


def python_values(column: pa.Array) -> list[Any]:
    """A column as feature functions see it: instants are aware datetimes in UTC, whatever the session's zone.

    Arrow makes a datetime in two microseconds, an addition to the epoch in a quarter of one. An instant or a date
    outside the years 1 to 9999 stays the count that it is, which a feature set refuses by name.
    """
    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return [
            EPOCH + timedelta(0, 0, count) if count is not None and FIRST <= count <= LAST else count
            for count in column.cast(pa.int64()).to_pylist()
        ]
    if pa.types.is_date32(kind):
        return [
            EPOCH_DAY + timedelta(count) if count is not None and FIRST_DAY <= count <= LAST_DAY else count
            for count in column.cast(pa.int32()).to_pylist()
        ]
    if pa.types.is_list(kind) and (
        pa.types.is_nested(kind.value_type) or pa.types.is_temporal(kind.value_type)
    ):
        return _lists(column)
    return column.to_pylist()  # type: ignore[no-any-return]


def _lists(column: pa.ListArray) -> list[list[Any] | None]:
    values = iter(python_values(column.flatten()))
    sizes = pc.list_value_length(column).to_pylist()
    return [None if size is None else list(islice(values, size)) for size in sizes]
