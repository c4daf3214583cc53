"""The suite as a gate: what blocks, what is counted, and what is said of a failure."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.parts.validation import refuse_broken_suite, validate

IN_SET = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "y", "value_set": [0, 1]}}
AS_MANY = {"type": "expect_table_row_count_to_equal", "kwargs": {"value": {"$PARAMETER": "label_events"}}}


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
    verdict = validate(rows, suite(IN_SET, AS_MANY), {"label_events": 3})
    in_set, as_many = verdict.failures
    assert not verdict.passed
    assert str(in_set).startswith(
        "expect_column_values_to_be_in_set(column='y', value_set=[0, 1]): 1 of 2 rows"
    )
    assert [(row["k"], row["y"]) for row in in_set.rows] == [(2, 7)]
    assert "expect_table_row_count_to_equal" in str(as_many)
    assert "found 2" in str(as_many)


def test_nulls_that_break_an_expectation_are_shown_as_rows(rows: DataFrame) -> None:
    not_null = {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "c"}}
    [failure] = validate(rows, suite(not_null), {}).failures
    assert [row["k"] for row in failure.rows] == [2]


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


def test_sample_rows_are_found_by_several_columns_and_by_instants(rows: DataFrame) -> None:
    pairs = {
        "type": "expect_column_pair_values_to_be_equal",
        "kwargs": {"column_A": "k", "column_B": "y", "ignore_row_if": "neither"},
    }
    times = {
        "type": "expect_column_values_to_be_in_set",
        "kwargs": {"column": "at", "value_set": ["2025-01-01T00:00:00"]},
    }
    verdict = validate(rows, suite(pairs, times), {})
    assert sorted(row["k"] for row in verdict.failures[0].rows) == [1, 2]
    assert [row["k"] for row in verdict.failures[1].rows] == [1]


@pytest.mark.parametrize(
    ("expectation", "named"),
    [
        ({"type": "expect_colum_values_to_be_odd", "kwargs": {}}, "expect_colum_values_to_be_odd"),
        ({**IN_SET, "severity": "fatal"}, "fatal"),
        ({"type": "expect_column_values_to_be_in_set", "kwargs": {}}, "column"),
        ({"kwargs": {}}, "type"),
    ],
)
def test_what_great_expectations_would_drop_is_refused(expectation: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refused:
        refuse_broken_suite(suite(AS_MANY, expectation))
    [problem] = refused.value.problems
    assert problem.startswith("expectations: ")
    assert named in problem


def test_no_rows_at_all_pass_a_suite_that_counts_them(rows: DataFrame) -> None:
    between = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "y", "max_value": 7}}
    verdict = validate(rows.limit(0), suite(AS_MANY, IN_SET, between), {"label_events": 0})
    assert verdict.passed
