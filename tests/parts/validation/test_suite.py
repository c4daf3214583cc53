"""The suite as a gate: what blocks, what is counted, and what is said of a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless.config import Suite
from skewless.ground.errors import InputError
from skewless.parts.validation import refuse_broken_suite, sql_problems, validate
from tests.helpers.expectation_table import TABLE, filled

IN_SET = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "y", "value_set": [0, 1]}}
TYPES: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))["types"]
AS_MANY: dict[str, Any] = {
    "type": "expect_table_row_count_to_equal",
    "kwargs": {"value": {"$PARAMETER": "label_events"}},
}


def suite(*expectations: dict[str, Any]) -> str:
    return json.dumps({"name": "gate", "expectations": list(expectations)})


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> DataFrame:
    return spark.sql(
        "SELECT * FROM VALUES (1, 0, 'a', TIMESTAMP '2024-01-01 00:00:00'), (2, 7, NULL, NULL) AS t(k, y, c, at)"
    ).coalesce(1)


def test_a_suite_that_holds_passes_with_its_parameters(rows: DataFrame) -> None:
    in_range = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "y", "max_value": 7}}
    verdict = validate(rows, suite(AS_MANY, in_range), {"label_events": 2})
    assert (verdict.evaluated, verdict.failures, verdict.passed) == (2, (), True)


def test_a_failure_blocks_and_names_the_expectation_with_rows_that_break_it(rows: DataFrame) -> None:
    verdict = validate(rows, suite(IN_SET, AS_MANY), {"label_events": 3}, ["k"])
    in_set, as_many = verdict.failures
    assert not verdict.passed
    assert str(in_set).startswith(
        "expect_column_values_to_be_in_set(column='y', value_set=[0, 1]): 1 of 2 rows"
    )
    assert (in_set.columns, in_set.rows, in_set.values) == (("y",), (("k=2", "y=7"),), (("y=7", 1),))
    assert "expect_table_row_count_to_equal" in str(as_many)
    assert "found 2" in str(as_many)


def test_nulls_that_break_an_expectation_are_shown_as_rows(rows: DataFrame) -> None:
    not_null = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "c"}}
    [failure] = validate(rows, suite(not_null), {}, ["k"]).failures
    assert failure.rows == (("k=2", "c=null"),)


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_warning_is_a_failure_that_does_not_block(rows: DataFrame, severity: str) -> None:
    verdict = validate(rows, suite({**IN_SET, "severity": severity}), {})
    assert [failure.severity for failure in verdict.failures] == [severity]
    assert verdict.passed


def test_an_expectation_that_could_not_be_evaluated_is_critical(rows: DataFrame) -> None:
    of_nothing = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "nothing", "value_set": [1]},
    }
    verdict = validate(rows, suite({**of_nothing, "severity": "warning"}), {})
    assert [failure.severity for failure in verdict.failures] == ["critical"]
    assert "could not be evaluated" in str(verdict.failures[0])
    assert not verdict.passed


def test_breaking_rows_are_named_by_key_with_the_columns_that_are_judged(rows: DataFrame) -> None:
    pairs = {
        "type": "expect_column_pair_values_to_be_equal",
        "kwargs": {"column_A": "k", "column_B": "y", "ignore_row_if": "neither"},
    }
    times = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "at", "value_set": ["2025-01-01T00:00:00"]},
    }
    judged = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {
            "column": "y",
            "value_set": [1],
            "row_condition": {"type": "pass_through", "pass_through_filter": "k = 1"},
        },
    }
    by_query = {
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE k > 1"},
    }
    verdict = validate(rows, suite(pairs, times, judged, by_query), {}, ["k"])
    found = {(failure.expectation, failure.columns): failure for failure in verdict.failures}
    of_pairs = found["expect_column_pair_values_to_be_equal", ("k", "y")]
    assert sorted(of_pairs.rows) == [("k=1", "k=1, y=0"), ("k=2", "k=2, y=7")]
    of_times = found["expect_column_values_to_be_in_set", ("at",)]
    assert of_times.rows == (("k=1", "at=2024-01-01T00:00:00+00:00"),)
    of_judged = found["expect_column_values_to_be_in_set", ("y",)]
    assert of_judged.rows == (("k=1", "y=0"),), "a row outside its condition breaks nothing"
    of_query = found["unexpected_rows_expectation", ()]
    assert (of_query.observed, of_query.rows) == ("found 1", ())


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [
        (
            "expect_column_values_to_match_strftime_format",
            {"column": "c", "strftime_format": "%"},
            "strftime_format",
        ),
        ("expect_column_values_to_be_in_set", {}, "value_set"),
        (
            "unexpected_rows_expectation",
            {"unexpected_rows_query": "SELECT * FROM {batch"},
            "unexpected_rows_query",
        ),
    ],
)
def test_what_only_great_expectations_knows_is_refused(
    name: str, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError) as refused:
        refuse_broken_suite(suite(AS_MANY, {"type": name, "kwargs": arguments}))
    [problem] = refused.value.problems
    assert problem.startswith("expectations: ")
    assert named in problem


FITTING: dict[str, dict[str, Any]] = {
    "expect_column_values_to_be_json_parseable": {"column": "c"},
    "expect_column_values_to_match_json_schema": {"column": "c", "json_schema": {}},
    "expect_column_values_to_match_strftime_format": {"column": "c", "strftime_format": "%Y"},
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE k > 2"},
}
"""Arguments that go with the columns, of types for which the first value of the kind would not."""


def test_every_type_that_a_suite_may_name_is_evaluated_on_spark(spark: SparkSession) -> None:
    numbers = spark.sql("SELECT * FROM VALUES (1, 1.5D, '2024'), (2, 2.5D, '2025') AS t(k, v, c)").coalesce(1)
    written = [(name, _fitting(name, spec)) for name, spec in TYPES.items() if spec["spark"]]
    verdict = validate(numbers, suite(*({"type": name, "kwargs": each} for name, each in written)), {})
    assert [str(failure) for failure in verdict.failures if "could not be evaluated" in str(failure)] == []
    assert verdict.evaluated == len(written)


def _fitting(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    columns = {"column": "k", "column_A": "k", "column_B": "v", "column_list": ["k", "v"]}
    arguments = {**filled(spec), **dict.fromkeys(spec["one_of"], 5)}
    return {
        **arguments,
        **{key: columns[key] for key in arguments if key in columns},
        **FITTING.get(name, {}),
    }


@pytest.mark.parametrize(
    ("expectation", "said"),
    [
        ({"row_condition": "nothing > 1", "condition_parser": "spark"}, "kwargs.row_condition: "),
        ({"row_condition": "y >", "condition_parser": "spark"}, "[PARSE_SYNTAX_ERROR]"),
        ({"row_condition": {"type": "pass_through", "pass_through_filter": "nothing = 1"}}, "nothing"),
    ],
)
def test_conditions_that_spark_cannot_read_are_refused(
    rows: DataFrame, expectation: dict[str, Any], said: str
) -> None:
    text = suite(AS_MANY, {**AS_MANY, "kwargs": {**AS_MANY["kwargs"], **expectation}})
    [problem] = sql_problems(rows, Suite("gate.json", text))
    assert problem.startswith(
        "gate.json:1: expectations[1].kwargs.row_condition: expect_table_row_count_to_equal: "
    )
    assert said in problem


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT * FROM {batch} WHERE nothing = 1", "nothing"),
        ("SELECT * FROM {batch} WHERE {other} = 1", "only {batch} may stand in braces"),
        ("DROP TABLE {batch}", "[PARSE_SYNTAX_ERROR]"),
        ("SELECT k FROM {batch} WHERE y > 1;", None),
    ],
)
def test_queries_that_spark_cannot_read_are_refused(rows: DataFrame, query: str, said: str | None) -> None:
    text = suite({"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": query}})
    problems = list(sql_problems(rows, Suite("gate.json", text)))
    assert [said in problem for problem in problems if said] == ([True] if said else [])
    assert len(problems) == (1 if said else 0)


def test_no_rows_at_all_pass_a_suite_that_counts_them(rows: DataFrame) -> None:
    between = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "y", "max_value": 7}}
    verdict = validate(rows.limit(0), suite(AS_MANY, IN_SET, between), {"label_events": 0})
    assert verdict.passed
