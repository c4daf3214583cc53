"""Functions that end their process, or never come back, are named, with their inputs, the label event, and how."""

from __future__ import annotations

import ctypes
import faulthandler
import itertools
import os
import signal
import sys
from typing import Any

import pytest

from skewless import FeatureSet, feature
from skewless.serving.errors import FeatureError
from skewless.serving.sets.last_call import LastCall, Note, failure_of, last_call


def double(x: float) -> float:
    return x * 2


def fate(double: float, how: str) -> float:
    if double > 4:
        exec(how, {"os": os, "signal": signal, "ctypes": ctypes, "itertools": itertools})
    return double


FEATURES = FeatureSet.from_functions([double, fate])
ROWS: list[dict[str, Any]] = [{"x": 1.0}, {"x": 2.0}, {"x": 3.0}, {"x": 4.0}]


def ended(how: str, longest: float = 20.0) -> LastCall | None:
    """How a pass over four rows ends, of which the third is the first to meet its fate."""

    def work(note: Note) -> None:
        faulthandler.disable()  # pytest's, which would print a stack for each crash
        noted = FEATURES.called_by(note.call)
        for note.row, row in enumerate(ROWS):
            noted.compute({**row, "how": how})

    return last_call(work, longest)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("os._exit(0)", "ended its process with exit code 0"),
        ("os._exit(7)", "ended its process with exit code 7"),
        ("os.abort()", "crashed its process with SIGABRT"),
        ("ctypes.string_at(0)", "crashed its process with SIGSEGV"),
        (
            "os.kill(os.getpid(), signal.SIGKILL)",
            "crashed its process with SIGKILL, as the system does where memory runs out",
        ),
        ("raise KeyboardInterrupt('stop')", "raised KeyboardInterrupt: stop"),
    ],
)
def test_the_call_that_ends_the_process_is_known(how: str, said: str) -> None:
    assert ended(how) == LastCall(2, 1, said)


@pytest.mark.parametrize("how", ["while True: pass", "sum(itertools.repeat(0))"])
def test_a_call_that_never_comes_back_is_ended_also_where_no_python_code_runs(how: str) -> None:
    """The second is C code that looks at no signal."""
    assert ended(how, longest=0.3) == LastCall(2, 1, "did not come back within 0.3 s")


def test_many_calls_may_take_longer_together_than_one_may() -> None:
    assert ended("import time; time.sleep(0.2)", longest=0.35) is None


def test_a_process_that_ends_outside_any_call_is_no_feature_s() -> None:
    def work(note: Note) -> None:
        FEATURES.called_by(note.call).compute({"x": 1.0, "how": ""})
        os._exit(3)

    assert last_call(work, 20.0) == LastCall(-1, -1, "ended its process with exit code 3")


def test_the_error_names_the_feature_its_inputs_and_the_label_event() -> None:
    call = ended("os._exit(7)")
    assert call is not None
    assert str(failure_of(call, FEATURES, {"x": 3.0, "how": "os._exit(7)"}, {"user": 12})) == (
        "feature 'fate': ended its process with exit code 7; inputs double=6.0, how='os._exit(7)'; label event user=12"
    )


def leave(x: float) -> float:
    sys.exit(3)


class Stop(BaseException):
    pass


def stop(x: float) -> float:
    raise Stop("enough")


def hoard(x: float) -> float:
    raise MemoryError


@pytest.mark.parametrize(
    ("function", "said"),
    [(leave, "SystemExit: 3"), (stop, "Stop: enough"), (hoard, "MemoryError")],
)
@pytest.mark.parametrize("on_error", ["raise", "null"])
def test_a_function_that_exits_fails_and_is_never_null(function: Any, said: str, on_error: Any) -> None:
    """F6: what ends a process, or its memory, is nothing that the inputs decide."""
    features = FeatureSet.from_functions([feature(on_error=on_error)(function)])
    words = f"feature '{function.__name__}': {said}; inputs x=1.0; label event k='a'"
    with pytest.raises(FeatureError) as alone:
        features.compute({"x": 1.0}, label_event={"k": "a"})
    with pytest.raises(FeatureError) as in_batch:
        features.compute_batch({"x": [None, 1.0]}, label_event=lambda position: {"k": "a"})
    assert (str(alone.value), str(in_batch.value)) == (words, words)


def test_whoever_stops_the_process_is_heard() -> None:
    def interrupted(x: float) -> float:
        raise KeyboardInterrupt

    features = FeatureSet.from_functions([feature(on_error="null")(interrupted)])
    with pytest.raises(KeyboardInterrupt):
        features.compute({"x": 1.0})
    with pytest.raises(KeyboardInterrupt):
        features.compute_batch({"x": [1.0]})
