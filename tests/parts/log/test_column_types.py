"""What fits into a column of another type: every case in one query."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DecimalType

from skewless.parts.log.column_types import column_type, common, converted, fits

FITS = [
    # value, its type, the column's type, whether it fits
    ("9007199254740992", "bigint", "double", True),
    ("9007199254740993", "bigint", "double", False),
    ("9223372036854775807", "bigint", "double", False),
    ("-9223372036854775808", "bigint", "double", True),
    ("NULL", "bigint", "double", True),
    ("1.0", "double", "bigint", False),
    ("-0.0", "double", "bigint", False),
    ("'1'", "string", "bigint", False),
    ("NULL", "string", "bigint", True),
    ("array(1, 2)", "array<bigint>", "array<double>", True),
    ("array(9007199254740993)", "array<bigint>", "array<double>", False),
    ("array(array(1), NULL)", "array<array<bigint>>", "array<array<double>>", True),
    ("array()", "array<string>", "array<double>", True),
    ("array(NULL)", "array<string>", "array<double>", True),
    ("array('a')", "array<string>", "array<double>", False),
    ("array(1)", "array<bigint>", "bigint", False),
    ("true", "boolean", "bigint", False),
]


def kind(text: str) -> DataType:
    found = column_type(text)
    assert found is not None
    return found


def test_a_value_fits_where_the_column_holds_it_exactly(spark: SparkSession) -> None:
    answers = []
    for value, found, wanted, _ in FITS:
        given = F.expr(f"CAST({value} AS {kind(found).simpleString()})")
        answers.append(fits(given, kind(found), kind(wanted)))
    row = spark.range(1).select(*(answer.alias(str(place)) for place, answer in enumerate(answers))).first()
    assert row is not None
    assert list(row) == [expected for *_, expected in FITS]


def test_decimals_fit_by_their_digits(spark: SparkSession) -> None:
    wide = F.expr("CAST('99999999999999999999999999999999999.125' AS DECIMAL(38,3))")
    small = F.expr("CAST('1.250' AS DECIMAL(38,3))")
    three, four, two = (DecimalType(38, scale) for scale in (3, 4, 2))
    columns = [
        fits(wide, three, four), fits(small, three, four), fits(small, three, two), fits(wide, three, two),
        converted(small, three, two).cast("string"),
    ]  # fmt: skip
    row = spark.range(1).select(*(answer.alias(str(place)) for place, answer in enumerate(columns))).first()
    assert row is not None
    assert list(row) == [False, True, True, False, "1.25"]


def test_two_types_have_the_type_in_common_that_holds_both() -> None:
    pairs = [
        ("bigint", "double"),
        ("void", "date"),
        ("array<void>", "array<string>"),
        ("array<bigint>", "array<double>"),
    ]
    shared = [common(kind(one), kind(other)) for one, other in pairs]
    assert shared == [kind(text) for text in ("double", "date", "array<string>", "array<double>")]
    apart = [("bigint", "string"), ("date", "timestamp"), ("array<bigint>", "bigint"), ("boolean", "bigint")]
    assert [common(kind(one), kind(other)) for one, other in apart] == [None] * 4
