"""A logged value in a column of another type: exactly the same, or it does not fit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType, _parse_datatype_string

from skewless.lake.session import private_session
from skewless.training_set.from_log.values import as_kind, fits, may_fit

pytestmark = pytest.mark.usefixtures("spark")  # some functions of pyspark need a session to be there

FITS: list[tuple[str, str, str, Any]] = [
    ("7", "bigint", "double", 7.0),
    ("9007199254740992", "bigint", "double", 2.0**53),
    ("-9223372036854775808", "bigint", "double", -(2.0**63)),
    ("7", "bigint", "int", 7),
    ("-128", "bigint", "tinyint", -128),
    ("7", "int", "bigint", 7),
    ("16777216", "bigint", "float", 2.0**24),
    ("0.5", "double", "float", 0.5),
    ("'-Infinity'", "double", "float", -math.inf),
    ("0.1", "float", "double", 0.10000000149011612),
    ("5.0", "double", "bigint", 5),
    ("-9223372036854775808", "double", "bigint", -(2**63)),
    ("7", "bigint", "decimal(3,1)", 7),
    ("1.50", "decimal(38,2)", "decimal(3,1)", 1.5),
    ("7.00", "decimal(38,2)", "bigint", 7),
    ("NULL", "bigint", "double", None),
    ("NULL", "double", "bigint", None),
    ("array(1, NULL)", "array<bigint>", "array<double>", [1.0, None]),
    ("array()", "array<string>", "array<bigint>", []),
    ("array(NULL)", "array<string>", "array<bigint>", [None]),
    ("'x'", "string", "string", "x"),
]
DO_NOT_FIT: list[tuple[str, str, str]] = [
    ("9007199254740993", "bigint", "double"),
    ("9223372036854775807", "bigint", "double"),
    ("9223372036854775807", "bigint", "float"),
    ("16777217", "bigint", "float"),
    ("2147483648", "bigint", "int"),
    ("-129", "bigint", "tinyint"),
    ("0.1", "double", "float"),
    ("1e300", "double", "float"),
    ("5.5", "double", "bigint"),
    ("-0.0D", "double", "bigint"),
    ("9223372036854775808", "double", "bigint"),
    ("'NaN'", "double", "bigint"),
    ("'Infinity'", "double", "bigint"),
    ("100", "bigint", "decimal(3,1)"),
    ("1.55", "decimal(38,2)", "decimal(3,1)"),
    ("1.5", "decimal(38,1)", "bigint"),
    ("array(1, 9007199254740993)", "array<bigint>", "array<double>"),
    ("array('a')", "array<string>", "array<bigint>"),
]
NEVER = [
    ("string", "double"),
    ("bigint", "string"),
    ("decimal(38,1)", "double"),
    ("double", "decimal(38,18)"),
]
NEVER += [("boolean", "bigint"), ("timestamp", "date"), ("date", "timestamp"), ("binary", "string")]


def kind_of(text: str) -> DataType:
    schema = _parse_datatype_string(f"x {text}")
    assert isinstance(schema, StructType)
    return schema["x"].dataType


@pytest.fixture(scope="module")
def answers(spark: SparkSession) -> dict[tuple[str, str, str], tuple[bool, Any]]:
    """Whether each value fits, and what it becomes, all in one job."""
    session = private_session(spark)
    asked = [*[case[:3] for case in FITS], *DO_NOT_FIT]
    columns = []
    for place, (text, own, kind) in enumerate(asked):
        value, types = F.expr(f"CAST({text} AS {own})"), (kind_of(own), kind_of(kind))
        columns += [
            fits(value, *types).alias(f"fits_{place}"),
            as_kind(value, *types).alias(f"value_{place}"),
        ]
    row = session.range(1).select(*columns).collect()[0]
    return {case: (row[f"fits_{place}"], row[f"value_{place}"]) for place, case in enumerate(asked)}


@pytest.mark.parametrize("case", FITS, ids=str)
def test_an_equal_value_of_the_columns_type_is_taken(answers: Any, case: tuple[str, str, str, Any]) -> None:
    *asked, expected = case
    is_fit, value = answers[tuple(asked)]
    assert (is_fit, value) == (True, expected)


@pytest.mark.parametrize("case", DO_NOT_FIT, ids=str)
def test_a_value_that_would_change_does_not_fit(answers: Any, case: tuple[str, str, str]) -> None:
    assert answers[case][0] is False


def test_the_sign_of_zero_and_nan_are_kept(spark: SparkSession) -> None:
    double, single = kind_of("double"), kind_of("float")
    values = [as_kind(F.expr(text), double, single) for text in ("-0.0D", "double('NaN')")]
    zero, nan = private_session(spark).range(1).select(*values).collect()[0]
    assert math.copysign(1.0, zero) == -1.0
    assert math.isnan(nan)


@pytest.mark.parametrize(("own", "kind"), NEVER)
def test_types_of_which_no_value_fits_are_known_before_anything_runs(own: str, kind: str) -> None:
    assert not may_fit(kind_of(own), kind_of(kind))
