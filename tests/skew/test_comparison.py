"""When a logged and a recomputed value count as equal, in one job for all types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.skew.compare import (
    DIFFERENT,
    LOGGED_NULL,
    RECOMPUTED_NULL,
    SAME,
    Compared,
    compare,
    count_all,
    held_together,
)
from tests.helpers.frames import collected, frame

NAN = float("nan")
NARROW = float(np.float32(0.1))
# name, type of logged, type of recomputed, loose, weight; then logged, recomputed, state.
CASES: list[tuple[str, str, str, bool, float | None, Any, Any, int]] = [
    ("both null", "double", "double", False, None, None, None, SAME),
    ("null logged", "double", "double", False, None, None, 0.0, LOGGED_NULL),
    ("null recomputed", "string", "string", False, None, "", None, RECOMPUTED_NULL),
    ("nan", "double", "double", False, None, NAN, NAN, SAME),
    ("zeros", "double", "double", False, None, -0.0, 0.0, SAME),
    ("exact", "double", "double", False, None, 1.0 + 1e-15, 1.0, DIFFERENT),
    ("near sum", "double", "double", True, None, 1.0 + 1e-10, 1.0, SAME),
    ("far sum", "double", "double", True, None, 1.0 + 1e-8, 1.0, DIFFERENT),
    ("cancelled sum", "double", "double", True, 1e6, 1e-10, 0.0, SAME),
    ("nan sum", "double", "double", True, 1e6, NAN, 0.0, DIFFERENT),
    ("float as it is", "double", "float", False, None, NARROW, NARROW, SAME),
    ("float in 64 bits", "double", "float", False, None, 0.1, NARROW, DIFFERENT),
    ("width", "bigint", "int", False, None, 7, 7, SAME),
    ("beyond 2^53", "bigint", "bigint", False, None, 2**53 + 1, 2**53, DIFFERENT),
    ("int as double", "double", "int", False, None, 7.0, 7, SAME),
    ("scale", "decimal(38,3)", "decimal(9,2)", False, None, Decimal("1.500"), Decimal("1.50"), SAME),
    ("decimal", "decimal(38,3)", "decimal(9,2)", False, None, Decimal("1.501"), Decimal("1.50"), DIFFERENT),
    ("list", "array<bigint>", "array<int>", False, None, [1, None], [1, None], SAME),
    ("order of a list", "array<bigint>", "array<int>", False, None, [2, 1], [1, 2], DIFFERENT),
    ("empty list", "array<string>", "array<double>", False, None, [], [], SAME),
    ("other type", "string", "double", False, None, "1.0", 1.0, DIFFERENT),
    ("case", "string", "string", False, None, "A", "a", DIFFERENT),
]


def test_values_are_equal_as_the_rules_say(spark: SparkSession) -> None:
    schema = ", ".join(f"l{at} {case[1]}, r{at} {case[2]}" for at, case in enumerate(CASES))
    rows = frame(spark, schema, [[value for case in CASES for value in case[5:7]]])
    features = [
        Compared(
            name,
            F.col(f"l{at}"),
            rows.schema[f"l{at}"].dataType,
            F.col(f"r{at}"),
            rows.schema[f"r{at}"].dataType,
            F.lit(True),
            is_loose,
            None if weight is None else F.lit(weight),
        )
        for at, (name, _, _, is_loose, weight, *_) in enumerate(CASES)
    ]
    compared = compare(held_together(rows, features, []), features)
    (found,) = collected(compared)
    assert {case[0]: found[f"state_{at}"] for at, case in enumerate(CASES)} == {
        case[0]: case[7] for case in CASES
    }


def test_what_is_not_comparable_is_not_compared_and_records_of_nothing_are_unmatched(
    spark: SparkSession,
) -> None:
    rows = frame(spark, "l int, r int, can boolean", [(1, 2, True), (1, 2, False), (None, None, True)])
    kind = rows.schema["l"].dataType
    features = [Compared("x", F.col("l"), kind, F.col("r"), kind, F.col("can"))]
    total, unmatched, counts = count_all(compare(held_together(rows, features, []), features), features)
    assert (total, unmatched) == (3, 1)
    assert (counts["x"].compared, counts["x"].mismatched) == (2, 1)
