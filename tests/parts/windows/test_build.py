"""Windows in a build from end to end: the result's columns, what functions may take, and sums that do not fit."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from tests.helpers.project import Project

LABELS = "source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]"


def project_of(spark: SparkSession, root: Path, aggregations: str, features: str = "") -> Project:
    """Table r with columns v and price, joined as of T and for its windows; entity a has two events, b one."""
    table = f"""
        name: r
        source: ${{WAREHOUSE}}/r
        entity_keys: [k]
        event_timestamp: at
        delay: 0s
        columns: [v]
        aggregations: [{aggregations}]
    """
    text = f"{{name: ts, labels: {{{LABELS}}}, feature_tables: [r], output: '${{WAREHOUSE}}/ts'{features}}}"
    project = Project(root, spark).conf({"feature_tables/r.yml": table, "training_sets/ts.yml": text})
    project.table(
        "labels",
        "k STRING, t TIMESTAMP, y INT",
        "('a', '2024-07-01 10:00:00Z', 1)",
        "('b', '2024-07-01 10:00:00Z', 0)",
        "(NULL, '2024-07-01 10:00:00Z', 0)",
    )
    return project.table(
        "r",
        "k STRING, at TIMESTAMP, v BIGINT, price DECIMAL(10,2)",
        "('a', '2024-07-01 09:00:00Z', 9223372036854775807, 0.10)",
        "('a', '2024-07-01 10:00:00Z', 1, 0.20)",
        "('b', '2024-06-30 09:59:59.999999Z', 7, 99999999.99)",
    )


def test_aggregations_follow_the_columns_of_their_table(spark: SparkSession, tmp_path: Path) -> None:
    """An event at T is the newest row as of T, and no event of a window."""
    project = project_of(
        spark,
        tmp_path,
        "{name: n_1d, function: count, window: 1d}, {name: mean_1d, function: mean, column: price, window: 1d},"
        "{name: spent, function: sum, column: price, window: 30d}",
        ", features: tests.helpers.window_functions",
    )
    result = project.built("ts")
    assert result["columns"] == [
        *("k", "t", "y", "r__v", "r__n_1d", "r__mean_1d", "r__spent"),
        *("visits_and_newest", "mean_or_nothing", "event_date"),
    ]
    rows = {row["k"]: row for row in project.rows("ts")}
    found = {key: [str(row[name]) for name in result["columns"][3:-1]] for key, row in rows.items()}
    assert found == {
        "a": ["1", "1", "0.1", "0.10", "11.0", "0.1"],
        "b": ["7", "0", "None", "99999999.99", "7.0", "None"],
        None: ["None", "None", "None", "None", "None", "None"],
    }
    schema = spark.read.format("delta").load(str(project.warehouse / "ts")).schema
    kinds = [schema[name].dataType.simpleString() for name in ("r__n_1d", "r__mean_1d", "r__spent")]
    assert kinds == ["bigint", "double", "decimal(20,2)"]


def test_a_sum_beyond_64_bits_is_bad_input_that_names_the_aggregation(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = project_of(spark, tmp_path, "{name: total, function: sum, column: v, window: 1d}")
    project.table("labels", "k STRING, t TIMESTAMP, y INT", "('a', '2024-07-01 10:00:00.000001Z', 1)")
    ran = project.run("build", "ts", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems[-1] == "skewless: aggregation 'total': a sum does not fit in 64 bits"
    assert not (project.warehouse / "ts").exists()
