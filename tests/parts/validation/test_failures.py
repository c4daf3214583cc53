"""What is told of an expectation that does not hold: keys and counts apart from values, without Spark."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from skewless.parts.validation.failures import failure_of

KWARGS = {"column": "y", "value_set": [0, 1], "batch_id": "staged"}


def result(details: dict[str, Any], **other: Any) -> dict[str, Any]:
    config = {"type": "expect_column_values_to_be_in_set", "kwargs": KWARGS, "severity": "warning"}
    return {"expectation_config": config, "result": details, **other}


def rows(*values: Any) -> list[dict[str, Any]]:
    at = datetime(2024, 1, 1, tzinfo=timezone.utc)
    return [{"k": index, "t": at, "y": value, "secret": "s"} for index, value in enumerate(values)]


def test_five_rows_have_key_and_value_and_distinct_values_their_counts() -> None:
    found = failure_of(
        result({"unexpected_count": 6, "element_count": 1200, "partial_unexpected_list": [7]}),
        rows(7, 9, 7, None, 7, 9),
        ["k", "t"],
    )
    assert found.observed == "6 of 1,200 rows"
    assert found.rows[:2] == (
        ("k=0, t=2024-01-01T00:00:00+00:00", "y=7"),
        ("k=1, t=2024-01-01T00:00:00+00:00", "y=9"),
    )
    assert len(found.rows) == 5
    assert found.values == (("y=7", 3), ("y=9", 2), ("y=null", 1))
    assert found.spread == "3 different values"
    assert "secret" not in repr(found)


def test_no_value_of_a_row_stands_in_what_a_shared_log_gets() -> None:
    found = failure_of(result({"unexpected_count": 1, "element_count": 2}), rows("Jane"), ["k"])
    assert "Jane" not in f"{found}{found.spread}"
    listed = failure_of(result({"observed_value": ["Jane", "Joe"]}), (), ["k"])
    assert "Jane" not in str(listed)
    assert listed.values == (("Jane", None), ("Joe", None))


def test_a_figure_that_was_found_is_told() -> None:
    found = failure_of(result({"observed_value": 2.5}), (), ["k"])
    assert (found.observed, found.values, found.rows) == ("found 2.5", (), ())


def test_where_more_rows_break_it_than_were_looked_at_that_is_said() -> None:
    found = failure_of(result({"unexpected_count": 9000, "element_count": 9000}), rows(7, 9), ["k"])
    assert found.spread == "2 different values in the first 2 of them"


def test_what_raised_is_critical_wherever_the_exception_is_filed() -> None:
    problem = {"raised_exception": True, "exception_message": "no column"}
    for info in (problem, {"a metric": problem}):
        found = failure_of(result({}, exception_info=info), (), ["k"])
        assert (found.severity, found.observed) == ("critical", "could not be evaluated: no column")
