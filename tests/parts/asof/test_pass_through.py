"""J1 and J9 on published frames: every column of the label events as it came, whatever its name and type."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from pyspark.sql import SparkSession

from skewless import build_frame
from tests.helpers.frames import at, collected, delta, feature_table, frame, training_set

ODD = (
    "`a.b` string, `with space` int, `back``tick` int, t timestamp, local timestamp_ntz, list array<double>, "
    "nested struct<`x.y`: int, d: date>, entries map<string, decimal(5,2)>, bytes binary, k string, y timestamp_ntz"
)


def test_label_columns_come_back_untouched_and_in_their_order(spark: SparkSession, tmp_path: Path) -> None:
    local, nested = datetime(2024, 3, 10, 2, 30), {"x.y": 1, "d": date(2024, 1, 1)}
    full = (
        "dots",
        1,
        2,
        at("10:00"),
        local,
        [0.0, None],
        nested,
        [("a", Decimal("1.50"))],
        b"\x00",
        "a",
        local,
    )
    bare = (None, None, None, None, None, None, None, None, None, None, None)
    labels = frame(spark, ODD, [full, full, bare])
    rows = delta(spark, str(tmp_path / "r"), "k string, at timestamp, v int", [("a", at("09:00"), 5)])
    built = build_frame(spark, training_set(feature_table(rows)), labels, conf_dir=str(tmp_path))
    names = labels.columns
    assert built.columns == [*names, "r__v", "event_date"]
    assert built.select(*built.columns[4:5]).schema["local"].dataType.simpleString() == "timestamp_ntz"
    assert [field.dataType for field in built.schema][: len(names)] == [
        field.dataType for field in labels.schema
    ]
    expected = [(*full, 5, date(2024, 7, 1)), (*full, 5, date(2024, 7, 1)), (*bare, None, None)]
    answers = [tuple(row.values()) for row in collected(built)]
    assert sorted(answers, key=str) == sorted(expected, key=str)


def test_joined_columns_keep_odd_names_and_types(spark: SparkSession, tmp_path: Path) -> None:
    schema = "k string, at timestamp, `v.w` int, local timestamp_ntz, entries map<string, array<double>>"
    value = (7, datetime(2024, 3, 10, 2, 30), [("b", [-0.0]), ("a", None)])
    path = str(tmp_path / "r")
    rows = frame(spark, schema, [("a", at("09:00"), *value)])
    rows.write.format("delta").option("delta.columnMapping.mode", "name").save(path)
    labels = frame(spark, "k string, t timestamp, y int", [("a", at("10:00"), 1)])
    spec = training_set(feature_table(path, columns=None))
    (row,) = collected(build_frame(spark, spec, labels, conf_dir=str(tmp_path)))
    assert (row["r__v.w"], row["r__local"], row["r__entries"]) == value


def test_names_are_spelt_as_in_their_tables_whatever_the_case(spark: SparkSession, tmp_path: Path) -> None:
    rows = delta(spark, str(tmp_path / "r"), "K string, At timestamp, V int", [("a", at("09:00"), 5)])
    labels = frame(spark, "k string, T timestamp, y int", [("a", at("10:00"), 1)])
    built = build_frame(
        spark, training_set(feature_table(rows), entity_keys=["K"]), labels, conf_dir=str(tmp_path)
    )
    assert built.columns == ["k", "T", "y", "r__V", "event_date"]
    assert [row["r__V"] for row in collected(built)] == [5]


def test_event_date_is_the_utc_date_also_before_1970(spark: SparkSession, tmp_path: Path) -> None:
    times = [at("23:59:59.999999", "1969-12-31"), at("00:00", "1970-01-01"), at("00:00", "1900-01-01"), None]
    labels = frame(spark, "k string, t timestamp, y int", [("a", moment, 1) for moment in times])
    built = collected(build_frame(spark, training_set(), labels, conf_dir=str(tmp_path)))
    dates = {row["t"]: row["event_date"] for row in built}
    assert dates == {
        times[0]: date(1969, 12, 31),
        times[1]: date(1970, 1, 1),
        times[2]: date(1900, 1, 1),
        None: None,
    }
