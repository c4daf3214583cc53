"""A label query that would give other rows tomorrow is found by what Spark's analyser makes of it."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from skewless.lake.session import private_session
from skewless.parts.spine import query_problem

CLOCK = "reads the clock; use --as-of and label_available_at, or a literal"
OTHER = "gives other rows each time; remove what is random"


@pytest.fixture(scope="module")
def session(spark: SparkSession) -> SparkSession:
    own = private_session(spark)
    own.sql("SELECT 1 AS k, 'now' AS c, TIMESTAMP '2024-01-01' AS t").createOrReplaceTempView("l")
    return own


def problem(session: SparkSession, query: str) -> str | None:
    return query_problem(session.sql(f"SELECT * FROM ({query}\n)"), query)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM l WHERE t < now()", f"now {CLOCK}"),
        ("SELECT * FROM l WHERE t < `current_timestamp`()", f"current_timestamp {CLOCK}"),
        ("SELECT *, unix_timestamp() AS u FROM l", f"current_timestamp {CLOCK}"),
        ("WITH c AS (SELECT curdate() AS d) SELECT l.* FROM l JOIN c ON l.t < c.d", f"current_date {CLOCK}"),
        ("SELECT * FROM l WHERE t < (SELECT max(current_timestamp()) FROM l)", f"current_timestamp {CLOCK}"),
        ("SELECT * FROM l WHERE k IN (SELECT day(current_date) FROM l)", f"current_date {CLOCK}"),
        ("SELECT * FROM l WHERE t < TIMESTAMP 'now'", f"TIMESTAMP 'now' {CLOCK}"),
        ("SELECT * FROM l WHERE t < DATE  ' today'", f"DATE  ' today' {CLOCK}"),
        ("SELECT * FROM l WHERE t < 'yesterday'", f"CAST('yesterday' AS TIMESTAMP) {CLOCK}"),
        ("SELECT *, to_date('now') AS d FROM l", f"to_date('now') {CLOCK}"),
        (
            "SELECT *, current_user() AS u FROM l",
            "current_user reads the session, which is another one in another run",
        ),
        ("SELECT *, rand(7) AS r FROM l", OTHER),
        ("SELECT *, java_method('java.lang.Math', 'random') AS r FROM l", OTHER),
        ("SELECT * FROM l ORDER BY uuid()", OTHER),
        (
            "SELECT * FROM l TABLESAMPLE (50 PERCENT)",
            "TABLESAMPLE gives other rows each time; use sample, or add REPEATABLE",
        ),
    ],
)
def test_what_gives_other_rows_tomorrow_is_named(session: SparkSession, query: str, said: str) -> None:
    assert problem(session, query) == said


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM l",
        "SELECT *, 'now' AS word FROM l WHERE c = 'now'",
        "SELECT *, 1 AS current_date FROM l -- now()",
        "SELECT k AS `now()`, 'current_timestamp()' AS w FROM l /* rand() */",
        "SELECT * FROM l TABLESAMPLE (50 PERCENT) REPEATABLE (1)",
        "SELECT * FROM l WHERE t < TIMESTAMP '2024-02-01' AND t > 'epoch'",
    ],
)
def test_what_only_looks_like_it_is_taken(session: SparkSession, query: str) -> None:
    assert problem(session, query) is None
