"""`build --explain`: what a build would read and do, told while nothing is computed and nothing written."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from skewless.config import LocalFiles, load
from skewless.ground.run.ranges import RunRange
from skewless.runs.build.explain.explain import explain
from skewless.training_set.ahead.preparation import open_all, prepare
from skewless.training_set.rows import joined_rows, spine_for
from tests.helpers import by_hand
from tests.helpers.frames import arrow_rows, at
from tests.helpers.project import Delays, Project
from tests.helpers.served import training_set as logged
from tests.parts.asof.test_plan import counted

AS_OF = "2024-07-31T00:00:00Z"
CONF = {
    "feature_tables/daily.yml": """
        name: daily
        source: ${WAREHOUSE}/daily
        entity_keys: [k]
        event_timestamp: at
        available_at: seen
        delay: 10m
        max_age: 2d
        aggregations:
          - {name: n_1d, function: count, window: 1d}
          - {name: sum_3d, function: sum, column: v, window: 3d}
    """,
    "feature_tables/windows.yml": """
        name: windows
        source: ${WAREHOUSE}/daily
        entity_keys: [k]
        event_timestamp: at
        delay: 1h
        columns: []
        aggregations:
          - {name: n_1d, function: count, window: 1d}
          - {name: today, function: count, window: {calendar: day, length: 1, timezone: America/New_York}}
    """,
    "feature_tables/endless.yml": (
        "{name: endless, source: '${WAREHOUSE}/daily', entity_keys: [k], event_timestamp: at}"
    ),
    "feature_tables/world.yml": (
        "{name: world, source: '${WAREHOUSE}/daily', entity_keys: [], event_timestamp: at, delay: 0s}"
    ),
    "feature_tables/planes.yml": (
        "{name: planes, source: '${WAREHOUSE}/planes', entity_keys: [k], static: true}"
    ),
    "expectations/two.json": json.dumps(
        {
            "name": "two",
            "expectations": [
                {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}} for name in "kt"
            ],
        }
    ),
}
LABELS = "{source: '${WAREHOUSE}/labels', entity_keys: [k, l], event_timestamp: t, label_columns: [y]}"


def training_set(name: str, *tables: str, rest: str = "") -> dict[str, str]:
    text = f"{{name: {name}, labels: {LABELS}, feature_tables: [{', '.join(tables)}], output: '${{WAREHOUSE}}/{name}'"
    return {f"training_sets/{name}.yml": text + rest + "}"}


STANDING = training_set("standing", "planes", rest=", parity_sample: 0")


@pytest.fixture(scope="module")
def planned(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Ten days of rows, a file a day, and label events of 6 and 7 July."""
    project = Project(tmp_path_factory.mktemp("planned"), spark).conf(CONF)
    project.table(
        "labels",
        "k INT, l INT, t TIMESTAMP, y INT",
        "(1, 1, '2024-07-06 12:00:00Z', 1)",
        "(2, 1, '2024-07-07 12:00:00Z', 0)",
        "(2, 1, '2024-07-07 12:00:00Z', 0)",
        "(3, 1, '2024-08-07 12:00:00Z', 0)",
    )
    days = [
        (1, at("12:00", f"2024-07-{day:02}"), at("13:00", f"2024-07-{day:02}"), day) for day in range(1, 11)
    ]
    schema, rows = arrow_rows("k int, at timestamp, seen timestamp, v int", days)
    for of_version in (rows.slice(0, 1),), [rows.slice(place, 1) for place in range(10)]:
        by_hand.overwrite(project.warehouse / "daily", schema, *of_version)
    project.table("planes", "k INT, seats INT", "(1, 100)", "(2, 180)")
    return project


@pytest.fixture(scope="module")
def stood(planned: Project) -> dict[str, Any]:
    """What the build of `standing` said."""
    return planned.conf(STANDING).built("standing", "--as-of", AS_OF)


@pytest.fixture
def standing(planned: Project, stood: dict[str, Any]) -> Project:
    """Version 0 of `standing` is there, and its configuration is that version's again."""
    return planned.conf(STANDING)


def plan_of(project: Project, name: str, *arguments: str) -> dict[str, Any]:
    ran = project.run("build", name, "--as-of", AS_OF, "--explain", "--json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return ran.document


def reads(table: dict[str, Any]) -> tuple[Any, ...]:
    return table["since"], table["since_because"], table["until"], table["until_because"]


def files_under(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_nothing_is_written_and_no_feature_function_is_called(planned: Project) -> None:
    """The function fails on every row, and would write down that it was called."""
    planned.conf(training_set("failing", "endless", rest=", features: tests.helpers.failing_plan_features"))
    before = files_under(planned.root)
    plan = plan_of(planned, "failing")
    assert plan["features"] == {
        "modules": ["tests.helpers.failing_plan_features"],
        "functions": 2,
        "inputs": 3,
    }
    assert files_under(planned.root) == before


def test_feature_tables_are_not_scanned(planned: Project, spark: SparkSession, tmp_path: Path) -> None:
    """Their files are gone, and nobody notices: what is told of them stands in their logs."""
    project = Project(tmp_path, spark).conf(CONF).conf(training_set("s", "daily", "planes"))
    project.table("labels", "k INT, l INT, t TIMESTAMP, y INT", "(1, 1, '2024-07-06 12:00:00Z', 1)")
    project.table(
        "daily",
        "k INT, at TIMESTAMP, seen TIMESTAMP, v INT",
        "(1, '2024-07-06 09:00:00Z', '2024-07-06 09:00:00Z', 1)",
        "(1, '2024-07-06 10:00:00Z', '2024-07-06 10:00:00Z', 1)",
    )
    project.table("planes", "k INT, seats INT", "(1, 100)")
    for name in ("daily", "planes"):
        for file in (project.warehouse / name).glob("*.parquet"):
            file.unlink()
    tables = plan_of(project, "s")["feature_tables"]
    assert {name: table["rows"] for name, table in tables.items()} == {"daily": 2, "planes": 1}


def test_label_events_are_counted_as_a_build_counts_them(planned: Project) -> None:
    events = plan_of(planned.conf(training_set("counted", "planes")), "counted")["label_events"]
    assert {name: value for name, value in events.items() if "bytes" not in name} == {
        "sources": {"labels": {"location": f"{planned.warehouse}/labels", "version": 0}},
        "files": 1,
        "of_files": 1,
        "rows": 4,
        "in_range": 4,
        "taken": 3,
        "left_out": {"T after --as-of": 1},
        "null_times": 0,
        "first": "2024-07-06T12:00:00Z",
        "last": "2024-07-07T12:00:00Z",
        "where": None,
    }


def test_a_query_is_told_by_the_tables_that_it_reads(planned: Project) -> None:
    query = "SELECT l.*, p.seats FROM l JOIN p ON l.k = p.k WHERE l.t > TIMESTAMP '2024-07-07 00:00:00'"
    sources = "{l: '${WAREHOUSE}/labels', p: '${WAREHOUSE}/planes'}"
    labels = (
        f'{{query: "{query}", sources: {sources}, entity_keys: [k], event_timestamp: t, label_columns: [y]}}'
    )
    text = f"{{name: asked, labels: {labels}, output: '${{WAREHOUSE}}/asked'}}"
    events = plan_of(planned.conf({"training_sets/asked.yml": text}), "asked")["label_events"]
    assert {name: source["version"] for name, source in events["sources"].items()} == {
        "labels.l": 0,
        "labels.p": 0,
    }
    assert (events["taken"], events["files"], events["rows"]) == (2, 2, 6)


def test_of_each_table_it_is_told_what_is_read_and_why_so_much_and_no_less(planned: Project) -> None:
    planned.conf(training_set("reading", "daily", "windows", "endless", "planes"))
    tables = plan_of(planned, "reading")["feature_tables"]
    assert {
        name: (table["version"], table["files"], table["of_files"], table["rows"])
        for name, table in tables.items()
    } == {"daily": (1, 4, 10, 4), "windows": (1, 4, 10, 4), "endless": (1, 7, 10, 7), "planes": (0, 1, 1, 2)}
    assert {name: reads(table) for name, table in tables.items()} == {
        "daily": (
            "2024-07-03T12:00:00Z",
            "first T less the window of sum_3d",
            "2024-07-07T12:00:00Z",
            "last T, available by then less delay 10m",
        ),
        "windows": (
            "2024-07-03T12:00:00Z",
            "first T less the window of n_1d and two days to spare",
            "2024-07-07T11:00:00Z",
            "last T less delay 1h",
        ),
        "endless": (None, "no max_age", "2024-07-07T12:00:00Z", "last T"),
        "planes": (None, "static, no history", None, None),
    }
    assert all(0 < table["bytes"] <= table["of_bytes"] for table in tables.values())


def test_a_narrower_range_reads_less(planned: Project) -> None:
    planned.conf(training_set("narrow", "daily"))
    plan = plan_of(planned, "narrow", "--date", "2024-07-06")
    assert (plan["start"], plan["end"]) == ("2024-07-06T00:00:00+00:00", "2024-07-07T00:00:00+00:00")
    assert (plan["label_events"]["taken"], plan["feature_tables"]["daily"]["files"]) == (1, 3)


def test_rows_are_null_where_the_log_of_a_table_does_not_count_them(
    planned: Project, spark: SparkSession
) -> None:
    spark.conf.set("spark.databricks.delta.stats.collect", "false")
    try:
        rows = spark.sql("SELECT 1 AS k, TIMESTAMP '2024-07-06 09:00:00Z' AS at, 1 AS v")
        rows.write.format("delta").save(str(planned.warehouse / "uncounted"))
    finally:
        spark.conf.unset("spark.databricks.delta.stats.collect")
    table = CONF["feature_tables/endless.yml"].replace("endless", "uncounted").replace("daily", "uncounted")
    planned.conf({"feature_tables/uncounted.yml": table} | training_set("unknown", "uncounted", "planes"))
    tables = plan_of(planned, "unknown")["feature_tables"]
    assert (tables["uncounted"]["rows"], tables["uncounted"]["files"]) == (None, 1)
    assert tables["planes"]["rows"] == 2
    lines = [line.split() for line in planned.run("build", "unknown", "--explain").out.splitlines()]
    assert [line[:4] for line in lines if line[0] == "uncounted"] == [["uncounted", "0", "?", "1/1"]]


ON_L = "{table: planes, as: by_l, join_keys: {k: l}}"
TOGETHER, ALONE = ("daily", "windows", "planes"), ("world", ON_L, "endless")
# Per training set: its tables, the rest of it, and for each join its keys, tables, way, exchanges, winners and windows.
JOINS: dict[str, tuple[tuple[str, ...], str, list[tuple[str, str, str, int, str, str]]]] = {
    "small_ones": (
        TOGETHER,
        "",
        [("k", "daily windows planes", "broadcast", 0, "daily planes", "daily windows")],
    ),
    "exchanged": (
        TOGETHER,
        ", strategy: exchange",
        [("k", "daily windows planes", "exchange", 1, "daily planes", "daily windows")],
    ),
    "windows_alone": (
        ("windows",),
        ", strategy: exchange",
        [("k", "windows", "exchange", 1, "", "windows")],
    ),
    "three_sets": (
        ALONE,
        ", strategy: exchange",
        [
            ("", "world", "exchange", 1, "world", ""),
            ("l", "by_l", "exchange", 1, "by_l", ""),
            ("k", "endless", "exchange", 1, "endless", ""),
        ],
    ),
    "three_small_sets": (
        ALONE,
        "",
        [
            ("", "world", "broadcast", 0, "world", ""),
            ("l", "by_l", "broadcast", 0, "by_l", ""),
            ("k", "endless", "broadcast", 0, "endless", ""),
        ],
    ),
    "one_is_told_otherwise": (
        ("endless", "{table: planes, broadcast: false}", "{table: daily, broadcast: true}"),
        "",
        [
            ("k", "endless planes", "exchange", 1, "endless planes", ""),
            ("k", "daily", "broadcast", 0, "daily", "daily"),
        ],
    ),
    "nothing": ((), "", []),
}


@pytest.mark.parametrize("name", JOINS)
def test_exchanges_are_those_of_the_plan_that_would_run(
    planned: Project, spark: SparkSession, name: str
) -> None:
    tables, rest, joins = JOINS[name]
    planned.conf(training_set(name, *tables, rest=rest))
    conf = load(LocalFiles(planned.root / "conf"), {"WAREHOUSE": str(planned.warehouse)}, {})
    spec, run_range = conf.training_set(name), RunRange(datetime(2024, 7, 31, tzinfo=timezone.utc))
    told = explain(spark, spec, run_range)
    named = [
        (
            " ".join(join["keys"]),
            " ".join(join["feature_tables"]),
            join["strategy"],
            join["exchanges"],
            " ".join(join["winners"]),
            " ".join(join["windows"]),
        )
        for join in told["joins"]
    ]
    assert named == joins
    assert told["strategy"] == (" and ".join(sorted({way for _, _, way, *_ in joins})) or "none")
    part = prepare(open_all(spark, spec)[1], run_range, allow_empty=False).pruned
    found = counted(joined_rows(part, spine_for(part, run_range)), "hashpartitioning SinglePartition")
    assert found == (sum(join["exchanges"] for join in told["joins"]), 0)


def test_it_is_told_what_is_checked(planned: Project) -> None:
    planned.conf(training_set("target", "planes", rest=", expectations: two, parity_sample: 7"))
    plan = plan_of(planned, "target")
    assert plan["output"] == {
        "location": f"{planned.warehouse}/target",
        "version": None,
        "replaces": None,
    }
    assert (plan["parity_sample"], plan["expectations"]) == (7, {"suite": "two", "expectations": 2})


def test_it_is_told_what_is_replaced(standing: Project, stood: dict[str, Any]) -> None:
    after = plan_of(standing, "standing", "--date", "2024-07-06")
    assert after["output"]["version"] == 0
    assert after["output"]["replaces"] == (
        "event_date >= DATE '2024-07-06' AND event_date < DATE '2024-07-07'"
    )
    assert {name: after[name] for name in ("training_set", "columns", "strategy")} == {
        name: stood[name] for name in ("training_set", "columns", "strategy")
    }


def test_without_a_table_and_a_function_nothing_is_replayed(planned: Project) -> None:
    plan = plan_of(planned.conf(training_set("bare")), "bare")
    assert (plan["parity_sample"], plan["expectations"], plan["log"]) == (0, None, None)


def test_a_range_without_label_events_is_refused_as_in_a_build_unless_it_may_be_empty(
    planned: Project,
) -> None:
    planned.conf(training_set("empty", "daily"))
    arguments = ("build", "empty", "--date", "2031-05-06")
    built, explained = planned.run(*arguments), planned.run(*arguments, "--explain")
    assert (explained.code, explained.out, explained.err) == (2, "", built.err)
    plan = plan_of(planned, "empty", "--date", "2031-05-06", "--allow-empty")
    assert plan["label_events"]["taken"] == 0
    assert reads(plan["feature_tables"]["daily"]) == (None, "no label event with a T is taken", None, None)


def test_what_a_build_refuses_before_it_runs_is_refused(planned: Project) -> None:
    planned.conf(training_set("broken", "daily", rest=", features: tests.helpers.delay_features"))
    built, explained = (planned.run("build", "broken", *more) for more in ((), ("--explain",)))
    assert (explained.code, explained.out, explained.err) == (2, "", built.err)
    assert "unknown input" in explained.err


def test_other_columns_than_those_of_the_standing_table_are_refused_for_a_range(standing: Project) -> None:
    standing.conf(training_set("standing", "planes", "endless"))
    ran = standing.run("build", "standing", "--date", "2024-07-06", "--explain")
    assert (ran.code, ran.out) == (2, "")
    assert "2024-07-07: the rows are of another definition, that of version 0" in ran.err
    assert "feature table 'endless' (new)" in ran.err


def test_a_result_is_written_where_it_is_asked_for(planned: Project, tmp_path: Path) -> None:
    planned.conf(training_set("noted", "planes"))
    result = tmp_path / "result.json"
    plan = plan_of(planned, "noted", "--result", str(result))
    assert json.loads(result.read_text()) == {**plan, "exit_code": 0}


def test_a_person_reads_what_is_read_and_why_how_it_is_joined_and_what_leaks(delays: Delays) -> None:
    before = files_under(delays.project.root)
    ran = delays.project.run("build", "delays", "--explain")
    assert files_under(delays.project.root) == before
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "delays: plan for 5 label events, 19 columns; nothing is built or written"
    by_name: dict[str, list[str]] = {}
    for line in lines[1:]:
        by_name.setdefault(line[2:15].strip(), []).append(line[16:])
    joins = [line.partition(": broadcast (")[0] for line in by_name["join"]]
    assert joins == [
        "on origin: weather, strikes",
        "on dest: dest_weather",
        "on flight: planes",
        "on no key: world",
    ]
    assert by_name["strategy"][0].startswith("broadcast: ")
    assert all(
        re.fullmatch(r".*: broadcast \(0\.0 MB of selected columns, within the (10\.5|83\.9) MB .*\)", line)
        for line in by_name["join"]
    )
    assert by_name["expectations"] == ["2 of suite sound"]
    assert by_name["output"] == [
        f"{delays.project.warehouse}/delays: version 0 stands there, all rows are replaced"
    ]
    assert len(by_name["warning"]) == 3


def test_what_a_log_gives_alone_is_not_read(served: Project) -> None:
    taken = "clicks__n_1h, clicks__v_sum, doubled, quadrupled, share"
    log = f"{{source: '${{WAREHOUSE}}/log', missing: null, features: [{taken}]}}"
    plan = plan_of(served.conf(logged("unread", log)), "unread")
    told = plan["log"]
    assert list(plan["feature_tables"]) == ["prices"]
    assert {
        name: told[name] for name in ("version", "rows", "taken", "missing", "matched_by", "not_read")
    } == {
        "version": len(served.commits("log")) - 1,
        "rows": 4,
        "taken": taken.split(", "),
        "missing": "null",
        "matched_by": ["request_id", "keys"],
        "not_read": ["clicks"],
    }
    lines = served.run("build", "unread", "--explain").out.splitlines()
    assert any(line.startswith("  log  ") and "matched by request id or keys and T" in line for line in lines)
    assert any("not read, since their columns come from the log alone: clicks" in line for line in lines)
