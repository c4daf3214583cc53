"""What is printed without a command, and for one that there is not."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from skewless.cli.app import commands, main
from skewless.cli.group import SECTIONS


def test_without_a_word_the_help_lists_the_commands_by_what_one_wants(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    bare = capsys.readouterr()
    assert main(["--help"]) == 0
    assert (bare.out, bare.err) == (capsys.readouterr().out, "")
    assert re.findall(r"^(\w+):$", bare.out, re.MULTILINE) == ["Options", *SECTIONS]
    assert "..." not in bare.out.partition("Options:")[2]


def test_each_command_is_in_one_section() -> None:
    listed = Counter(name for names in SECTIONS.values() for name in names)
    assert commands.commands.keys() <= listed.keys()
    assert max(listed.values()) == 1


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("buld", "skewless: No such command 'buld'; nearest 'build'; see skewless --help\n"),
        ("xyz", "skewless: No such command 'xyz'; see skewless --help\n"),
    ],
)
def test_an_unknown_command_is_refused_in_a_line(
    word: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 2
    assert capsys.readouterr().err == line
