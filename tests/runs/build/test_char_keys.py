"""J8: a CHAR key is padded with blanks in Spark, so it meets no string; with its like it does, in serving too."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from skewless import ServingPlan
from tests.helpers.project import Project

NINE, TEN = "TIMESTAMP '2024-01-01 09:00:00Z'", "TIMESTAMP '2024-01-01 10:00:00Z'"


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Labels and facts whose key is a STRING, a CHAR(5), a CHAR(7) and a VARCHAR(5)."""
    project = Project(tmp_path_factory.mktemp("chars"), spark)
    for name, kind in {"s": "STRING", "c5": "CHAR(5)", "c7": "CHAR(7)", "v5": "VARCHAR(5)"}.items():
        labels, facts = (
            f"delta.`{project.warehouse}/labels_{name}`",
            f"delta.`{project.warehouse}/facts_{name}`",
        )
        spark.sql(f"CREATE TABLE {labels} (k {kind}, t TIMESTAMP, y INT) USING delta")
        spark.sql(f"INSERT INTO {labels} VALUES ('ab', {TEN}, 1), ('abc', {TEN}, 2)")
        spark.sql(f"CREATE TABLE {facts} (k {kind}, at TIMESTAMP, v DOUBLE, code CHAR(3)) USING delta")
        spark.sql(f"INSERT INTO {facts} VALUES ('ab', {NINE}, 1.5, 'x'), ('abc', {NINE}, 2.5, 'yy')")
    return project


def files(labels: str, facts: str, query: str = "") -> dict[str, str]:
    source = f"source: '${{WAREHOUSE}}/labels_{labels}'"
    if query:
        source = f"query: \"{query}\", sources: {{l: '${{WAREHOUSE}}/labels_{labels}'}}"
    return {
        "training_sets/s.yml": f"""
            name: s
            labels: {{{source}, entity_keys: [k], event_timestamp: t, label_columns: [y]}}
            feature_tables: [facts]
            features: tests.helpers.char_features
            output: ${{WAREHOUSE}}/out_{labels}_{facts}
        """,
        "feature_tables/facts.yml": f"""
            name: facts
            source: ${{WAREHOUSE}}/facts_{facts}
            entity_keys: [k]
            event_timestamp: at
            delay: 0s
            aggregations:
              - {{name: n, function: count, window: 1d}}
              - {{name: codes, function: last_n, n: 2, column: code, window: 1d}}
        """,
    }


@pytest.mark.parametrize(
    ("labels", "facts", "types"),
    [
        ("s", "c5", "key 'k' is char(5) but label column 'k' is string"),
        ("c5", "s", "key 'k' is string but label column 'k' is char(5)"),
        ("c5", "c7", "key 'k' is char(7) but label column 'k' is char(5)"),
        ("v5", "c5", "key 'k' is char(5) but label column 'k' is string"),
    ],
)
def test_a_padded_key_beside_another_is_refused(tables: Project, labels: str, facts: str, types: str) -> None:
    ran = tables.conf(files(labels, facts)).run("build", "s")
    assert ran.code == 2
    remedy = "char is padded with blanks, so make both a string (rtrim)"
    assert ran.problems == [f"skewless: feature table 'facts': {types}; {remedy}"]


def test_a_padded_column_in_a_predicate_is_refused(tables: Project) -> None:
    """W5: Spark compares with the literal padded too, and serving with what was written."""
    written = files("s", "s")
    path = "feature_tables/facts.yml"
    written[path] = written[path].replace("function: count, ", "function: count, where: \"code = 'x'\", ")
    ran = tables.conf(written).run("build", "s")
    assert (ran.code, ran.problems) == (
        2,
        [
            "skewless: feature table 'facts': aggregation 'n': where: column 'code' is a char, which Spark pads for "
            "each comparison and serving does not; make it a string (rtrim)"
        ],
    )


@pytest.mark.parametrize(
    ("labels", "facts", "query"),
    [
        ("c5", "c5", ""),
        ("s", "v5", ""),
        ("v5", "s", ""),
        ("c5", "s", "SELECT rtrim(k) AS k, t, y FROM l"),
    ],
)
def test_keys_of_one_kind_match_and_serving_sees_the_same(
    tables: Project, labels: str, facts: str, query: str
) -> None:
    document = tables.conf(files(labels, facts, query)).built("s")
    assert document["parity"] == {"rows": 2, "mismatches": 0}
    found = {row["k"]: row for row in tables.rows(f"out_{labels}_{facts}")}
    pad = 5 if (labels, query) == ("c5", "") else 0
    assert {key: (row["facts__v"], row["facts__n"]) for key, row in found.items()} == {
        "ab".ljust(pad): (1.5, 1), "abc".ljust(pad): (2.5, 1),
    }  # fmt: skip
    plan_file = tables.root / "serving.json"
    assert tables.run("export", "s", "--to", str(plan_file)).code == 0
    plan = ServingPlan.load(str(plan_file))
    row = found["ab".ljust(pad)]
    event = {"k": "ab", "at": row["t"].replace(hour=9), "v": 1.5, "code": "x"}
    served = plan.compute({"k": "ab"}, rows={"facts": event}, events={"facts": [event]}, at=row["t"])
    assert served == {name: row[name] for name in served}
    assert served["code_and_key"] == f"x  |{'ab'.ljust(pad)}"
