"""`skewless check` of suites: columns that the files alone show not to be there, without Great Expectations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.project import Project, Ran
from tests.runs.check.test_check import LABELS, TABLE, in_process_of_its_own

OPEN = "{name: open, source: w/open, entity_keys: [k], event_timestamp: at, delay: 0s}"
COUNTED = """
    {name: a, source: w/a, entity_keys: [k], event_timestamp: at, delay: 0s, columns: [v],
     aggregations: [{name: n, function: count, window: 1h}]}
"""


def not_null(column: str) -> dict[str, Any]:
    return {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}


def checked(project: Project, *expectations: Any) -> Ran:
    (project.root / "own_suite.py").write_text("def pace(open__w: float) -> float:\n    return open__w\n")
    rest = "feature_tables: [a, open], output: o/s, features: own_suite, expectations: gate"
    suite = json.dumps({"name": "gate", "expectations": expectations}, indent=1)
    return project.conf(
        {
            "feature_tables/a.yml": COUNTED,
            "feature_tables/open.yml": OPEN,
            "training_sets/s.yml": f"{{name: s, {LABELS}, {rest}}}",
            "expectations/gate.json": suite,
        }
    ).run("check")


@pytest.mark.parametrize(
    "column",
    ["a__v", "A__V", "a__n", "pace", "event_date", "k", "y", "z", "passed_through", "open__any", "a__v.part"],
)
def test_columns_that_there_are_or_may_be_are_taken(project: Project, column: str) -> None:
    ran = checked(project, not_null(column))
    assert (ran.code, ran.err) == (0, "")
    assert f"'{column}'" not in ran.out


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("a__w", "no column 'a__w'; did you mean 'a__v'?"),
        ("a__count_of_all", "no column 'a__count_of_all'; it has a__n, a__v"),
        ("Pace", "no column 'Pace'; did you mean 'pace'?"),
        ("EVENT_DATE", "no column 'EVENT_DATE'; did you mean 'event_date'?"),
    ],
)
def test_columns_that_there_cannot_be_are_refused(project: Project, column: str, said: str) -> None:
    ran = checked(project, not_null("k"), not_null(column))
    assert ran.code == 2
    [line] = ran.problems
    assert line.endswith(f"expectations[1].kwargs.column: expect_column_values_to_not_be_null: {said}")
    assert "gate.json:" in line


@pytest.mark.parametrize(
    "expectation",
    [
        {"type": "expect_column_pair_values_to_be_equal", "kwargs": {"column_A": "k", "column_B": "a__w"}},
        {"type": "expect_compound_columns_to_be_unique", "kwargs": {"column_list": ["k", "a__w"]}},
        {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": ["a__w"]}},
        {"type": "expect_column_to_exist", "kwargs": {"column": "a__w"}, "severity": "warning"},
        {
            "type": "expect_table_row_count_to_equal",
            "kwargs": {
                "value": 1,
                "row_condition": 'col("a__w").notNull()',
                "condition_parser": "great_expectations",
            },
        },
        {
            "type": "expect_table_row_count_to_equal",
            "kwargs": {
                "value": 1,
                "row_condition": {
                    "type": "and",
                    "conditions": [{"type": "nullity", "column": {"name": "a__w"}, "is_null": True}],
                },
            },
        },
    ],
)
def test_a_column_is_found_wherever_an_expectation_names_it(project: Project, expectation: Any) -> None:
    ran = checked(project, expectation)
    assert ran.code == 2
    assert ["no column 'a__w'" in line for line in ran.problems] == [True]


@pytest.mark.parametrize(
    ("column", "near"), [("open__wq", "open__w"), ("paces", "pace"), ("event_dat", "event_date")]
)
def test_a_slip_in_what_only_tables_know_is_warned_of(project: Project, column: str, near: str) -> None:
    ran = checked(project, not_null(column))
    assert (ran.code, ran.err) == (0, "")
    assert f"nothing else names a column '{column}'; did you mean '{near}'?" in ran.out


def test_columns_are_judged_beside_everything_else_that_is_wrong(project: Project) -> None:
    ran = checked(project, {"type": "expect_x", "kwargs": {}}, not_null("a__w"))
    assert ran.code == 2
    assert [("expect_x" in line, "a__w" in line) for line in ran.problems] == [(True, False), (False, True)]


def test_two_hundred_files_with_suites_are_checked_without_great_expectations(
    project: Project, tmp_path: Path
) -> None:
    suite = json.dumps({"name": "gate", "expectations": [not_null("t0__v")] * 40})
    project.conf({"feature_tables/t0.yml": TABLE.format(name="t0")})
    for n in range(100):
        rest = f"feature_tables: [t0], output: o/s{n}, expectations: gate{n}"
        project.conf(
            {
                f"training_sets/s{n}.yml": f"{{name: s{n}, {LABELS}, {rest}}}",
                f"expectations/gate{n}.json": suite,
            }
        )
    code = """
import sys
from skewless.cli.app import main
code = main(sys.argv[1:])
assert not {"pyspark", "py4j", "delta", "great_expectations", "pandas", "pyarrow"} & set(sys.modules)
sys.exit(code)
"""
    ran = in_process_of_its_own(code, tmp_path, "check", "--conf-dir", str(tmp_path / "conf"))
    assert (ran.returncode, ran.stderr) == (0, "")
