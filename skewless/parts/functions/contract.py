"""What feature functions declare, held against the columns that there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pyspark.sql import Column
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from skewless.ground.errors import InputError
from skewless.ground.spark_columns import INTEGERS
from skewless.serving.definitions.annotations import ValueType
from skewless.serving.errors import FeatureError
from skewless.serving.sets.feature_set import FeatureSet

SPARK_TYPES: Mapping[type, DataType] = {
    bool: BooleanType(),
    int: LongType(),
    float: DoubleType(),
    str: StringType(),
    bytes: BinaryType(),
    dt.datetime: TimestampType(),
    dt.date: DateType(),
    Decimal: DecimalType(38, 18),
}


@dataclass(frozen=True)
class Inputs:
    """The columns that feature functions may take, by input name, and the names that they must not take."""

    columns: Mapping[str, Column]
    types: Mapping[str, DataType]
    forbidden: Mapping[str, str]


def feature_set_of(modules: Sequence[str]) -> FeatureSet:
    """The functions of the modules; InputError with every problem that they have among themselves."""
    try:
        return FeatureSet.from_modules(modules)
    except FeatureError as error:
        raise InputError(error.problems) from error


def wrong_inputs(features: FeatureSet, inputs: Inputs) -> list[str]:
    """What is wrong with the functions over these columns: unknown, forbidden or of another type, a line each."""
    allowed = {name for name in inputs.types if name not in inputs.forbidden}
    return [
        *_forbidden(features, inputs),
        *features.problems(allowed | set(inputs.forbidden)),
        *_mistyped(features, inputs),
    ]


def _forbidden(features: FeatureSet, inputs: Inputs) -> Iterator[str]:
    for definition in features.features:
        for parameter in definition.parameters:
            if parameter.name in inputs.forbidden:
                reason = inputs.forbidden[parameter.name]
                yield f"feature '{definition.name}': input '{parameter.name}' is {reason}, not known at T; remove it"


def _mistyped(features: FeatureSet, inputs: Inputs) -> Iterator[str]:
    for definition in features.features:
        for parameter in definition.parameters:
            data_type = inputs.types.get(parameter.name)
            if data_type is None or parameter.name in features.schema or parameter.name in inputs.forbidden:
                continue
            subject = f"feature '{definition.name}': input '{parameter.name}'"
            if isinstance(data_type, TimestampNTZType):
                yield f"{subject} is TIMESTAMP_NTZ, a clock time without a zone; give an instant"
                continue
            given = value_type_of(data_type)
            if given is None or not parameter.type.takes(given):
                yield f"{subject} is {data_type.simpleString()}, but declared {parameter.type}"


def value_type_of(data_type: DataType) -> ValueType | None:
    """The Python type that a column's values have in feature functions, None for one that has none."""
    if isinstance(data_type, ArrayType):
        element = value_type_of(data_type.elementType)
        return element and ValueType(list, True, element._replace(nullable=False))
    if isinstance(data_type, INTEGERS):
        return ValueType(int, True)
    if isinstance(data_type, FloatType):
        return ValueType(float, True)
    if isinstance(data_type, DecimalType):
        return ValueType(Decimal, True)
    kind = next((kind for kind, spark_type in SPARK_TYPES.items() if data_type == spark_type), None)
    return None if kind is None else ValueType(kind, True)


def schema_of(features: FeatureSet) -> StructType:
    """The struct of the features' columns, in the order of definition; any feature may be null.

    Behind them a count for each feature that is null where it fails: see `failures_of`.
    """
    columns = [StructField(name, _spark_type(returns)) for name, returns in features.schema.items()]
    return StructType(columns + [StructField(name, LongType()) for name in failures_of(features).values()])


def failures_of(features: FeatureSet) -> dict[str, str]:
    """Feature → the field that counts its failures, of those with `on_error="null"`.

    A batch's count stands on its first row, so that the sum over all rows is the number of failures.
    """
    return {each.name: f"failures of {each.name}" for each in features.features if each.on_error == "null"}


def _spark_type(value_type: ValueType) -> DataType:
    if value_type.element is not None:
        return ArrayType(_spark_type(value_type.element))
    return SPARK_TYPES[value_type.kind]
