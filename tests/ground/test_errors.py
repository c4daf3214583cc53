"""The line that is told of an error."""

from __future__ import annotations

import pytest

from skewless.ground.errors import first_line


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
