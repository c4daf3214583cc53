"""One row: the null rule, dependencies, types at the border, and every error in its words."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from skewless import FeatureError, FeatureSet, feature

UTC = dt.timezone.utc


def _set(*functions: Any) -> FeatureSet:
    return FeatureSet.from_functions(functions)


def _error(features: FeatureSet, row: dict[str, Any], label_event: dict[str, Any] | None = None) -> str:
    with pytest.raises(FeatureError) as caught:
        features.compute(row, label_event)
    (problem,) = caught.value.problems
    return problem


def speed(km: float, hours: float) -> float:
    return km / hours


@feature(on_error="null")
def safe_speed(km: float, hours: float) -> float:
    return km / hours


def wind_or_zero(wind: float | None) -> float:
    return 0.0 if wind is None else wind


def double_wind(wind_or_zero: float) -> float:
    return wind_or_zero * 2


def test_extra_inputs_are_ignored_and_ints_pass_for_floats() -> None:
    """F4."""
    assert repr(_set(speed).compute({"km": 90, "hours": 2, "x": object()})) == "{'speed': 45.0}"


def test_a_null_input_makes_the_feature_null_without_a_call() -> None:
    """F3."""
    assert _set(speed).compute({"km": None, "hours": 0}) == {"speed": None}


def test_a_parameter_declared_so_receives_null() -> None:
    assert _set(wind_or_zero, double_wind).compute({"wind": None}) == {
        "wind_or_zero": 0.0,
        "double_wind": 0.0,
    }


def test_a_null_feature_makes_those_that_take_it_null() -> None:
    def fast(speed: float) -> bool:
        return speed > 50

    def known(fast: bool | None) -> bool:
        return fast is not None

    computed = _set(known, fast, speed).compute({"km": 1.0, "hours": None})
    assert computed == {"known": False, "fast": None, "speed": None}


def test_a_null_result_of_a_nullable_function_is_null_for_those_that_take_it() -> None:
    def maybe(x: int) -> int | None:
        return x if x > 0 else None

    def more(maybe: int) -> int:
        return maybe + 1

    assert _set(maybe, more).compute({"x": -1}) == {"maybe": None, "more": None}
    assert _set(maybe, more).compute({"x": 1}) == {"maybe": 1, "more": 2}


def test_an_int_feature_is_a_float_to_those_that_take_it_as_one() -> None:
    def count(x: int) -> int:
        return x

    def as_text(count: float) -> str:
        return repr(count)

    def as_int(count: int) -> str:
        return repr(count)

    computed = _set(as_text, as_int, count).compute({"x": 3})
    assert computed == {"as_text": "3.0", "as_int": "3", "count": 3}


def test_one_input_may_be_read_as_int_and_as_float() -> None:
    def a(x: int) -> str:
        return repr(x)

    def b(x: float | None) -> str:
        return repr(x)

    assert _set(a, b).compute({"x": 3}) == {"a": "3", "b": "3.0"}
    assert _set(a, b).compute({"x": None}) == {"a": None, "b": "None"}


def test_keyword_only_parameters_and_functions_without_inputs() -> None:
    def ratio(a: float, *, b: float) -> float:
        return a / b

    def one() -> int:
        return 1

    assert _set(ratio, one).compute({"a": 1.0, "b": 2.0}) == {"ratio": 0.5, "one": 1}


def test_datetimes_reach_functions_and_results_in_utc() -> None:
    india = dt.timezone(dt.timedelta(hours=5, minutes=30))

    def local(event_timestamp: dt.datetime) -> dt.datetime:
        assert event_timestamp.tzinfo is UTC
        return event_timestamp.astimezone(india)

    computed = _set(local).compute({"event_timestamp": dt.datetime(2013, 1, 1, 5, 30, tzinfo=india)})["local"]
    assert (computed, computed.tzinfo) == (dt.datetime(2013, 1, 1, tzinfo=UTC), UTC)


def test_functions_cannot_change_the_lists_they_are_given() -> None:
    def last(items: list[int]) -> int:
        return items.pop()

    row = {"items": [1, 2]}
    _set(last).compute(row)
    assert row == {"items": [1, 2]}


def test_a_missing_input_is_an_error_even_beside_a_null_and_with_on_error_null() -> None:
    assert _error(_set(speed), {"km": None}) == "feature 'speed': missing input 'hours'; inputs km=None"
    assert _error(_set(safe_speed), {}) == "feature 'safe_speed': missing input 'km', 'hours'; no inputs"


def test_a_default_dict_lacks_what_it_does_not_hold() -> None:
    row: defaultdict[str, float] = defaultdict(float, km=1.0)
    assert "missing input 'hours'" in _error(_set(speed), row)
    assert list(row) == ["km"]


def test_an_exception_names_feature_inputs_and_label_event() -> None:
    """F6."""

    def checked(km: float) -> float:
        raise ValueError(f"{km} is too far,\nreally")

    assert _error(_set(checked), {"km": 90}, {"flight_id": 7, "origin": "EWR"}) == (
        "feature 'checked': ValueError: 90.0 is too far,\\nreally; "
        "inputs km=90.0; label event flight_id=7, origin='EWR'"
    )


def test_an_exception_keeps_its_cause_in_the_process() -> None:
    with pytest.raises(FeatureError) as caught:
        _set(speed).compute({"km": 90, "hours": 0})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_wrong_input_is_an_error_even_beside_a_null() -> None:
    assert _error(_set(speed), {"km": None, "hours": "2"}) == (
        "feature 'speed': input 'hours': expected float, found str '2'; convert it: float(x); inputs km=None, hours='2'"
    )


def test_a_naive_datetime_is_refused_by_name() -> None:
    def hour(event_timestamp: dt.datetime) -> int:
        return event_timestamp.hour

    problem = _error(_set(hour), {"event_timestamp": dt.datetime(2013, 1, 1)})
    assert problem.startswith(
        "feature 'hour': input 'event_timestamp': naive datetime datetime.datetime(2013"
    )


def test_a_wrong_result_is_an_error() -> None:
    def count(x: float) -> int:
        return x  # type: ignore[return-value]

    assert _error(_set(count), {"x": 1.5}) == (
        "feature 'count': result: expected int, found float 1.5; convert it: int(x); inputs x=1.5"
    )


def test_null_from_a_function_that_does_not_say_so_is_an_error() -> None:
    def count(x: int) -> int:
        return None  # type: ignore[return-value]

    assert _error(_set(count), {"x": 1}) == (
        "feature 'count': result: expected int, found None; declare it 'int | None' if null is meant; inputs x=1"
    )


def test_on_error_null_makes_exceptions_and_wrong_types_null() -> None:
    @feature(on_error="null")
    def text(x: int) -> str:
        return x  # type: ignore[return-value]

    def known(text: str | None) -> bool:
        return text is not None

    row = {"km": 1, "hours": 0, "x": 1}
    computed = _set(safe_speed, text, known).compute(row)
    assert computed == {"safe_speed": None, "text": None, "known": False}
    assert _set(safe_speed).compute({"km": "1", "hours": 2}) == {"safe_speed": None}


@pytest.mark.parametrize("hours", [0, "2"])
def test_a_feature_nulled_by_an_error_makes_those_that_take_it_null(hours: Any) -> None:
    def pace(safe_speed: float) -> float:
        return 60 / safe_speed

    assert _set(safe_speed, pace).compute({"km": 1, "hours": hours}) == {"safe_speed": None, "pace": None}


def test_a_wrong_input_of_a_nulled_feature_still_fails_the_others() -> None:
    problem = _error(_set(safe_speed, speed), {"km": "1", "hours": 2})
    assert (
        problem
        == "feature 'speed': input 'km': expected float, found str '1'; convert it: float(x); inputs km='1', hours=2.0"
    )


def test_one_set_serves_many_threads() -> None:
    features = _set(speed, wind_or_zero, double_wind)

    def run(km: int) -> float:
        return float(features.compute({"km": km, "hours": 2, "wind": km})["double_wind"])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(500))) == [km * 2.0 for km in range(500)]
