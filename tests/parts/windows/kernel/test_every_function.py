"""The table of window functions against both runtimes: each function is in both, and gives what the table says (W4)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import from_arrow_type

from skewless.parts.windows import WindowReduction
from skewless.parts.windows.kernel.kernel import aggregate_batches
from skewless.parts.windows.kernel.layout import Layout, Measure, TableLayout
from skewless.parts.windows.kernel.reducers import REDUCERS as OF_THE_KERNEL
from skewless.serving.aggregations.functions import FUNCTIONS
from skewless.serving.aggregations.reducers import REDUCERS as OF_PYTHON
from skewless.serving.plan.document.column_types import column_type
from skewless.serving.plan.serve.tables import result_type
from skewless.serving.values.instants import micros
from skewless.serving.windows import Aggregation, evaluate
from tests.oracles.windows import agrees

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
    first = micros(NOON) - len(values) * 1_000_000
    moments = [micros(NOON), *(first + place * 1_000_000 for place in range(len(values)))]
    rows = {name: pa.array([1] * len(moments), pa.int64()) for name in ("bucket", "key", "table")}
    rows["moment"] = pa.array(moments, pa.int64())
    rows["label_event"] = pa.array([[0], *[None] * len(values)], pa.list_(pa.int64()))
    rows["v"] = pa.array([None, *values], COLUMNS[column][0])
    measure = Measure("a", function, argument_of(function), None, "v", length=86_400_000_000)
    layout = Layout(("key",), {"ev": TableLayout(1, (measure,))})
    (batch,) = aggregate_batches(iter(pa.table(rows).to_batches()), layout)
    return batch["ev"].field("a")


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
