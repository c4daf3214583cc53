"""Window aggregations read from configuration: what is refused, and in which words."""

from __future__ import annotations

import datetime as dt
import pickle
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from skewless import FeatureError
from skewless.serving.aggregations.aggregation import Aggregation
from skewless.serving.aggregations.bounds import RollingWindow, read_window
from skewless.serving.values.instants import micros

WEEK = {"calendar": "week", "length": 1, "timezone": "America/New_York"}


def problems(**spec: Any) -> list[str]:
    with pytest.raises(FeatureError) as caught:
        Aggregation.from_spec({"name": "a", **spec})
    return [each.removeprefix("aggregation 'a': ") for each in caught.value.problems]


def test_all_problems_come_together() -> None:
    spec = {"function": "summ", "window": "0s", "offset": "-1h", "where": "a LIKE 'b'", "colunm": "x"}
    assert [each.split(";")[0] for each in problems(**spec)] == [
        "unknown key 'colunm'",
        "unknown function 'summ'",
        "window: '0s' is empty",
        "offset: '-1h' is negative",
        "where: 'LIKE' at character 3: expected AND, OR or the end",
    ]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"window": "7d"},
            "no function; use count, sum, mean, min, max, stddev, median, mode, first, last, count_distinct, "
            "last_n, percentile, time_since_last",
        ),
        ({"function": "count"}, "no window; add window: 7d, for instance"),
        ({"function": "sum", "window": "7d"}, "sum needs a column; add column:"),
        ({"function": "count", "window": "7d", "column": 3}, "column is 3; write the name of a column"),
        ({"function": "count", "window": "7"}, "window: '7' has no unit; write an integer and one of s m h d, "
         "such as 90m, or ISO-8601, such as PT36H"),
        ({"function": "count", "window": "P1M"}, "window: 'P1M' counts years or months, which have no fixed length; "
         "write days"),
        ({"function": "count", "window": "-7d"}, "window: '-7d' is negative; a duration is never negative"),
        ({"function": "count", "window": "7d", "n": 3}, "n belongs to last_n, not to count; remove it"),
        ({"function": "last_n", "column": "x", "window": "7d"}, "last_n needs n, a whole number from 1 on"),
        ({"function": "last_n", "column": "x", "window": "7d", "n": 0}, "n is 0; write a whole number from 1 to "
         "2147483647"),
        ({"function": "last_n", "column": "x", "window": "7d", "n": True}, "n is True; write a whole number from 1 "
         "to 2147483647"),
        ({"function": "percentile", "column": "x", "window": "7d"}, "percentile needs p, a number from 0 to 1"),
        ({"function": "percentile", "column": "x", "window": "7d", "p": 50}, "p is 50; write a number from 0 to 1"),
        ({"function": "percentile", "column": "x", "window": "7d", "p": float("nan")}, "p is nan; write a number "
         "from 0 to 1"),
        ({"function": "count", "window": "7d", "where": 3}, "where is 3; write a predicate as text"),
        ({"function": "count", "window": WEEK, "offset": "1d"}, "offset: '1d' beside a calendar window; write a "
         "whole number of its units"),
        ({"function": "count", "window": "7d", "offset": 1}, "offset: 1 has no unit; write an integer and one "
         "of s m h d, such as 90m, or ISO-8601, such as PT36H"),
        ({"function": "count", "window": {**WEEK, "length": 0}}, "window: length is 0; write a whole number from 1 "
         "to 100000"),
        ({"function": "count", "window": {**WEEK, "calendar": "year"}}, "window: calendar is 'year'; use day, week "
         "or month"),
        ({"function": "count", "window": {"calendar": "day", "length": 1}}, "window: no timezone; a calendar window "
         "needs calendar, length and timezone"),
        ({"function": "count", "window": {**WEEK, "timezone": "America/NewYork"}}, "window: timezone "
         "'America/NewYork' is not an IANA time zone; did you mean 'America/New_York'?"),
        ({"function": "count", "window": {**WEEK, "time_zone": "UTC"}}, "window: unknown key 'time_zone'; did you "
         "mean 'timezone'?"),
    ],
)  # fmt: skip
def test_one_problem_is_one_line_with_the_remedy(spec: dict[str, Any], problem: str) -> None:
    assert problems(**spec) == [problem]


def test_a_spec_without_a_name_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"^aggregation: no name; add name: clicks_7d, for instance$"):
        Aggregation.from_spec({"function": "count", "window": "7d"})


def test_p_is_the_decimal_as_written() -> None:
    spec = {"name": "a", "function": "percentile", "column": "x", "window": "7d"}
    for written in (0.1, "0.1", ".1", Decimal("0.1")):
        assert Aggregation.from_spec({**spec, "p": written}).argument == Decimal("0.1")


def test_a_key_that_is_null_counts_as_left_out() -> None:
    spec = {"name": "a", "function": "count", "window": timedelta(hours=1)}
    bare = dict.fromkeys(("column", "offset", "where", "n", "p"))
    assert Aggregation.from_spec({**spec, **bare}) == Aggregation.from_spec(spec)
    assert Aggregation.from_spec(spec).window == RollingWindow(3_600_000_000)


def test_equal_specs_are_equal_and_survive_pickling() -> None:
    spec = {
        "name": "a",
        "function": "last_n",
        "column": "x",
        "n": 2,
        "window": WEEK,
        "offset": 1,
        "where": "x > 1",
    }
    aggregation = Aggregation.from_spec(spec)
    assert aggregation == Aggregation.from_spec({**spec, "where": "`x`>1"})
    assert pickle.loads(pickle.dumps(aggregation)) == aggregation


@pytest.mark.parametrize(
    "zone", ["UTC", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Europe/Dublin"]
)
@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("offset", [0, 1, 3])
@pytest.mark.parametrize(
    ("moment", "years"),
    [
        ("0001-01-01T00:00:00", 400),
        ("0001-01-01T03:00:00", 400),
        ("0001-03-01T12:00:00", 400),
        ("9999-12-31T23:59:59.999999", -400),
        ("9999-12-31T14:00:00", -400),
        ("9999-07-01T00:00:00", -400),
    ],
)
def test_a_calendar_window_of_the_first_or_last_year_is_that_of_400_years_nearer(
    zone: str, unit: str, offset: int, moment: str, years: int
) -> None:
    """W2: where a zone's clocks show the year 0 or 10000, which Python does not have, too."""
    window, problems = read_window({"calendar": unit, "length": 2, "timezone": zone}, offset)
    assert window is not None, problems
    at = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.timezone.utc)
    near = at.replace(year=at.year + years)
    found, wanted = window.bounds(micros(at)), window.bounds(micros(near))
    assert [bound - micros(at) for bound in found] == [bound - micros(near) for bound in wanted]
