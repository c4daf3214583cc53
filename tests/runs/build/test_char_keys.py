"""J8: a CHAR key is padded with blanks in Spark, so it meets no string; with its like it does, in serving too."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless import ServingPlan
from tests.helpers.project import Project

NINE, TEN = "TIMESTAMP '2024-01-01 09:00:00Z'", "TIMESTAMP '2024-01-01 10:00:00Z'"
KEYS = "c5 CHAR(5), c7 CHAR(7), s STRING, v5 VARCHAR(5)"
BY = """
    name: by_{key}
    source: ${{WAREHOUSE}}/facts
    entity_keys: [{key}]
    event_timestamp: at
    delay: 0s
    columns: [v, code]
    aggregations:
      - {{name: n, function: count, window: 1d}}
      - {{name: codes, function: last_n, n: 2, column: code, window: 1d}}
"""
SET = """
    name: {name}
    labels: {{{labels}, event_timestamp: t, label_columns: [y]}}
    feature_tables: [{tables}]
    {features}
    output: ${{WAREHOUSE}}/{name}
"""


def joined(label: str, fact: str) -> str:
    """A feature table whose key is the column `fact`, joined by the label column `label`."""
    return f"{{table: by_{fact}, as: {label}_{fact}, join_keys: {{{fact}: {label}}}}}"


def training_set(name: str, labels: str, features: str, *pairs: tuple[str, str]) -> dict[str, str]:
    written = f"features: tests.helpers.{features}" if features else ""
    tables = ", ".join(joined(*pair) for pair in pairs)
    return {
        f"training_sets/{name}.yml": SET.format(name=name, labels=labels, features=written, tables=tables)
    }


STORED = "source: '${WAREHOUSE}/labels', entity_keys: [c5, s, v5]"
TRIMMED = (
    "query: \"SELECT rtrim(c5) AS r, t, y FROM l\", sources: {l: '${WAREHOUSE}/labels'}, entity_keys: [r]"
)


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Labels and facts whose key is a STRING, a CHAR(5), a CHAR(7) and a VARCHAR(5), a column of each kind."""
    project = Project(tmp_path_factory.mktemp("chars"), spark)
    for name, more, rest in (
        ("labels", "t TIMESTAMP, y INT", (f"{TEN}, 1", f"{TEN}, 2")),
        ("facts", "at TIMESTAMP, v DOUBLE, code CHAR(3)", (f"{NINE}, 1.5, 'x'", f"{NINE}, 2.5, 'yy'")),
    ):
        table = f"delta.`{project.warehouse}/{name}`"
        spark.sql(f"CREATE TABLE {table} ({KEYS}, {more}) USING delta")
        rows = [
            f"('{key}', '{key}', '{key}', '{key}', {rest})"
            for key, rest in zip(("ab", "abc"), rest, strict=True)
        ]
        spark.sql(f"INSERT INTO {table} VALUES {', '.join(rows)}")
    return project.conf(
        {f"feature_tables/by_{key}.yml": BY.format(key=key) for key in ("c5", "c7", "s", "v5")}
    )


def test_a_padded_key_beside_another_is_refused(tables: Project) -> None:
    kinds = {
        ("s", "c5"): "key 'c5' is char(5) but label column 's' is string",
        ("c5", "s"): "key 's' is string but label column 'c5' is char(5)",
        ("c5", "c7"): "key 'c7' is char(7) but label column 'c5' is char(5)",
        ("v5", "c5"): "key 'c5' is char(5) but label column 'v5' is string",
    }
    ran = tables.conf(training_set("refused", STORED, "", *kinds)).run("build", "refused")
    assert ran.code == 2
    remedy = "char is padded with blanks, so make both a string (rtrim)"
    assert ran.problems == [
        f"skewless: feature table 'by_{fact}': {said}; {remedy}" for (_, fact), said in kinds.items()
    ]


def test_a_padded_column_in_a_predicate_is_refused(tables: Project) -> None:
    """W5: Spark compares with the literal padded too, and serving with what was written."""
    where = BY.format(key="s").replace("function: count, ", "function: count, where: \"code = 'x'\", ")
    tables.conf({"feature_tables/by_padded.yml": where.replace("by_s", "by_padded")})
    text = training_set("padded", STORED, "")
    tables.conf({path: each.replace("tables: []", "tables: [by_padded]") for path, each in text.items()})
    ran = tables.run("build", "padded")
    assert (ran.code, ran.problems) == (
        2,
        [
            "skewless: feature table 'by_padded': aggregation 'n': where: column 'code' is a char, which Spark pads "
            "for each comparison and serving does not; make it a string (rtrim)"
        ],
    )


def test_keys_of_one_kind_match_and_serving_sees_the_same(tables: Project) -> None:
    pairs = (("c5", "c5"), ("s", "v5"), ("v5", "s"))
    found, served = built_and_served(
        tables, training_set("kinds", STORED, "char_features", *pairs), "s", *pairs
    )
    assert (found["c5"], found["s"], found["v5"]) == ("ab   ", "ab", "ab")
    assert [served[name] for name in ("padded", "plain", "varying")] == ["x  |ab   ", "x  |ab", "x  |ab"]


def test_a_padded_key_that_is_trimmed_matches_a_string(tables: Project) -> None:
    written = training_set("trimmed", TRIMMED, "trimmed_char_features", ("r", "s"))
    found, served = built_and_served(tables, written, "r", ("r", "s"))
    assert (found["r"], served["trimmed"]) == ("ab", "x  |ab")


def built_and_served(
    tables: Project, written: dict[str, str], key: str, *pairs: tuple[str, str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The published row of 'ab' and what serving makes of its request, once both are seen to be the same."""
    name = next(iter(written)).split("/")[1].removesuffix(".yml")
    document = tables.conf(written).built(name)
    assert document["parity"] == {"rows": 2, "mismatches": 0}
    found = {row[key]: row for row in tables.rows(name)}
    for place in ("_".join(pair) for pair in pairs):
        values = {text: (row[f"{place}__v"], row[f"{place}__n"]) for text, row in found.items()}
        assert values == {"ab": (1.5, 1), "abc": (2.5, 1)}, place
    plan_file = tables.root / f"{name}.json"
    assert tables.run("export", name, "--to", str(plan_file)).code == 0
    row = found["ab"]
    event = {**dict.fromkeys(("c5", "s", "v5"), "ab"), "at": row["t"].replace(hour=9), "v": 1.5, "code": "x"}
    rows = {"_".join(pair): event for pair in pairs}
    entity = dict.fromkeys((label for label, _ in pairs), "ab")
    events = {place: [row] for place, row in rows.items()}
    served = ServingPlan.load(str(plan_file)).compute(entity, rows=rows, events=events, at=row["t"])
    assert served == {name: row[name] for name in served}
    return row, served
