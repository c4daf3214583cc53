"""Names that Delta cannot write, which column mapping lets a source have: refused before anything runs."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from skewless import build_frame
from tests.helpers.project import Project

MAPPED = "USING delta TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
TIMES = "TIMESTAMP '2024-01-01 09:00:00Z', TIMESTAMP '2024-01-01 10:00:00Z'"


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("names"), spark)
    project.table("labels", "k STRING, t TIMESTAMP, y INT", "('a', '2024-01-01 10:00:00Z', 1)")
    people, prices = f"delta.`{project.warehouse}/people`", f"delta.`{project.warehouse}/prices`"
    spark.sql(
        f"CREATE TABLE {people} (k STRING, t TIMESTAMP, y INT, `First Name` STRING, `a=b;c` INT, "
        f"home STRUCT<street: STRING, `zip code`: INT>, visits ARRAY<STRUCT<`at (UTC)`: INT>>) {MAPPED}"
    )
    spark.sql(
        f"INSERT INTO {people} SELECT 'a', TIMESTAMP '2024-01-01 10:00:00Z', 1, 'Ann', 2, "
        "named_struct('street', 's', 'zip code', 1), array(named_struct('at (UTC)', 1))"
    )
    spark.sql(
        f"CREATE TABLE {prices} (`the key` STRING, `seen at` TIMESTAMP, `price (EUR)` DOUBLE, v DOUBLE, "
        f"terms MAP<STRING, STRUCT<`net, gross`: INT>>) {MAPPED}"
    )
    spark.sql(f"INSERT INTO {prices} SELECT 'a', TIMESTAMP '2024-01-01 09:00:00Z', 2.5, 1.5, NULL")
    return project


def files(source: str = "labels", columns: str = "", keys: str = "[k]", rest: str = "") -> dict[str, str]:
    labels = (
        f"{{source: '${{WAREHOUSE}}/{source}', entity_keys: {keys}, event_timestamp: t, label_columns: [y]}}"
    )
    return {
        "training_sets/s.yml": f"""
            name: s
            labels: {labels}
            feature_tables: [{{table: prices, join_keys: {{the key: k}}}}]
            output: ${{WAREHOUSE}}/out{rest}
        """,
        "feature_tables/prices.yml": f"""
            name: prices
            source: ${{WAREHOUSE}}/prices
            entity_keys: [the key]
            event_timestamp: seen at
            delay: 0s
            aggregations:
              - {{name: n_1d, function: count, window: 1d}}
              - {{name: sum_1d, function: sum, column: price (EUR), window: 1d}}
            {columns}
        """,
    }


PRICES = [
    "feature table 'prices': column 'price (EUR)' has ' ' and '(' and ')' in its name, which Delta cannot write; "
    "rename it in the table (ALTER TABLE … RENAME COLUMN `price (EUR)` TO price_EUR), or leave it out of columns",
    "feature table 'prices': column 'terms' has ' ' and ',' in the name of its field 'net, gross', which Delta cannot "
    "write; rename it in the table (ALTER TABLE … RENAME COLUMN), or leave it out of columns",
]
PEOPLE = [
    "label events: column 'First Name' has ' ' in its name, which Delta cannot write; rename it with labels.query: "
    "SELECT `First Name` AS First_Name, …",
    "label events: column 'a=b;c' has ';' and '=' in its name, which Delta cannot write; rename it with labels.query: "
    "SELECT `a=b;c` AS a_b_c, …",
    "label events: column 'home' has ' ' in the name of its field 'zip code', which Delta cannot write; rename the "
    "field, or leave the column out, with labels.query",
    "label events: column 'visits' has ' ' and '(' and ')' in the name of its field 'at (UTC)', which Delta cannot "
    "write; rename the field, or leave the column out, with labels.query",
]


@pytest.mark.parametrize("options", [[], ["--explain"], ["--date", "2024-01-01"]])
def test_names_that_delta_cannot_write_are_refused_all_at_once(tables: Project, options: list[str]) -> None:
    ran = tables.conf(files("people")).run("build", "s", *options)
    assert ran.code == 2
    assert ran.problems == [f"skewless: {line}" for line in [*PEOPLE, *PRICES]]
    assert not (tables.warehouse / "out").exists()


def test_a_frame_keeps_them_since_nothing_is_written(tables: Project, spark: SparkSession) -> None:
    tables.conf(files())
    people = spark.read.format("delta").load(str(tables.warehouse / "people"))
    settings = {"WAREHOUSE": str(tables.warehouse)}
    built = build_frame(spark, "s", people, conf_dir=str(tables.root / "conf"), settings=settings)
    assert {"First Name", "a=b;c", "prices__price (EUR)"} <= set(built.columns)
    assert built.count() == people.count()


def test_names_that_are_not_published_may_be_anything(tables: Project) -> None:
    """Keys, times, and what windows read, of a feature table; and label columns that a query has renamed."""
    query = files(columns="columns: [v]")
    query["training_sets/s.yml"] = query["training_sets/s.yml"].replace(
        "source: '${WAREHOUSE}/labels'",
        "query: 'SELECT k, t, y, `First Name` AS first_name FROM p', sources: {p: '${WAREHOUSE}/people'}",
    )
    document = tables.conf(query).built("s")
    assert document["columns"] == [
        "k", "t", "y", "first_name", "prices__v", "prices__n_1d", "prices__sum_1d", "event_date",
    ]  # fmt: skip
    [row] = tables.rows("out")
    assert (row["first_name"], row["prices__v"], row["prices__n_1d"], row["prices__sum_1d"]) == (
        "Ann",
        1.5,
        1,
        2.5,
    )
    assert document["parity"] == {"rows": 1, "mismatches": 0}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("{table: prices, ", "{table: prices, as: my prices, ", "'my prices' is not a name"),
        ("name: n_1d", "name: n 1d", "'n 1d' is not a name"),
    ],
)
def test_names_of_ones_own_are_refused_where_they_are_written(
    tables: Project, old: str, new: str, line: str
) -> None:
    written = {path: text.replace(old, new) for path, text in files().items()}
    ran = tables.conf(written).run("build", "s")
    assert ran.code == 2
    assert any(line in problem for problem in ran.problems), ran.err
