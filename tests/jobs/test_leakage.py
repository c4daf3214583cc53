"""The leakage experiment on a few hundred invented rows whose answer is known."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pyarrow as pa
import pytest

from jobs.demo.leakage import price_of_leakage
from jobs.demo.model import usable_columns
from skewless.ground.errors import InputError


def year_of_flights(leaks: bool) -> pa.Table:
    """Six hundred flights; `outcome` is the label itself where `leaks`, else noise."""
    first = datetime(2013, 1, 1, 17, tzinfo=timezone.utc)
    rows = [
        {
            "flight_id": number,
            "sched_dep_at": first + timedelta(hours=number * 14),
            "late": number % 3 == 0,
            "outcome": float(number % 3 == 0) if leaks else float(number * 7 % 5),
            "carrier": "AB"[number % 2],
        }
        for number in range(600)
    ]
    return pa.Table.from_pylist(rows)


def test_a_leak_shines_in_the_notebook_and_is_gone_when_served() -> None:
    price = price_of_leakage(year_of_flights(leaks=True), year_of_flights(leaks=False))
    assert price.auc_naive == 1.0
    assert price.auc_naive_served < 0.7
    assert price.auc_point_in_time < 0.7
    assert price.features == ("outcome", "carrier")
    assert price.train_rows + price.test_rows == 600


def test_equal_joins_cost_nothing_whatever_their_row_order() -> None:
    honest = year_of_flights(leaks=False)
    shuffled = honest.sort_by([("outcome", "descending"), ("flight_id", "descending")])
    price = price_of_leakage(shuffled, honest)
    assert price.auc_naive == price.auc_naive_served == price.auc_point_in_time
    assert price.differing_rows == 0


def test_months_are_told_apart_on_new_yorks_clock() -> None:
    departures = [
        datetime(2013, 11, 1, 3, 59, tzinfo=timezone.utc),
        datetime(2013, 11, 1, 3, 59, tzinfo=timezone.utc),
        datetime(2013, 11, 1, 4, 0, tzinfo=timezone.utc),
        datetime(2013, 11, 1, 4, 0, tzinfo=timezone.utc),
    ]
    flights = pa.table(
        {
            "flight_id": [1, 2, 3, 4],
            "sched_dep_at": pa.array(departures, pa.timestamp("us", tz="UTC")),
            "late": [True, False, True, False],
            "temp": [1.0, 2.0, 3.0, None],
        }
    )
    price = price_of_leakage(flights, flights)
    assert (price.train_rows, price.test_rows) == (2, 2)


def test_times_and_text_of_many_values_are_not_used() -> None:
    table = pa.table(
        {
            "tailnum": [f"N{number}" for number in range(256)],
            "carrier": ["UA"] * 256,
            "seats": [100] * 256,
            "at": pa.array([0] * 256, pa.timestamp("us", tz="UTC")),
        }
    )
    assert usable_columns(table) == ("carrier", "seats")


def test_joins_of_different_flights_are_refused() -> None:
    flights = year_of_flights(leaks=False)
    with pytest.raises(InputError, match="the joins hold different values of 'flight_id'"):
        price_of_leakage(flights.slice(1), flights)


def test_a_missing_column_is_named_with_the_nearest() -> None:
    flights = year_of_flights(leaks=False)
    with pytest.raises(InputError, match="naive join: no column 'carier'; did you mean 'carrier'"):
        price_of_leakage(flights, flights, ["carier"])


def test_half_a_year_is_refused() -> None:
    flights = year_of_flights(leaks=False).slice(0, 200)
    with pytest.raises(InputError, match="November and December need late and punctual flights"):
        price_of_leakage(flights, flights)
