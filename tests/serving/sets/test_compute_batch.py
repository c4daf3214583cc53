"""Columns: the same values, the same errors and the same counts as row by row."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import FeatureError, FeatureSet, feature

UTC = dt.timezone.utc


def ratio(a: float, b: float) -> float:
    return a / b


@feature(on_error="null")
def safe_ratio(a: float, n: int) -> float:
    return a / n


def safe_known(safe_ratio: float | None) -> bool:
    return safe_ratio is not None


def label(text: str | None, n: int) -> str | None:
    return None if n == 3 else f"{text}-{n}"


@feature(on_error="null")
def wrong_at_two(n: int) -> int:
    return "two" if n == 2 else n * 2**61  # type: ignore[return-value]


def longest(items: list[int | None] | None, label: str) -> list[float | None] | None:
    return None if items is None else [item if item != 5 else None for item in [*items, len(label)]]


def hour(at: dt.datetime) -> int:
    return at.hour


def later(at: dt.datetime, n: int) -> dt.datetime:
    return (at + dt.timedelta(minutes=n)).astimezone(dt.timezone(dt.timedelta(hours=-4)))


def price(cost: Decimal | None, hour: float) -> Decimal | None:
    return None if cost is None else cost / 4 + int(hour)


@feature(on_error="null")
def stops(n: int) -> int:
    if n == 1:
        raise StopIteration
    return n


def one() -> int:
    return 1


Function = Callable[..., Any]
ALL: list[Function] = [
    ratio,
    safe_ratio,
    safe_known,
    label,
    wrong_at_two,
    longest,
    hour,
    later,
    price,
    stops,
    one,
]

_numbers = st.none() | st.floats() | st.integers(-3, 3) | st.sampled_from([-0.0, 1.0])
_rows = st.fixed_dictionaries(
    {
        "a": _numbers,
        "b": st.none() | st.floats(0.5, 2) | st.sampled_from([1, 1, 0]),
        "n": st.none() | st.integers(-3, 5),
        "text": st.none() | st.text(max_size=3) | st.sampled_from(["a", "\ud800", 3]),
        "items": st.none() | st.lists(st.none() | st.integers(0, 6), max_size=3),
        "at": st.none()
        | st.datetimes(
            dt.datetime(1990, 1, 1),
            dt.datetime(2030, 1, 1),
            timezones=st.timezones() | st.just(UTC) | st.just(UTC),
        ),
        "cost": st.none() | st.decimals(-1000, 1000, places=3),
    }
)


def _by_hand(features: FeatureSet, row: Mapping[str, Any]) -> dict[str, Any]:
    """A plain reading of the rules for clean rows, knowing the functions' order of dependence."""
    known = dict(row)
    known["at"] = known["at"] and known["at"].astimezone(UTC)
    for definition in features.features:
        arguments = [known[parameter.name] for parameter in definition.parameters]
        required = [
            value
            for value, parameter in zip(arguments, definition.parameters, strict=True)
            if not parameter.type.nullable
        ]
        try:
            value = None if None in required else definition.function(*arguments)
        except (ZeroDivisionError, OverflowError, StopIteration):
            if definition.on_error == "raise":
                raise
            value = None
        if definition.name == "wrong_at_two" and (value == "two" or (value and not -4 <= value // 2**61 < 4)):
            value = None
        known[definition.name] = value
    return {name: known[name] for name in features.names}


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return repr(left) == repr(right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and bool(left == right)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(_rows, max_size=12), st.sets(st.sampled_from([function.__name__ for function in ALL])))
def test_a_batch_is_its_rows_in_values_and_in_errors(rows: list[dict[str, Any]], names: set[str]) -> None:
    features = FeatureSet.from_functions(ALL).subset(names)
    columns = {name: [row[name] for row in rows] for name in features.inputs}
    single: list[dict[str, Any]] = []
    error = None
    for position, row in enumerate(rows):
        try:
            single.append(features.compute(row, {"id": position}))
        except FeatureError as caught:
            error = str(caught)
            break
    if error is not None:
        with pytest.raises(FeatureError) as batch_error:
            features.compute_batch(columns, len(rows), lambda position: {"id": position})
        assert str(batch_error.value) == error
        return
    batch = features.compute_batch(columns, len(rows))
    assert list(batch.columns) == list(features.names)
    for name, values in batch.columns.items():
        assert _same(values, [row[name] for row in single])


_clean = st.fixed_dictionaries(
    {
        "a": st.none() | st.floats(),
        "b": st.none() | st.floats(0.5, 2),
        "n": st.none() | st.integers(-3, 5),
        "text": st.none() | st.text(st.characters(codec="utf-8"), max_size=3),
        "items": st.none() | st.lists(st.none() | st.integers(0, 6), max_size=3),
        "at": st.none()
        | st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(UTC)),
        "cost": st.none() | st.decimals(-1000, 1000, places=3),
    }
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(_clean, max_size=12))
def test_a_batch_is_what_a_plain_loop_gives(rows: list[dict[str, Any]]) -> None:
    features = FeatureSet.from_functions(ALL)
    batch = features.compute_batch({name: [row[name] for row in rows] for name in features.inputs}, len(rows))
    expected = [_by_hand(features, row) for row in rows]
    for name, values in batch.columns.items():
        for value, row in zip(values, expected, strict=True):
            wanted = row[name]
            if name == "longest" and wanted is not None:
                wanted = [item if item is None else float(item) for item in wanted]
            assert _same(value, wanted), name


def _error(features: FeatureSet, *arguments: Any) -> str:
    with pytest.raises(FeatureError) as caught:
        features.compute_batch(*arguments)
    return str(caught.value)


def test_the_first_row_that_fails_is_named_whatever_the_order_of_features() -> None:
    features = FeatureSet.from_functions([ratio, label])
    columns = {"a": [1.0, 1.0], "b": [1.0, 0.0], "text": [7, None], "n": [1, 1]}
    problem = _error(features, columns, 2, lambda position: {"id": position})
    assert problem == (
        "feature 'label': input 'text': expected str, found int 7; convert it: str(x); inputs text=7, n=1; "
        "label event id=0"
    )


def test_the_label_event_is_asked_only_for_an_error() -> None:
    asked: list[int] = []

    def event(position: int) -> dict[str, int]:
        asked.append(position)
        return {"id": position}

    FeatureSet.from_functions([ratio]).compute_batch({"a": [1.0], "b": [2.0]}, label_event=event)
    assert asked == []


def test_nulled_failures_are_counted_per_feature() -> None:
    features = FeatureSet.from_functions([safe_ratio, wrong_at_two, stops])
    columns: dict[str, list[Any]] = {"a": [1.0, 1.0, None, 1.0, 1.0], "n": [0, 2, 0, 4, 1]}
    batch = features.compute_batch(columns)
    assert batch.columns == {
        "safe_ratio": [None, 0.5, None, 0.25, 1.0],
        "wrong_at_two": [0, None, 0, None, 2**61],
        "stops": [0, 2, 0, 4, None],
    }
    assert batch.nulled == {"safe_ratio": 1, "wrong_at_two": 2, "stops": 1}


def test_an_undeclared_null_is_an_error_or_counted_as_one() -> None:
    def positive(n: int) -> int:
        return n if n > 0 else None  # type: ignore[return-value]

    problem = _error(FeatureSet.from_functions([positive]), {"n": [1, None, -1]})
    assert problem.startswith("feature 'positive': result: expected int, found None; declare it 'int | None'")
    batch = FeatureSet.from_functions([feature(on_error="null")(positive)]).compute_batch(
        {"n": [1, None, -1]}
    )
    assert (batch.columns, batch.nulled) == ({"positive": [1, None, None]}, {"positive": 1})


def test_wrong_inputs_that_are_nulled_are_counted_too() -> None:
    batch = FeatureSet.from_functions([safe_ratio]).compute_batch({"a": ["x", 1.0], "n": [1, 2]})
    assert (batch.columns, batch.nulled) == ({"safe_ratio": [None, 0.5]}, {"safe_ratio": 1})


def test_stop_iteration_does_not_cut_a_column_short() -> None:
    def endless(n: int) -> int:
        raise StopIteration

    problem = _error(FeatureSet.from_functions([endless]), {"n": [4, 5]})
    assert problem == "feature 'endless': StopIteration; inputs n=4"


def test_no_rows_give_empty_columns() -> None:
    batch = FeatureSet.from_functions([ratio, one]).compute_batch({"a": [], "b": []})
    assert batch.columns == {"ratio": [], "one": []}


def test_the_size_is_needed_only_where_no_column_tells_it() -> None:
    features = FeatureSet.from_functions([one])
    assert features.compute_batch({}, 3).columns == {"one": [1, 1, 1]}
    assert _error(features, {}) == "batch: no input column tells the number of rows; give size"


def test_a_missing_column_is_an_error_also_of_no_rows() -> None:
    features = FeatureSet.from_functions([ratio])
    assert _error(features, {"a": []}) == "feature 'ratio': missing input 'b'; inputs a=[]"
    assert _error(features, {"a": [1.5]}) == "feature 'ratio': missing input 'b'; inputs a=1.5"


def test_uneven_columns_are_an_error() -> None:
    features = FeatureSet.from_functions([ratio])
    assert _error(features, {"a": [1.0], "b": []}) == "batch: expected 1 rows in each column; 'b' has 0"


def test_any_sequence_is_a_column_and_the_given_one_is_not_changed() -> None:
    features = FeatureSet.from_functions([ratio])
    given_column = [1, math.inf]
    assert features.compute_batch({"a": given_column, "b": (2, 1)}).columns == {"ratio": [0.5, math.inf]}
    assert repr(given_column) == "[1, inf]"
