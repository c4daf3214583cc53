"""Errors: one line each, and whole after crossing to another process."""

from __future__ import annotations

import pickle

from skewless import FeatureError
from skewless.serving.errors import failure, nearest, raised, shown


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(FeatureError("first", "second")))
    assert type(error) is FeatureError
    assert error.problems == ("first", "second")
    assert str(error) == "first\nsecond"


def test_a_failure_names_feature_inputs_and_label_event_in_one_line() -> None:
    error = failure("speed", "ValueError: a\nb", {"km": "x\ny", "h": None}, {"id": 7})
    assert error.problems == (
        r"feature 'speed': ValueError: a\nb; inputs km='x\ny', h=None; label event id=7",
    )


def test_a_feature_without_inputs_says_so() -> None:
    assert str(failure("one", "OSError", {}, None)) == "feature 'one': OSError; no inputs"


def test_every_kind_of_line_break_is_folded() -> None:
    (problem,) = FeatureError("a\r\nb\x0bc\u2028d\x85e").problems
    assert problem == r"a\nb\nc\nd\ne"


def test_text_that_no_output_can_carry_is_escaped() -> None:
    assert FeatureError("bad \ud800").problems == (r"bad \ud800",)


def test_long_values_are_cut() -> None:
    assert shown([1] * 1000) == "[" + "1, " * 66 + "…"
    assert len(raised(ValueError("x" * 1000))) == len("ValueError: ") + 200


def test_an_object_that_cannot_be_written_does_not_hide_the_failure() -> None:
    assert shown(_Unprintable()) == "<_Unprintable without a repr>"
    assert raised(_Unprintable()) == "_Unprintable"


def test_no_name_is_near_enough() -> None:
    assert nearest("temp", ["origin"]) is None
