"""Feature functions on Spark give what they give row by row in serving, in any zone, and fail in the same words."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless import FeatureSet, build_frame
from skewless.parts.functions import Inputs, failures_of, with_features, wrong_inputs
from tests.helpers.frames import at, collected, delta, feature_table, frame, training_set
from tests.oracles.asof import Row, compare

pytestmark = pytest.mark.usefixtures("spark")  # some functions of pyspark need a session to be there

EVERY_TYPE = FeatureSet.from_module("tests.helpers.value_functions")
COLUMNS = (
    "place int, x double, single float, n bigint, small smallint, text string, flag boolean, raw binary, day date, "
    "moment timestamp, event_timestamp timestamp, cost decimal(10,2), tags array<int>, numbers array<double>, "
    "moments array<timestamp>"
)
MOMENTS = (
    None,
    at("00:00", "1900-01-01"),
    at("05:59:59.999999", "2024-11-03"),
    at("06:30", "2024-11-03"),
    at("18:30"),
)
VALUES: dict[str, tuple[Any, ...]] = {
    "x": (None, -0.0, 0.1, float("nan"), float("inf"), 5e-324),
    "single": (None, -0.0, 1.5, float("nan")),
    "n": (None, 0, -1, 2**63 - 1, 2**53 + 1),
    "small": (None, 0, -32768),
    "text": (None, "", "ab", "\u00e9\U0001f600"),
    "flag": (None, True, False),
    "raw": (None, b"", b"\x00\xff"),
    "day": (None, date(1969, 12, 31), date(2024, 2, 29)),
    "moment": MOMENTS,
    "event_timestamp": MOMENTS,
    "cost": (None, Decimal("0.01"), Decimal("-99999999.99")),
    "tags": (None, [], [None], [1, None, 2]),
    "numbers": (None, [], [-0.0, None, float("nan")]),
    "moments": (None, [], [None], [at("10:00"), at("06:30", "2024-11-03"), None]),
}


def some_rows(count: int) -> list[Row]:
    rng = Random(7)
    return [{"place": at} | {name: rng.choice(VALUES[name]) for name in VALUES} for at in range(count)]


def inputs_of(rows: DataFrame) -> Inputs:
    types: dict[str, DataType] = {field.name: field.dataType for field in rows.schema}
    return Inputs({name: F.col(name) for name in types}, types, {})


def computed(rows: DataFrame, features: FeatureSet) -> list[Row]:
    """The features of each row, in the order of `place`."""
    passed = with_features(
        rows, features, inputs_of(rows), {"place": F.col("place"), "t": F.col("event_timestamp")}
    )
    by_place = sorted(collected(passed.select("place", "features.*")), key=lambda row: row["place"])
    return [{name: row[name] for name in features.names} for row in by_place]


def test_every_type_gives_the_same_as_row_by_row(spark: SparkSession) -> None:
    rows = some_rows(500)
    spark_rows = computed(frame(spark, COLUMNS, rows).repartition(3), EVERY_TYPE)
    expected = [EVERY_TYPE.compute(row) for row in rows]
    assert [pair for pair in zip(spark_rows, expected, strict=True) if compare(*pair) != 0][:2] == []


def test_the_zones_of_session_and_workers_change_nothing(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = some_rows(50)
    monkeypatch.setitem(spark.sparkContext.environment, "TZ", "America/New_York")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        spark_rows = computed(frame(spark, COLUMNS, rows), EVERY_TYPE)
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert compare(spark_rows, [EVERY_TYPE.compute(row) for row in rows]) == 0


def test_python_sees_aware_utc_datetimes_only(spark: SparkSession) -> None:
    def zone(moment: datetime, moments: list[datetime | None]) -> str:
        return f"{moment.isoformat()} {moments[0].isoformat() if moments[0] else None}"

    rows = frame(
        spark,
        COLUMNS,
        [dict.fromkeys(VALUES) | {"place": 0, "moment": at("18:30"), "moments": [at("10:00")]}],
    )
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kolkata")
    try:
        (row,) = computed(rows, FeatureSet.from_functions([zone]))
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")
    assert row["zone"] == "2024-07-01T18:30:00+00:00 2024-07-01T10:00:00+00:00"


def test_no_rows_and_no_functions_are_fine(spark: SparkSession) -> None:
    empty = frame(spark, COLUMNS, [])
    assert computed(empty, EVERY_TYPE) == []
    assert with_features(empty, FeatureSet([]), inputs_of(empty), {}) is empty


def test_a_function_without_inputs_is_a_constant(spark: SparkSession) -> None:
    def one() -> int:
        return 1

    rows = frame(spark, COLUMNS, [dict.fromkeys(VALUES) | {"place": place} for place in (0, 1)])
    assert computed(rows, FeatureSet.from_functions([one])) == [{"one": 1}, {"one": 1}]


def test_an_error_names_the_feature_its_inputs_and_the_label_event(spark: SparkSession) -> None:
    def ratio(x: float, n: int) -> float:
        return x / n

    rows = frame(
        spark,
        COLUMNS,
        [
            dict.fromkeys(VALUES) | {"place": 3, "x": 1.0, "n": 1},
            dict.fromkeys(VALUES) | {"place": 4, "x": 1.5, "n": 0, "event_timestamp": at("10:00")},
        ],
    )
    with pytest.raises(PySparkException) as failed:
        computed(rows, FeatureSet.from_functions([ratio]))
    (message,) = set(re.findall(r"FeatureError: (.+)", str(failed.value)))
    assert message == (
        "feature 'ratio': ZeroDivisionError: float division by zero; inputs x=1.5, n=0; label event place=4, "
        "t=datetime.datetime(2024, 7, 1, 10, 0, tzinfo=datetime.timezone.utc)"
    )


def test_an_instant_beyond_the_years_of_python_is_an_error_that_names_it(spark: SparkSession) -> None:
    def year(moment: datetime) -> int:
        return moment.year

    rows = frame(spark, COLUMNS, [dict.fromkeys(VALUES) | {"place": 0}])
    later = rows.withColumn("moment", F.timestamp_micros(F.lit(253_402_300_800_000_000)))
    with pytest.raises(
        PySparkException, match=r"feature 'year': input 'moment': expected datetime, found int 2534"
    ):
        computed(later, FeatureSet.from_functions([year]))


def test_a_null_from_a_function_that_does_not_say_so_is_an_error(spark: SparkSession) -> None:
    def nothing(n: int) -> int:
        return None  # type: ignore[return-value]

    rows = frame(spark, COLUMNS, [dict.fromkeys(VALUES) | {"place": 0, "n": 1}])
    with pytest.raises(PySparkException, match=r"feature 'nothing': .*expected int, found None"):
        computed(rows, FeatureSet.from_functions([nothing]))


def problems(function: Any, schema: str, **forbidden: str) -> list[str]:
    given = StructType.fromDDL(schema)
    assert isinstance(given, StructType), "columns are those of a struct"
    types: dict[str, DataType] = {field.name: field.dataType for field in given}
    return wrong_inputs(FeatureSet.from_functions([function]), Inputs({}, types, forbidden))


def is_hot(temp: float) -> bool:
    return temp > 30


def test_an_input_that_is_not_there_is_refused_with_the_nearest_name() -> None:
    assert problems(is_hot, "tmep double") == ["feature 'is_hot': unknown input 'temp'; did you mean 'tmep'?"]


def test_an_input_of_another_type_is_refused() -> None:
    assert problems(is_hot, "temp string") == ["feature 'is_hot': input 'temp' is string, but declared float"]
    assert problems(is_hot, "temp decimal(5,1)") == [
        "feature 'is_hot': input 'temp' is decimal(5,1), but declared float"
    ]
    assert problems(is_hot, "temp struct<a: int>") == [
        "feature 'is_hot': input 'temp' is struct<a:int>, but declared float"
    ]


def test_an_int_and_a_float_of_any_width_pass_for_a_float() -> None:
    assert [problems(is_hot, f"temp {kind}") for kind in ("tinyint", "int", "bigint", "float", "double")] == [
        []
    ] * 5


def test_an_array_passes_for_a_list_of_what_its_elements_pass_for() -> None:
    def total(tags: list[float]) -> float:
        return sum(tags)

    assert problems(total, "tags array<int>") == []
    assert problems(total, "tags array<string>") == [
        "feature 'total': input 'tags' is array<string>, but declared list[float]"
    ]


def test_a_label_column_is_refused() -> None:
    assert problems(is_hot, "temp double", temp="a label column") == [
        "feature 'is_hot': input 'temp' is a label column, not known at T; remove it"
    ]


def test_a_local_time_is_refused() -> None:
    def hour(moment: datetime) -> int:
        return moment.hour

    assert problems(hour, "moment timestamp_ntz") == [
        "feature 'hour': input 'moment' is TIMESTAMP_NTZ, a clock time without a zone; give an instant"
    ]


def test_a_feature_named_like_a_column_is_refused_whatever_the_case() -> None:
    (problem,) = problems(is_hot, "temp double, IS_HOT boolean")
    assert problem.startswith("feature 'is_hot': ")
    assert "IS_HOT" in problem


def test_event_timestamp_is_t_as_an_instant_and_all_functions_run_in_one_pass(
    spark: SparkSession, tmp_path: Path
) -> None:
    source = delta(spark, str(tmp_path / "r"), "k string, at timestamp, v int", [("a", at("09:00"), 3)])
    labels = frame(
        spark, "k string, t timestamp_ntz, y int", [("a", datetime(2024, 7, 1, 6), 0), ("b", None, 0)]
    )
    spec = training_set(feature_table(source), timezone="America/New_York")
    spec["features"] = "tests.helpers.clock_functions"
    built = build_frame(spark, spec, labels, conf_dir=str(tmp_path))
    plan = str(built._jdf.queryExecution().executedPlan().toString())
    assert len(re.findall(r"ArrowEvalPython", plan)) == 1
    features = {row["k"]: (row["hour_of_t"], row["hours_to_noon"]) for row in collected(built)}
    assert features == {"a": (10, 1.5), "b": (None, None)}


def test_failures_that_become_null_are_counted_whatever_the_batches(spark: SparkSession) -> None:
    """`inverse` fails on zero; a batch's count stands on its first row."""
    rows = some_rows(500)
    given = frame(spark, COLUMNS, rows).repartition(3)
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "40")
    try:
        passed = with_features(given, EVERY_TYPE, inputs_of(given), {})
        counted = failures_of(EVERY_TYPE)
        (totals,) = collected(passed.select(*[F.sum(f"features.`{name}`") for name in counted.values()]))
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")
    assert list(counted) == ["inverse"]
    assert list(totals.values()) == [sum(row["n"] == 0 for row in rows)]


def test_a_module_on_a_path_that_came_after_the_session_reaches_the_workers(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook adds a folder to its path, long after Spark has started."""
    (tmp_path / "late_features.py").write_text("def twice(n: int) -> int:\n    return n * 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    spec = {**training_set(), "features": "late_features"}
    labels = frame(spark, "k string, t timestamp, n int, y int", [("a", at("10:00"), 3, 0)])
    built = build_frame(spark, spec, labels, conf_dir=str(tmp_path))
    assert [row["twice"] for row in collected(built)] == [6]
