"""A predicate reads the columns of its own row: whatever reads, runs or makes more is refused by its name."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.parts.spine import failed_on_a_row, predicate_problem
from tests.helpers.frames import frame

ALONE = "a predicate reads the columns of its own row alone"
OUT = f"runs code outside of Spark; {ALONE}"
ROWS = f"reads other rows; {ALONE}"
MAKES = f"makes rows; {ALONE}"
OWN = f"is a function of this session's own, which another run may lack; {ALONE}"
CLOCK = "reads the clock; use --as-of and label_available_at, or a literal"
SESSION = f"reads the session, which is another one in another run; {ALONE}"
CHANCE = "gives another value each time; remove it"

REFUSED = {
    "java_method('java.lang.Math', 'abs', 1) = '1'": f"java_method {OUT}",
    "y = 1 OR `Java_Method` /* ( */ ('java.lang.Math', 'abs', 1) = '1'": f"Java_Method {OUT}",
    "upper(reflect('java.util.UUID', 'randomUUID')) = 'A'": f"reflect {OUT}",
    "system.builtin.reflect('java.lang.System', 'exit', 3) = ''": f"reflect {OUT}",
    "CASE WHEN y > 0 THEN try_reflect('java.lang.Math', 'abs', 1) = '1' END": f"try_reflect {OUT}",
    "IDENTIFIER('java_' || 'method')('java.lang.Math', 'abs', 1) = '1'": f"java_method {OUT}",
    "y IN (SELECT y FROM parquet.`/nowhere/at/all`)": f"IN (SELECT …) {ROWS}",
    "NOT EXISTS (SELECT 1 FROM delta.`/nowhere`)": f"EXISTS (SELECT …) {ROWS}",
    "y = (SELECT max(y) FROM csv.`/nowhere`)": f"(SELECT …) {ROWS}",
    "exists(array(y), x -> x = (SELECT 1))": f"(SELECT …) {ROWS}",
    "row_number() OVER (ORDER BY y) = 1": f"OVER {ROWS}",
    "sum(y) OVER (PARTITION BY k) > 1": f"OVER {ROWS}",
    "lag(y) > 1": f"lag {ROWS}",
    "count(*) > 1": f"count {ROWS}",
    "y = MAX ( y )": f"MAX {ROWS}",
    "first(y) = 1": f"first {ROWS}",
    "mode() WITHIN GROUP (ORDER BY y) = 1": f"mode {ROWS}",
    "IDENTIFIER('sum')(y) > 1": f"sum {ROWS}",
    "explode(array(true, false))": f"explode {MAKES}",
    "stack(2, true, false)": f"stack {MAKES}",
    "IDENTIFIER('explode')(array(true, false))": f"it reads other rows, or {MAKES}",
    "window(t, '1 day').start = t": f"window {MAKES}",
    "own_python(y) > 1": f"own_python {OWN}",
    "`OWN_Python`(y) > 1": f"OWN_Python {OWN}",
    "own_sql(y) > 1": f"own_sql {OWN}",
    "spark_catalog.default.own(y) > 1": f"spark_catalog.default.own {OWN}",
    "rand() < 0.5": f"rand {CHANCE}",
    "k = uuid()": f"uuid {CHANCE}",
    "shuffle(array(y, 1))[0] = 1": f"shuffle {CHANCE}",
    "monotonically_increasing_id() % 2 = 0": f"monotonically_increasing_id {CHANCE}",
    "input_file_name() = ''": f"input_file_name {CHANCE}",
    "`now`() > t": f"now {CLOCK}",
    "t < CURRENT_TIMESTAMP": f"current_timestamp {CLOCK}",
    "t < TIMESTAMP 'now'": f"TIMESTAMP 'now' {CLOCK}",
    "t < date'Tomorrow UTC'": f"date'Tomorrow UTC' {CLOCK}",
    "t < 'now'": f"CAST('now' AS TIMESTAMP) {CLOCK}",
    "t < to_timestamp('today')": f"to_timestamp('today') {CLOCK}",
    "unix_timestamp() > 3": f"current_timestamp {CLOCK}",
    "curdate() > DATE '2024-01-01'": f"current_date {CLOCK}",
    "k = current_user()": f"current_user {SESSION}",
    "k = current_database()": f"current_database {SESSION}",
}
ALLOWED = [
    "y BETWEEN 1 AND 2 OR k LIKE 'a%' AND NOT isnull(t)",
    "exists(array(y), x -> x > 1) AND aggregate(array(y), 0, (a, x) -> a + x) > 1",
    "try_cast(k AS INT) > 1 OR coalesce(y, 0) = 0 OR k IN ('java_method', 'now()')",
    "abs(y) > 1",
    "date_trunc('MONTH', t) = TIMESTAMP '2024-07-01' AND from_json(k, 'a INT').a = 1",
    "`count` > 1 AND `rand` > 1",
]


@pytest.fixture(scope="module")
def events(spark: SparkSession) -> Iterator[DataFrame]:
    spark.udf.register("own_python", lambda value: value, "int")
    spark.sql("CREATE TEMPORARY FUNCTION own_sql(x INT) RETURNS INT RETURN x + 1")
    yield frame(spark, "k string, t timestamp, y int, count int, rand int", [("a", None, 0, 1, 2)])
    for name in ("own_python", "own_sql"):
        spark.sql(f"DROP TEMPORARY FUNCTION {name}")


def test_what_reads_or_runs_more_than_its_row_is_refused_by_its_name(events: DataFrame) -> None:
    assert {where: predicate_problem(events, where) for where in REFUSED} == REFUSED


def test_what_a_row_decides_is_no_problem(events: DataFrame) -> None:
    assert {where: predicate_problem(events, where) for where in ALLOWED} == dict.fromkeys(ALLOWED)


@pytest.mark.parametrize("where", ["y >", "nope(y)", "nothing = 1", "y = :x", "y", "a, b"])
def test_what_is_no_condition_is_one_line(events: DataFrame, where: str) -> None:
    problem = predicate_problem(events, where)
    assert problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("where", "value"), [("CAST(k AS INT) > 1", "'a'"), ("k::DATE > t", "'a'"), ("array(1)[y + 5] > 1", "5")]
)
def test_a_predicate_that_fails_on_a_row_is_named_with_the_value(
    events: DataFrame, where: str, value: str
) -> None:
    with pytest.raises(PySparkException) as caught:
        events.where("y >= 0").where(F.expr(where)).collect()
    error = failed_on_a_row(caught.value, {"--where": "y >= 0", "labels.where": where})
    assert isinstance(error, InputError)
    (line,) = error.problems
    assert line.startswith(f"labels.where {where!r}: [")
    assert value in line.partition("]")[2]
    assert failed_on_a_row(caught.value, {"labels.where": "y >= 0"}) is caught.value
