"""Window aggregations that cannot be meant, refused with their place before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless import build_frame
from skewless.config import FeatureTable
from skewless.ground.errors import InputError
from tests.helpers.frames import at, delta, feature_table, frame, training_set
from tests.helpers.project import Project

ROWS = "k string, at timestamp, v int, price decimal(10,2), s string, tags array<int>, local timestamp_ntz"


def refused_by_check(place: Path, *aggregations: str) -> list[str]:
    """What `skewless check` says of a table with these aggregations, one a line from line 6 on."""
    lines = "".join(f"  - {{{each}}}\n" for each in aggregations)
    table = (
        f"name: clicks\nsource: a/b\nentity_keys: [k]\nevent_timestamp: at\naggregations:\n{lines}delay: 0s\n"
    )
    ran = Project(place).conf({"feature_tables/clicks.yml": table}).run("check")
    assert (ran.code, ran.out) == (2, "")
    return [line.split("clicks.yml:")[1] for line in ran.problems]


@pytest.mark.parametrize(
    ("aggregation", "said"),
    [
        ("name: a, function: cuont, window: 1d", "unknown function 'cuont'; did you mean 'count'?"),
        ("name: a, window: 1d", "no function; use"),
        ("name: a, function: count", "no window"),
        ("name: a, function: count, window: 0d", "window: '0d' is empty; a window is longer than zero"),
        ("name: a, function: count, window: -1d", "window: "),
        ("name: a, function: count, window: 1d, offset: -1h", "offset: "),
        ("name: a, function: sum, window: 1d", "sum needs a column"),
        ("name: a, function: last_n, column: v, window: 1d", "last_n needs n"),
        ("name: a, function: last_n, column: v, window: 1d, n: 0", "n is 0"),
        ("name: a, function: last_n, column: v, window: 1d, n: 1.5", "n is 1.5"),
        ("name: a, function: percentile, column: v, window: 1d", "percentile needs p"),
        ("name: a, function: percentile, column: v, window: 1d, p: 1.01", "p is 1.01"),
        ("name: a, function: percentile, column: v, window: 1d, p: -0.1", "p is -0.1"),
        ("name: a, function: count, window: 1d, n: 3", "n belongs to last_n, not to count; remove it"),
        (
            "name: a, function: count, windows: 1d, window: 1d",
            "unknown key 'windows'; did you mean 'window'?",
        ),
        (
            "name: a, function: count, window: {calendar: day, length: 1, timezone: America/NewYork}",
            "did you mean 'America/New_York'?",
        ),
        (
            "name: a, function: count, window: {calendar: year, length: 1, timezone: UTC}",
            "calendar is 'year'",
        ),
        ("name: a, function: count, window: {calendar: day, length: 0, timezone: UTC}", "length is 0"),
        ("name: a, function: count, window: {calendar: day, length: 1}", "no timezone"),
        (
            "name: a, function: count, window: {calendar: day, length: 1, timezone: UTC}, offset: 1d",
            "offset: ",
        ),
        ("name: a, function: count, window: 1d, where: v >", "where: "),
        ("name: a, function: count, window: 1d, where: \"s LIKE 'a%'\"", "where: 'LIKE' at character 3"),
        ("name: a, function: count, window: 1d, where: abs(v) > 1", "where: "),
        ("name: a, function: count, window: 1d, where: \"1 = 'a'\"", "where: "),
    ],
)
def test_an_aggregation_is_refused_at_its_line(tmp_path: Path, aggregation: str, said: str) -> None:
    (line,) = refused_by_check(tmp_path, "name: sound, function: count, window: 1d", aggregation)
    assert line.startswith("7: ")
    assert "aggregation 'a': " in line
    assert said in line


def test_every_aggregation_is_refused_at_once(tmp_path: Path) -> None:
    lines = refused_by_check(
        tmp_path, "name: a, function: cuont, window: 1d", "name: b, function: count, window: 0s"
    )
    assert [line.split(": ")[0] for line in lines] == ["6", "7"]


def test_two_aggregations_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = ("name: n, function: count, window: 1d", "name: N, function: count, window: 7d")
    (line,) = refused_by_check(tmp_path, *twice)
    assert "written twice (names compare case-insensitively)" in line


def test_a_static_table_has_no_windows() -> None:
    static = {"name": "r", "source": "a/b", "entity_keys": ["k"], "static": True}
    with pytest.raises(ValueError, match="a static table has no history"):
        FeatureTable.model_validate(
            static | {"aggregations": [{"name": "n", "function": "count", "window": "1d"}]}
        )


@pytest.fixture(scope="module")
def source(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> str:
    return delta(spark, str(tmp_path_factory.mktemp("tables") / "r"), ROWS, [])


def labels(spark: SparkSession) -> DataFrame:
    return frame(spark, "k string, t timestamp, y int", [("a", at("10:00"), 1)])


def problems(spark: SparkSession, source: str, *aggregations: dict[str, Any], **options: Any) -> list[str]:
    """What binding says of these aggregations, each named a and over a day unless it says otherwise."""
    specs = [{"name": "a", "window": "1d", **each} for each in aggregations]
    spec = training_set(feature_table(source, aggregations=specs, **options))
    with pytest.raises(InputError) as refused:
        build_frame(spark, spec, labels(spark), conf_dir="/nowhere")
    return list(refused.value.problems)


@pytest.mark.parametrize(
    ("aggregation", "said"),
    [
        ({"function": "sum", "column": "s"}, "sum takes no string (column 's'); it takes "),
        ({"function": "mean", "column": "at"}, "mean takes no timestamp (column 'at'); it takes "),
        ({"function": "max", "column": "tags"}, "max takes no array<int> (column 'tags'); it takes "),
        ({"function": "last", "column": "local"}, "last takes no timestamp_ntz (column 'local'); it takes "),
        ({"function": "sum", "column": "prise"}, "no column 'prise'; did you mean 'price'?"),
        ({"function": "count", "where": "prise > 1"}, "where: unknown column 'prise'; did you mean 'price'?"),
        ({"function": "count", "where": "s > 1"}, "where: "),
        ({"function": "count", "where": "v"}, "where: "),
    ],
)
def test_what_only_the_tables_types_show_is_refused_by_name(
    spark: SparkSession, source: str, aggregation: dict[str, Any], said: str
) -> None:
    (problem,) = problems(spark, source, aggregation)
    assert problem.startswith(f"feature table 'r': aggregation 'a': {said}")


@pytest.mark.parametrize(
    ("unit", "zone"), [("month", "America/New_York"), ("day", "Asia/Kolkata"), ("week", "Europe/London")]
)
def test_dates_that_a_calendar_of_another_zone_would_put_into_the_day_before_are_refused(
    spark: SparkSession, tmp_path: Path, unit: str, zone: str
) -> None:
    days = delta(spark, str(tmp_path / "days"), "k string, day date, v int", [])
    aggregation = {"function": "count", "window": {"calendar": unit, "length": 1, "timezone": zone}}
    assert problems(spark, days, aggregation, event_timestamp="day") == [
        f"feature table 'r': aggregation 'a': its window is a calendar {unit} of {zone}, and event timestamps "
        "(column 'day') are dates, midnight UTC unless a zone is declared; "
        f"declare timezone: {zone}, or UTC where that is meant"
    ]


def test_clock_times_of_no_declared_zone_are_refused_under_a_calendar_window_too(
    spark: SparkSession, source: str
) -> None:
    window = {"calendar": "month", "length": 1, "timezone": "America/New_York"}
    (problem,) = problems(spark, source, {"function": "count", "window": window}, event_timestamp="local")
    assert "time column 'local' (event_timestamp) is TIMESTAMP_NTZ" in problem


def test_all_problems_are_named_together(spark: SparkSession, source: str) -> None:
    found = problems(spark, source, {"function": "sum", "column": "s"}, {"function": "count", "name": "V"})
    assert found == [
        "feature table 'r': aggregation 'a': sum takes no string (column 's'); it takes decimal, double, integer",
        "column 'r__v' would occur twice in the result (names ignore case); rename one, or use as",
    ]


def test_a_column_of_the_wrong_type_ends_a_build_with_exit_code_2(
    spark: SparkSession, tmp_path: Path
) -> None:
    project = Project(tmp_path, spark).conf(
        {
            "feature_tables/r.yml": """
                {name: r, source: '${WAREHOUSE}/r', entity_keys: [k], event_timestamp: at, delay: 0s,
                 aggregations: [{name: a, function: sum, column: s, window: 1d}]}
            """,
            "training_sets/ts.yml": """
                {name: ts, labels: {source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t,
                 label_columns: [y]}, feature_tables: [r], output: '${WAREHOUSE}/ts'}
            """,
        }
    )
    project.table("labels", "k STRING, t TIMESTAMP, y INT", "('a', '2024-07-01 10:00:00Z', 1)")
    project.table("r", "k STRING, at TIMESTAMP, s STRING", "('a', '2024-07-01 09:00:00Z', 'x')")
    ran = project.run("build", "ts", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.problems == [
        "skewless: feature table 'r': aggregation 'a': sum takes no string (column 's'); "
        "it takes decimal, double, integer"
    ]
    assert not (project.warehouse / "ts").exists()
