"""What a suite says in SQL → what Spark's analyser refuses of it, without reading a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame

from skewless.config import Suite
from skewless.lake.jvm.causes import reason_of

VIEW = "skewless_suite_rows"


def sql_problems(rows: DataFrame, suite: Suite) -> Iterator[str]:
    """Conditions on rows and queries that cannot be read over rows of these columns, each with its place.

    The view of the rows is in their session, which has to be one of the run's own.
    """
    for index, item in enumerate(suite.expectations):
        for argument, problem in _problems(rows, item["kwargs"]):
            yield suite.problem(("expectations", index, "kwargs", argument), f"{item['type']}: {problem}")


def _problems(rows: DataFrame, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    condition = _condition(arguments)
    if condition and (problem := _refused(rows, f"SELECT * FROM {VIEW} WHERE {condition}")):
        yield "row_condition", problem
    query = arguments.get("unexpected_rows_query")
    if isinstance(query, str):
        try:
            filled = query.format(batch=VIEW)
        except (LookupError, ValueError):
            yield "unexpected_rows_query", "only {batch} may stand in braces; write {{ and }} for braces"
            return
        # As a subquery a statement that changes something is an error, not a change.
        if problem := _refused(rows, f"SELECT * FROM ({filled.strip().removesuffix(';')}\n)"):
            yield "unexpected_rows_query", problem


def _condition(arguments: Mapping[str, Any]) -> str | None:
    """The condition that is handed to Spark as it is written, if there is one."""
    condition = arguments.get("row_condition")
    if isinstance(condition, dict):
        return condition.get("pass_through_filter")
    return condition if arguments.get("condition_parser") == "spark" else None


def _refused(rows: DataFrame, query: str) -> str | None:
    rows.createOrReplaceTempView(VIEW)
    try:
        rows.sparkSession.sql(query)
    except PySparkException as error:
        return reason_of(error)
    return None
