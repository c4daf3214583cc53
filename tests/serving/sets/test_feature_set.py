"""Features as a set: names, inputs, dependencies, subsets and what is refused."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import pytest

from features import flights
from skewless import FeatureError, FeatureSet, ValueType


def _problems(*functions: Any) -> tuple[str, ...]:
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_functions(functions)
    return caught.value.problems


def test_inputs_are_the_parameters_that_are_no_features() -> None:
    def total(a: int, b: int) -> int:
        return a + b

    def share(a: int, total: int) -> float | None:
        return a / total

    features = FeatureSet.from_functions([share, total])
    assert dict(features.inputs) == {"a": ValueType(int), "b": ValueType(int)}
    assert dict(features.schema) == {"share": ValueType(float, nullable=True), "total": ValueType(int)}
    assert features.names == ("share", "total")


def test_an_input_has_the_narrowest_type_and_null_where_any_function_sees_it() -> None:
    def a(x: float) -> float:
        return x

    def b(x: int | None) -> int | None:
        return x

    def c(x: float | None) -> float | None:
        return x

    def d(x: int) -> int:
        return x

    for functions in ([a, b], [b, a], [c, d], [d, c]):
        assert FeatureSet.from_functions(functions).inputs["x"] == ValueType(int, nullable=True)


def test_an_input_that_no_value_can_be_is_refused() -> None:
    def a(x: dt.date) -> bool:
        return True

    def b(x: dt.datetime) -> bool:
        return True

    assert _problems(a, b) == (
        "feature 'b': takes input 'x' as datetime, feature 'a' as date; no value is both",
    )


def test_a_feature_taken_as_another_type_is_refused() -> None:
    def a(x: float) -> float:
        return x

    def b(a: int) -> int:
        return a

    (problem,) = _problems(a, b)
    assert problem.startswith("feature 'b': takes 'a' as int, but ")
    assert problem.endswith(".a gives float")


def test_cycles_are_named_from_the_feature_defined_first() -> None:
    def a(b: int) -> int:
        return b

    def b(a: int) -> int:
        return a

    def own(own: int) -> int:
        return own

    assert _problems(a, b, own) == (
        "features take each other in a circle: a -> b -> a",
        "features take each other in a circle: own -> own",
    )


def test_equal_names_across_modules_are_refused_whatever_their_case(write_module: Any) -> None:
    one = write_module("one", "def speed(x: int) -> int: return x")
    two = write_module("two", "def Speed(x: int) -> int: return x")
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_modules([one, two])
    assert caught.value.problems == (
        "feature 'Speed': defined by one.speed and by two.Speed "
        "(names compare case-insensitively); rename one",
    )


def test_modules_keep_the_order_given(write_module: Any) -> None:
    one = write_module("one", "def a(b: int) -> int: return b")
    two = write_module("two", "def c(x: int) -> int: return x\ndef b(c: int) -> int: return c + 1")
    features = FeatureSet.from_modules([one, two, one])
    assert features.compute({"x": 1}) == {"a": 2, "c": 1, "b": 2}
    assert list(features.compute({"x": 1})) == ["a", "c", "b"]


def test_an_unknown_input_is_told_with_the_nearest_name() -> None:
    def warm(weather__tmp: float) -> bool:
        return weather__tmp > 20

    assert FeatureSet.from_functions([warm]).problems(["Weather__Temp", "origin"]) == (
        "feature 'warm': unknown input 'weather__tmp'; did you mean 'Weather__Temp'?",
    )


def test_a_misspelt_feature_is_found_among_the_features() -> None:
    def is_warm(temp: float) -> bool:
        return temp > 20

    def outing(is_wrm: bool) -> bool:
        return is_wrm

    assert FeatureSet.from_functions([is_warm, outing]).problems(["temp"]) == (
        "feature 'outing': unknown input 'is_wrm'; did you mean 'is_warm'?",
    )


def test_inputs_match_exactly_and_what_there_is_is_listed() -> None:
    def warm(temp: float) -> bool:
        return temp > 20

    features = FeatureSet.from_functions([warm])
    assert features.problems(["temp", "origin"]) == ()
    assert features.problems(["TEMP"]) == ("feature 'warm': unknown input 'temp'; did you mean 'TEMP'?",)
    assert features.problems(["zzz"]) == ("feature 'warm': unknown input 'temp'; there are warm, zzz",)


def test_a_feature_named_like_a_column_is_refused_whatever_the_case() -> None:
    def warm(temp: float) -> bool:
        return temp > 20

    (problem,) = FeatureSet.from_functions([warm]).problems(["temp", "Warm"])
    assert problem.startswith("feature 'warm': there is a column 'Warm' already; rename the function ")


def test_a_subset_brings_what_it_takes() -> None:
    def a(x: int) -> int:
        return x

    def b(y: int) -> int:
        return y

    def c(a: int) -> int:
        return a

    def d(c: int) -> int:
        return c

    subset = FeatureSet.from_functions([d, c, b, a]).subset(["c"])
    assert subset.names == ("c", "a")
    assert list(subset.inputs) == ["x"]


def test_a_subset_of_an_unknown_feature_is_refused() -> None:
    def warm(temp: float) -> bool:
        return temp > 20

    with pytest.raises(FeatureError, match=r"'wram': not in the set; did you mean 'warm'\?"):
        FeatureSet.from_functions([warm]).subset(["wram"])


def test_a_set_pickles_by_reference_to_its_functions() -> None:
    features = FeatureSet.from_module(flights.__name__)
    copy = pickle.loads(pickle.dumps(features))
    assert copy.features == features.features
