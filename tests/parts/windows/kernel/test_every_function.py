"""The table of window functions against both runtimes: each function is in both, and gives what the table says (W4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyspark.sql.pandas.types import from_arrow_type

from skewless.ground.event_rows import AskedRows, EventRows
from skewless.parts.windows import WindowReduction
from skewless.parts.windows.kernel.kernel import TableWindows
from skewless.parts.windows.kernel.layout import Measure
from skewless.parts.windows.kernel.reducers import REDUCERS as OF_THE_KERNEL
from skewless.serving.aggregations.functions import FUNCTIONS
from skewless.serving.aggregations.reducers import REDUCERS as OF_PYTHON
from skewless.serving.plan.document.column_types import column_type
from skewless.serving.plan.serve.tables import result_type
from skewless.serving.values.instants import micros
from skewless.serving.windows import Aggregation, evaluate
from tests.oracles.windows import OracleStream, aggregate, agrees

NOON = dt.datetime(2024, 7, 1, 12, tzinfo=dt.timezone.utc)
SECOND = dt.timedelta(seconds=1)
ARGUMENTS = {"n": 2, "p": Decimal("0.5")}

COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "tinyint": (pa.int8(), [3, None, -1, 3]),
    "bigint": (pa.int64(), [2**53 + 1, 2**62, -(2**63)]),
    "float": (pa.float32(), [0.5, -0.25, 0.5, 1.0]),
    "double": (pa.float64(), [0.1, float("inf"), -0.0, 0.1]),
    "decimal(10,2)": (pa.decimal128(10, 2), [Decimal("0.10"), Decimal("-7.25")]),
    "decimal(38,2)": (pa.decimal128(38, 2), [Decimal("0.10"), Decimal("9" * 30 + ".25")]),
    "boolean": (pa.bool_(), [True, False, None, True]),
    "string": (pa.string(), ["\uffff", "\U0001f600", ""]),
    "binary": (pa.binary(), [b"\xff", b"", b"a"]),
    "date": (pa.date32(), [dt.date(2024, 2, 29), dt.date(1, 1, 1)]),
    "timestamp": (pa.timestamp("us", "UTC"), [NOON, NOON - SECOND]),
}
CASES = [
    (name, column)
    for name, function in FUNCTIONS.items()
    for column in COLUMNS
    if function.takes is None or column_type(column).family in function.takes
]


def of_kernel(function: str, column: str, values: list[Any]) -> pa.Array:
    """The kernel's answer to one label event at noon, over these values a second apart before it."""
    moments = micros(NOON) + np.arange(-len(values), 0) * 1_000_000
    key = np.zeros(len(values), dtype=np.int64)
    rows = EventRows(key, moments, moments, 1, lambda _name: pa.array(values, COLUMNS[column][0]))
    measure = Measure("a", function, argument_of(function), None, "v", length=86_400_000_000)
    asked = AskedRows(np.array([0]), np.array([micros(NOON)]), lambda _name: np.array([0]))
    return TableWindows(rows, [measure], strict=False).aggregates(asked).field("a")


def argument_of(function: str) -> Any:
    argument = FUNCTIONS[function].argument
    return None if argument is None else ARGUMENTS[argument]


def aggregation_of(function: str) -> Aggregation:
    argument = FUNCTIONS[function].argument
    given = {} if argument is None else {argument: ARGUMENTS[argument]}
    return Aggregation.from_spec({"name": "a", "function": function, "column": "v", "window": "1d", **given})


def of_python(function: str, values: list[Any]) -> Any:
    first = NOON - len(values) * SECOND
    events = [{"event_timestamp": first + place * SECOND, "v": value} for place, value in enumerate(values)]
    return evaluate(aggregation_of(function), events, NOON)


def test_both_runtimes_implement_every_function_of_the_table() -> None:
    assert set(OF_PYTHON) == set(OF_THE_KERNEL) == set(FUNCTIONS)


@pytest.mark.parametrize(("function", "column"), CASES)
def test_both_runtimes_give_the_same_value_of_the_type_that_the_table_says(
    function: str, column: str
) -> None:
    kind, values = COLUMNS[column]
    if (function, column) == ("sum", "bigint"):
        values = values[1:]
    answer = of_kernel(function, column, values)
    (found,) = answer.to_pylist()
    weights = [value for value in values if value is not None] if FUNCTIONS[function].sums else []
    assert agrees(found, of_python(function, values), weights), (found, of_python(function, values))
    spelt = FUNCTIONS[function].gives(column)
    assert from_arrow_type(answer.type).simpleString() == spelt
    reduction = WindowReduction((aggregation_of(function),), {"v": from_arrow_type(kind)})
    assert reduction.result_type(reduction.aggregations[0]).simpleString() == spelt
    assert result_type(aggregation_of(function), {"v": column_type(column)}).text == spelt


@pytest.mark.parametrize(("function", "column"), CASES)
@pytest.mark.parametrize("values", [[], [None]], ids=["no event", "a null"])
def test_both_runtimes_give_the_tables_value_of_an_empty_window(
    function: str, column: str, values: list[Any]
) -> None:
    answer = of_kernel(function, column, values)
    assert answer.to_pylist() == [FUNCTIONS[function].empty] == [of_python(function, values)]
    assert from_arrow_type(answer.type).simpleString() == FUNCTIONS[function].gives(column)


def test_the_value_of_an_empty_window_is_the_callers_own() -> None:
    of_python("last_n", []).append(1)
    assert of_python("last_n", []) == []


HARD: dict[str, tuple[Any, ...]] = {
    "bigint": (
        None,
        -(2**63),
        -(2**63) + 1,
        -(2**53) - 1,
        0,
        2**53,
        2**53 + 1,
        2**53 + 2,
        2**63 - 2,
        2**63 - 1,
    ),
    "double": (None, float("nan"), float("inf"), float("-inf"), -0.0, 0.0, 5e-324, 0.1, 1.7e308, 1.5e308),
    "float": (None, float("nan"), -0.0, 0.0, 0.5, -3.0),
    "decimal(38,2)": (
        *(None, Decimal("-0.01"), Decimal("0.00"), Decimal("0.01"), Decimal("90071992547409.93")),
        *(Decimal(sign + "9" * 36 + ".99") for sign in ("", "-")),
    ),
    "string": (None, "", "Z", "a", "e\u0301", "\u00e9", "\uffff", "\U0001f600"),
    "binary": (None, b"", b"\x00", b"\xff", b"a"),
    "date": (None, dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(2024, 2, 29), dt.date(9999, 12, 31)),
    "timestamp": (None, NOON, NOON - dt.timedelta(microseconds=1), NOON - 1_000 * 365 * 86_400 * SECOND),
    "boolean": (None, False, True),
}
"""Values of which few are different, so that they tie, and of which doubles hold few."""


@settings(max_examples=300)
@given(st.data())
def test_w4_medians_and_modes_are_the_same_to_the_bit_in_both_runtimes_and_in_plain_loops(
    data: st.DataObject,
) -> None:
    function = data.draw(st.sampled_from(["median", "mode"]))
    column = data.draw(
        st.sampled_from([column for name, column in CASES if name == function and column in HARD])
    )
    values = data.draw(st.lists(st.sampled_from(HARD[column]), max_size=9))
    (found,) = of_kernel(function, column, values).to_pylist()
    assert agrees(found, of_python(function, values), []), (found, of_python(function, values))
    rows = [{"event_timestamp": NOON - SECOND, "v": value} for value in values]
    spec = {"function": function, "column": "v", "window": "1d"}
    expected = aggregate(rows, NOON, spec, OracleStream())
    assert agrees(found, expected, []), (found, expected)
