"""What types of key columns have to share."""

from __future__ import annotations

import pytest
from pyspark.sql import types as T

from skewless.ground.spark_columns import is_publishable, key_kind


@pytest.mark.parametrize(
    ("data_type", "kind"),
    [
        *((width(), "integer") for width in (T.ByteType, T.ShortType, T.IntegerType, T.LongType)),
        (T.StringType(), "string"),
        (T.BinaryType(), "binary"),
        (T.BooleanType(), "boolean"),
        (T.DateType(), "date"),
        (T.TimestampType(), "timestamp"),
        (T.TimestampNTZType(), "timestamp_ntz"),
        (T.DecimalType(9, 2), "decimal(9,2)"),
        (T.DecimalType(10, 2), "decimal(10,2)"),
        *((kind(), None) for kind in (T.FloatType, T.DoubleType, T.NullType, T.DayTimeIntervalType)),
        (T.VarcharType(3), None),
        (T.ArrayType(T.IntegerType()), None),
        (T.MapType(T.StringType(), T.IntegerType()), None),
        (T.StructType([T.StructField("a", T.IntegerType())]), None),
        (T.StringType("UTF8_LCASE"), None),
    ],
    ids=str,
)
def test_integers_of_every_width_are_one_kind_of_key_and_floats_are_none(
    data_type: T.DataType, kind: str | None
) -> None:
    assert key_kind(data_type) == kind


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        (T.FloatType(), True),
        (T.ArrayType(T.MapType(T.StringType(), T.DoubleType())), True),
        (T.NullType(), False),
        (T.StructType([T.StructField("a", T.NullType())]), False),
        (T.StringType("UTF8_LCASE"), False),
    ],
    ids=str,
)
def test_floats_are_published_though_they_are_no_keys(data_type: T.DataType, expected: bool) -> None:
    assert is_publishable(data_type) is expected
