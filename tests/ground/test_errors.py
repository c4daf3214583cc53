"""The line that is told of an error."""

from __future__ import annotations

import pytest

from skewless.ground.errors import InputError, afterwards
from skewless.ground.run.steps import doing, what_was_done
from skewless.serving.errors import first_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("\n \n  first \nsecond", "first"),
        ("first\r\n\tat java.lang.Thread", "first"),
        ("", ""),
        (" \n\t", ""),
    ],
)
def test_the_first_line_that_says_something_is_told(text: str, line: str) -> None:
    assert first_line(RuntimeError(text)) == line


def fail() -> None:
    raise RuntimeError("cleaning up failed")


def test_cleaning_up_that_fails_never_hides_the_failure_before_it() -> None:
    with pytest.raises(InputError, match="a full disk"), afterwards(fail):
        raise InputError("a full disk")


def test_cleaning_up_that_fails_does_not_undo_what_was_done_and_what_stays_is_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with afterwards(fail, "staging /w/out/_staging"), afterwards(fail):
        done = True
    told = "skewless: staging /w/out/_staging stays: it cannot be removed: cleaning up failed\n"
    assert (done, capsys.readouterr().err) == (True, told)


def test_cleaning_up_happens_whatever_became_of_the_block() -> None:
    cleaned: list[str] = []
    with pytest.raises(KeyboardInterrupt), afterwards(lambda: cleaned.append("interrupted")):
        raise KeyboardInterrupt
    with afterwards(lambda: cleaned.append("through")):
        pass
    assert cleaned == ["interrupted", "through"]


def test_a_failure_says_what_was_being_done_the_innermost_first() -> None:
    with pytest.raises(RuntimeError) as caught, doing("building"), doing("staging rows"):
        fail()
    assert what_was_done(caught.value) == "staging rows"
    assert what_was_done(RuntimeError()) is None
