"""Feature functions as read from a module, and those that are refused."""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from skewless import FeatureError, FeatureSet, Parameter, ValueType, feature
from skewless.serving.definitions.definition import read_definition


def _problem(write_module: Any, source: str) -> str:
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_module(write_module("bad_features", source))
    (problem,) = caught.value.problems
    return problem


def test_features_are_the_public_functions_of_the_module_in_their_order(write_module: Any) -> None:
    name = write_module(
        "speeds",
        """
        from math import sqrt
        from os.path import join
        LIMIT = 3
        class Unit: ...
        def speed(km: float, hours: float) -> float: return _ratio(km, hours)
        def _ratio(a, b): return a / b
        def airborne(speed: float) -> bool: return speed > LIMIT
        """,
    )
    assert FeatureSet.from_module(name).names == ("speed", "airborne")


def test_annotations_may_be_strings(write_module: Any) -> None:
    source = "from __future__ import annotations\ndef a(x: list[int] | None) -> float | None: return None"
    (definition,) = FeatureSet.from_module(write_module("texts", source)).features
    assert definition.parameters == (Parameter("x", ValueType(list, True, ValueType(int))),)
    assert definition.returns == ValueType(float, nullable=True)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("def a(x: int): ...", "bad_features.a: the result has no annotation; add '-> float'"),
        ("def a(x) -> int: ...", "bad_features.a: parameter 'x' has no annotation"),
        ("def a(x: dict) -> int: ...", "bad_features.a: parameter 'x': 'dict' is not a value type"),
        ("def a(x: int) -> None: ...", "bad_features.a: the result: 'None' is not a value type"),
        ("def a(x: 'Nope') -> int: ...", "bad_features.a: an annotation cannot be read: NameError"),
        ("a = lambda x: x", "bad_features.a: a lambda, which has no annotations"),
        ("def a(x: int = 3) -> int: ...", "bad_features.a: has default values"),
        ("def a(*, x: int = 3) -> int: ...", "bad_features.a: has default values"),
        ("def a(*x: int) -> int: ...", "bad_features.a: takes *args or **kwargs"),
        ("def a(**x: int) -> int: ...", "bad_features.a: takes *args or **kwargs"),
        ("def a(x: int, /) -> int: ...", "bad_features.a: has positional-only parameters"),
        ("async def a(x: int) -> int: ...", "bad_features.a: async"),
        ("def a(x: int) -> int: yield x", "bad_features.a: a generator"),
        ("def _a(x: int) -> int: ...\nb = _a", "bad_features.b: another name of _a"),
        (
            "import functools\n@functools.lru_cache\ndef a(x: int) -> int: ...",
            "bad_features.a: a decorator made it a _lru_cache_wrapper",
        ),
        (
            "from skewless import feature\n@feature\ndef _a(x: int) -> int: ...",
            "bad_features._a: marked @feature, but a leading underscore makes it a helper",
        ),
    ],
)
def test_a_public_function_that_is_no_feature_is_refused(
    write_module: Any, source: str, problem: str
) -> None:
    """F1."""
    assert _problem(write_module, source).startswith(problem)


_OBJECTS = """
import enum, functools, logging, math, operator, re
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, NewType, TypeVar
_CURVE = functools.partial(pow, 2)
class Ratio:
    def __call__(self, x: float) -> float: return x
    def rate(self, x: float) -> float: return x
def _by(x: float, y: float) -> float: return x / y
def _gone(function): return None
def _other(function):
    def wrapper(*values): return function(*values)
    return wrapper
def _kept(function):
    @functools.wraps(function)
    def wrapper(*values): return function(*values)
    return wrapper
"""


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "speed = functools.partial(_by, y=2.0)",
            "speed: a partial, no plain function; write it as an annotated def",
        ),
        (
            "speed = Ratio()",
            "speed: a Ratio, no plain function; write it as an annotated def, or rename it _speed if",
        ),
        ("speed = Ratio().rate", "speed: a method, no plain function"),
        ("speed: Any = math.sqrt", "speed: another name of math.sqrt, no plain function"),
        ("speed = operator.itemgetter(0)", "speed: a itemgetter, no plain function"),
        ("speed = functools.lru_cache(_by)", "speed: a _lru_cache_wrapper, no plain function"),
        ("speed = staticmethod(_by)", "speed: a staticmethod, no plain function"),
        ("speed = property(_by)", "speed: a property, no plain function"),
        ("speed = functools.partialmethod(_by, 2.0)", "speed: a partialmethod, no plain function"),
        ("for speed in [Ratio()]: pass", "speed: a Ratio, no plain function"),
        ("globals()['speed'] = Ratio()", "speed: a Ratio, no plain function"),
        ("from math import sqrt\nsqrt = functools.partial(sqrt)", "sqrt: a partial, no plain function"),
        (
            "@_gone\ndef speed(x: float) -> float: return x",
            "speed: a decorator made it a NoneType; a feature is a plain",
        ),
        ("@property\ndef speed(x: float) -> float: return x", "speed: a decorator made it a property"),
        (
            "@staticmethod\ndef speed(x: float) -> float: return x",
            "speed: a decorator made it a staticmethod",
        ),
        (
            "if True:\n    @functools.cache\n    def speed(x: float) -> float: return x",
            "speed: a decorator made it a",
        ),
        (
            "@_other\ndef speed(x: float) -> float: return x",
            "speed: another name of wrapper; a feature has its own def",
        ),
        (
            "@_kept\ndef speed(x: float) -> float: return x",
            "speed: a decorator made it take *args or **kwargs, which hides its inputs; remove the decorator",
        ),
        (
            "@functools.singledispatch\ndef speed(x: float) -> float: return x",
            "speed: a decorator made it take *args or **kwargs",
        ),
    ],
)
def test_a_public_object_that_is_no_plain_function_does_not_vanish(
    write_module: Any, source: str, problem: str
) -> None:
    """F1: a feature that a module seems to have is in the set, or refused by name."""
    found = _problem(write_module, f"{_OBJECTS}\n{source}")
    assert found.startswith(f"bad_features.{problem}")


def test_a_decorator_of_another_module_that_replaces_a_function_is_found(write_module: Any) -> None:
    write_module("timing", "def timed(function):\n    def inner(x): return function(x)\n    return inner")
    source = "from timing import timed\n@timed\ndef speed(x: float) -> float: return x"
    assert _problem(write_module, source) == (
        "bad_features.speed: a decorator made it another name of timing.timed.<locals>.inner; "
        "a feature is a plain function, remove the decorator"
    )


def test_public_values_that_nothing_calls_and_what_is_imported_are_no_features(write_module: Any) -> None:
    write_module(
        "tools",
        "import functools\nhalf = functools.partial(pow, 2)\nclass Third:\n"
        "    def __call__(self): ...\nthird = Third()\ndef rate(x): return x",
    )
    source = """
    from tools import *
    from tools import half as twice, rate, third as one_third
    from math import sqrt
    from zoneinfo import ZoneInfo
    import datetime as dt
    import numpy as np
    from numpy import log1p
    try:
        from tools import missing
    except ImportError:
        missing = None
    ZONE, LIMIT, DAYS = ZoneInfo("UTC"), 3, {"mon": 1}
    LOG = logging.getLogger(__name__)
    WORD = re.compile("a+")
    Money = NewType("Money", float)
    T = TypeVar("T")
    Pair = tuple[int, int]
    Rule = Callable[[int], int]
    Maybe = int | None
    Word = Literal["a", "b"]
    Either = Any
    class Color(enum.Enum):
        RED = 1
    RED = Color.RED
    class Point(NamedTuple):
        x: float
    ORIGIN = Point(0.0)
    Ratios = Ratio
    WEIGHTS = np.zeros(3)
    _curve = _CURVE
    def table() -> dict[str, int]: return {"a": 1}
    table = table()
    def speed(x: float) -> float: return x
    """
    name = write_module("values", _OBJECTS + textwrap.dedent(source))
    assert FeatureSet.from_module(name).names == ("speed",)


def test_objects_that_are_no_functions_are_refused_by_name_where_they_are_given_one_by_one() -> None:
    for value, found in ((functools.partial(pow, 2), "a partial"), (len, "another name of builtins.len")):
        with pytest.raises(FeatureError, match=f"{found}, no plain function; write it as an annotated def"):
            FeatureSet.from_functions([value])


def test_all_problems_of_all_modules_come_together(write_module: Any) -> None:
    first = write_module("first_bad", "def a(x, y): ...")
    second = write_module("second_bad", "def b(x: int): ...")
    with pytest.raises(FeatureError) as caught:
        FeatureSet.from_modules([first, "no_such_module", second])
    assert [re.split("; |: looked in", problem)[0] for problem in caught.value.problems] == [
        "first_bad.a: parameter 'x' has no annotation",
        "first_bad.a: parameter 'y' has no annotation",
        "first_bad.a: the result has no annotation",
        "feature module 'no_such_module' not found",
        "second_bad.b: the result has no annotation",
    ]


def test_a_module_that_fails_to_import_is_one_line(write_module: Any) -> None:
    problem = _problem(write_module, "raise RuntimeError('first\\nsecond')")
    assert problem == r"feature module 'bad_features' does not import: RuntimeError: first\nsecond"


def test_a_module_without_features_makes_an_empty_set(write_module: Any) -> None:
    assert FeatureSet.from_module(write_module("helpers", "def _a(x): ...")).names == ()


def test_the_decorator_leaves_the_function_as_it_is() -> None:
    def plain(x: int) -> int:
        """Twice as much.

        And more about it."""
        return x * 2

    assert feature(plain) is plain
    assert feature(on_error="null")(plain) is plain
    assert plain(2) == 4


def test_the_description_is_given_or_else_the_first_line_of_the_docstring() -> None:
    def told(x: int) -> int:
        """Twice as much.

        And more about it."""
        return x * 2

    assert read_definition("told", told).description == "Twice as much."
    assert read_definition("told", feature(description="Given")(told)).description == "Given"


def test_an_unknown_on_error_is_refused() -> None:
    with pytest.raises(FeatureError, match="on_error is 'skip'; use 'raise' or 'null'"):
        feature(on_error="skip")  # type: ignore[call-overload]


def test_the_decorator_takes_plain_functions_only() -> None:
    cached: Callable[..., int] = functools.lru_cache(lambda x: x)
    with pytest.raises(FeatureError, match="expected a plain function, found _lru_cache_wrapper"):
        feature(cached)
