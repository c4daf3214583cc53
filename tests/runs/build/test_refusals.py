"""Bad input: exit code 2, one line a problem that names the place and the remedy, nothing on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.helpers.project import Delays, Project, Ran

LABELS = "source: '${WAREHOUSE}/labels', entity_keys: [k], event_timestamp: t, label_columns: [y]"


def training_set(labels: str = LABELS, rest: str = "", output: str = "${WAREHOUSE}/out") -> dict[str, str]:
    return {"training_sets/s.yml": f"{{name: s, labels: {{{labels}}}, output: '{output}'{rest}}}"}


def refused(ran: Ran) -> list[str]:
    """The lines of a refusal, each without its `skewless: `."""
    assert (ran.code, ran.out) == (2, "")
    assert all(line.startswith("skewless: ") for line in ran.problems), ran.err
    assert ran.problems
    return [line.removeprefix("skewless: ") for line in ran.problems]


@pytest.fixture(scope="module")
def tables(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Tables with a fault each; every test writes the configuration that meets it."""
    project = Project(tmp_path_factory.mktemp("refusals"), spark)
    project.table("labels", "k STRING, t TIMESTAMP, y INT", "('a', '2024-01-01 10:00:00Z', 1)")
    project.table("clock", "k STRING, t TIMESTAMP_NTZ, y INT", "('a', '2024-01-01 10:00:00', 1)")
    project.table("numbered", "k INT, at TIMESTAMP, v DOUBLE", "(1, '2024-01-01 09:00:00Z', 0.5)")
    project.table("floating", "k DOUBLE, at TIMESTAMP, v DOUBLE", "(1.0, '2024-01-01 09:00:00Z', 0.5)")
    project.table(
        "facts", "k STRING, at TIMESTAMP, v DOUBLE, V_MAX INT", "('a', '2024-01-01 09:00:00Z', 0.5, 1)"
    )
    return project.table("late_clock", "k STRING, at TIMESTAMP_NTZ, v INT", "('a', '2024-01-01 09:00:00', 1)")


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path for the feature modules of one test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("own_"):
            del sys.modules[name]


def facts(source: str = "facts", rest: str = "") -> dict[str, str]:
    text = f"{{name: facts, source: '${{WAREHOUSE}}/{source}', entity_keys: [k], event_timestamp: at, delay: 0s{rest}}}"
    return {"feature_tables/facts.yml": text}


def test_unknown_commands_and_options_say_so(project: Project) -> None:
    [line] = refused(project.run("bild"))
    assert "bild" in line
    [line] = refused(project.run("build", "s", "--dates", "2024-01-01"))
    assert "--dates" in line


def test_a_plan_has_no_report(project: Project) -> None:
    [line] = refused(project.conf(training_set()).run("build", "s", "--explain", "--report", "r.html"))
    assert line == "--explain writes no report, it runs nothing; leave out --report, or --explain"


def test_an_unknown_key_is_refused_with_the_nearest_spelling(project: Project) -> None:
    project.conf({"training_sets/s.yml": f"name: s\nlabels: {{{LABELS}}}\noutputs: a/b\n"})
    lines = refused(project.run("build", "s"))
    assert any("s.yml:3: outputs: unknown key; did you mean 'output'?" in line for line in lines)


def test_an_unknown_training_set_is_refused_with_the_nearest_spelling(project: Project) -> None:
    [line] = refused(project.conf(training_set()).run("build", "ss"))
    assert "no training set 'ss'; did you mean 's'?" in line


def test_a_configuration_directory_without_anything_is_refused(project: Project) -> None:
    [line] = refused(project.run("build", "s"))
    assert "no training_sets/*.yml here; change into the project's folder" in line


def test_a_setting_without_a_value_is_refused(project: Project) -> None:
    [line] = refused(project.conf(training_set()).run("build", "s", "--set", "X"))
    assert line == "--set X: expected NAME=VALUE"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--date", "01.03.2024"], "'01.03.2024' is no date"),
        (["--start", "yesterday"], "'yesterday' is neither a date nor an ISO timestamp"),
        (["--start", "2024-01-02", "--end", "2024-01-02"], "is not before --end"),
        (["--date", "2024-01-02", "--end", "2024-01-03"], "--date is one whole day"),
        (["--date", "9999-12-31"], "9999-12-31"),
        (["--start", "0001-01-01T00:00:00+14:00"], "0001-01-01"),
    ],
)
def test_ranges_that_mean_nothing_are_refused(project: Project, options: list[str], words: str) -> None:
    [line] = refused(project.conf(training_set()).run("build", "s", *options))
    assert words in line


def test_missing_tables_are_named_all_at_once(tables: Project) -> None:
    tables.conf(training_set(LABELS.replace("labels'", "nothing'"), ", feature_tables: [facts]"))
    lines = refused(tables.conf(facts("nowhere")).run("build", "s", "--json"))
    assert [line.replace(str(tables.warehouse), "W") for line in lines] == [
        "labels: no Delta table at path 'W/nothing'; check source and --set",
        "feature table 'facts': no Delta table at path 'W/nowhere'; check source and --set",
    ]


def test_missing_columns_are_named_with_the_nearest_spelling_all_at_once(tables: Project) -> None:
    tables.conf(training_set(LABELS.replace("[y]", "[yy, zzz]"), ", feature_tables: [facts]"))
    lines = refused(tables.conf(facts(rest=", columns: [v_mx, v]")).run("build", "s"))
    assert lines == [
        "label events: no column 'yy' (label_columns); did you mean 'y'?",
        "label events: no column 'zzz' (label_columns); it has k, t, y",
        "feature table 'facts': no column 'v_mx' (columns); did you mean 'V_MAX'?",
    ]


def test_keys_of_other_types_and_floating_ones_are_refused(tables: Project) -> None:
    tables.conf(training_set(rest=", feature_tables: [facts]"))
    [line] = refused(tables.conf(facts("numbered")).run("build", "s"))
    assert line == "feature table 'facts': key 'k' is int but label column 'k' is string; cast one of them"
    [line] = refused(tables.conf(facts("floating")).run("build", "s"))
    assert "entity key 'k' is double" in line
    assert "cast" in line


def test_clock_times_without_a_zone_are_refused(tables: Project) -> None:
    tables.conf(training_set(LABELS.replace("labels'", "clock'"), ", feature_tables: [facts]"))
    lines = refused(tables.conf(facts("late_clock")).run("build", "s"))
    assert len(lines) == 2
    assert all("TIMESTAMP_NTZ" in line and "timezone: Area/City" in line for line in lines)


def test_colliding_column_names_are_refused_whatever_their_case(tables: Project, modules: Path) -> None:
    query = LABELS.replace(
        "source: '${WAREHOUSE}/labels'",
        "query: 'SELECT *, 1 AS FACTS__V, 2 AS Event_Date FROM l', sources: {l: '${WAREHOUSE}/labels'}",
    )
    (modules / "own_named.py").write_text("def K(t: object) -> int:\n    return 1\n")
    tables.conf(training_set(query, ", feature_tables: [facts]"))
    lines = refused(tables.conf(facts()).run("build", "s"))
    assert any("'FACTS__V'" in line for line in lines)
    assert any("'Event_Date'" in line and "partition column" in line for line in lines)


def test_a_feature_named_like_a_column_is_refused(tables: Project, modules: Path) -> None:
    (modules / "own_like.py").write_text("def K(facts__v: float) -> float:\n    return facts__v\n")
    tables.conf(training_set(rest=", feature_tables: [facts], features: own_like"))
    [line] = refused(tables.conf(facts()).run("build", "s"))
    assert "'K'" in line


def test_wrong_inputs_of_features_are_refused_all_at_once(tables: Project, modules: Path) -> None:
    (modules / "own_inputs.py").write_text(
        "def a(facts__vv: float) -> float:\n    return facts__vv\n"
        "def b(y: int) -> int:\n    return y\n"
        "def c(facts__v: str) -> str:\n    return facts__v\n"
    )
    tables.conf(training_set(rest=", feature_tables: [facts], features: own_inputs"))
    lines = refused(tables.conf(facts()).run("build", "s"))
    assert len(lines) == 3
    text = "\n".join(sorted(lines))
    assert "feature 'a': unknown input 'facts__vv'; did you mean 'facts__v'?" in text
    assert "feature 'b': input 'y' is a label column" in text
    assert "feature 'c': input 'facts__v' is double" in text


def test_features_that_feed_each_other_are_refused(tables: Project, modules: Path) -> None:
    (modules / "own_circle.py").write_text(
        "def a(b: float) -> float:\n    return b\ndef b(a: float) -> float:\n    return a\n"
    )
    tables.conf(training_set(rest=", features: own_circle"))
    [line] = refused(tables.run("build", "s"))
    assert "a -> b -> a" in line or "b -> a -> b" in line


def test_a_feature_module_may_be_in_the_working_directory(
    tables: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_here.py").write_text("def a(nowhere: float) -> float:\n    return nowhere\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    tables.conf(training_set(rest=", features: own_here"))
    [line] = refused(tables.run("build", "s"))
    assert "unknown input 'nowhere'" in line


@pytest.mark.parametrize("chance", ["rand()", "current_timestamp()", "now()", "current_date", "uuid()"])
def test_a_query_that_gives_other_rows_tomorrow_is_refused(tables: Project, chance: str) -> None:
    query = f"query: 'SELECT *, {chance} AS x FROM l', sources: {{l: '${{WAREHOUSE}}/labels'}}"
    tables.conf(training_set(LABELS.replace("source: '${WAREHOUSE}/labels'", query)))
    [line] = refused(tables.run("build", "s"))
    assert line.startswith("labels.query: ")


def test_a_query_that_spark_cannot_read_is_one_line(tables: Project) -> None:
    query = "query: 'SELECT nothing FROM l', sources: {l: '${WAREHOUSE}/labels'}"
    tables.conf(training_set(LABELS.replace("source: '${WAREHOUSE}/labels'", query)))
    [line] = refused(tables.run("build", "s"))
    assert line.startswith("labels.query: ")
    assert "nothing" in line


@pytest.mark.parametrize("statement", ["DROP VIEW l", "CREATE VIEW v AS SELECT * FROM l"])
def test_a_query_that_is_no_select_is_refused(tables: Project, statement: str) -> None:
    query = f"query: '{statement}', sources: {{l: '${{WAREHOUSE}}/labels'}}"
    tables.conf(training_set(LABELS.replace("source: '${WAREHOUSE}/labels'", query)))
    [line] = refused(tables.run("build", "s"))
    assert line.startswith("labels.query: ")


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (
            "CAST(k AS INT) > 1",
            "labels.where 'CAST(k AS INT) > 1': [CAST_INVALID_INPUT] The value 'a' of the type \"STRING\" "
            "cannot be cast "
            'to "INT" because it is malformed.',
        ),
        (
            "CAST(k AS DATE) IS NOT NULL",
            "labels.where 'CAST(k AS DATE) IS NOT NULL': [CAST_INVALID_INPUT] The value 'a'",
        ),
        ("10 / (y - 1) > 1", "labels.where '10 / (y - 1) > 1': [DIVIDE_BY_ZERO] Division by zero."),
        (
            "y IN (SELECT 1)",
            "labels.where 'y IN (SELECT 1)': IN (SELECT …) reads other rows; a predicate reads the",
        ),
    ],
)
def test_a_where_that_fails_on_a_row_or_reads_other_rows_is_one_line(
    tables: Project, where: str, line: str
) -> None:
    [said] = refused(tables.conf(training_set(f'{LABELS}, where: "{where}"')).run("build", "s", "--json"))
    assert said.startswith(line)


def test_a_range_without_label_events_is_named(tables: Project) -> None:
    [line] = refused(tables.conf(training_set()).run("build", "s", "--date", "2031-05-06", "--json"))
    assert "2031-05-06" in line
    assert "--allow-empty" in line


@pytest.mark.parametrize("suite", ['{"name": "gate", "expectations": []}', "{", "[]"])
def test_suites_that_are_none_are_refused(project: Project, suite: str) -> None:
    project.conf({**training_set(rest=", expectations: gate"), "expectations/gate.json": suite})
    [line] = refused(project.run("build", "s"))
    assert "expectations/gate.json" in line


def test_an_unknown_expectation_is_refused_before_anything_is_joined(tables: Project) -> None:
    suite = {"name": "gate", "expectations": [{"type": "expect_colum_values_to_be_odd", "kwargs": {}}]}
    tables.conf(training_set(rest=", expectations: gate"))
    [line] = refused(tables.conf({"expectations/gate.json": json.dumps(suite)}).run("build", "s"))
    assert "expect_colum_values_to_be_odd" in line


def not_null(*columns: str) -> str:
    written = [
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": name}} for name in columns
    ]
    return json.dumps({"name": "gate", "expectations": written})


@pytest.mark.parametrize("explained", [(), ("--explain",)])
def test_columns_of_a_suite_that_only_the_tables_show_to_be_missing_are_refused_before_a_row_is_read(
    tables: Project, explained: tuple[str, ...]
) -> None:
    tables.conf(
        {**training_set(rest=", expectations: gate"), "expectations/gate.json": not_null("k", "ky", "Y")}
    )
    lines = refused(tables.run("build", "s", *explained))
    said = "expect_column_values_to_not_be_null: no column"
    assert [line.partition(": ")[2] for line in lines] == [
        f"expectations[1].kwargs.column: {said} 'ky'; did you mean 'y'?",
        f"expectations[2].kwargs.column: {said} 'Y'; did you mean 'y'?",
    ]
    assert not (tables.warehouse / "out").exists()


def test_a_suite_in_sql_is_read_by_spark_before_a_row_is(tables: Project) -> None:
    query = {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "SELECT z FROM {batch}"},
    }
    suite = json.dumps({"name": "gate", "expectations": [query]})
    tables.conf({**training_set(rest=", expectations: gate"), "expectations/gate.json": suite})
    [line] = refused(tables.run("build", "s"))
    assert "kwargs.unexpected_rows_query: unexpected_rows_expectation: [UNRESOLVED_COLUMN" in line


def test_outputs_that_this_package_did_not_make_are_refused(tables: Project) -> None:
    (tables.warehouse / "holiday").mkdir(parents=True)
    (tables.warehouse / "holiday" / "photo.jpg").write_text("")
    for place in ("facts", "holiday"):
        [line] = refused(tables.conf(training_set(output=f"${{WAREHOUSE}}/{place}")).run("build", "s"))
        assert "that skewless did not make; give another output" in line


def test_another_training_sets_output_is_refused(delays: Delays, tables: Project) -> None:
    """Of another repository, that is: of two in one configuration none is built."""
    tables.conf(training_set(output=str(delays.project.warehouse / "delays")))
    [line] = refused(tables.run("build", "s"))
    assert "holds training set 'delays', not 's'" in line


def test_a_raising_feature_names_itself_its_inputs_and_the_label_event(tables: Project) -> None:
    tables.conf(training_set(rest=", feature_tables: [facts], features: tests.helpers.failing_features"))
    [line] = refused(tables.conf(facts()).run("build", "s", "--json"))
    assert "feature 'share'" in line
    assert "ZeroDivisionError" in line
    assert "facts__v=0.5" in line
    assert "k='a'" in line
    assert not (tables.warehouse / "out" / "_delta_log").exists()
    assert not list((tables.warehouse / "out_staging").glob("*"))
