"""docs/rules.md: every number that is cited exists, each rule is cited by a test, and the test it names is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RULES = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
NUMBERS = re.findall(r"^### ([JWFS]\d)\b", RULES, re.MULTILINE)
CITED = re.compile(r"(?<![\w.-])([JWFS]\d)(?: to ([JWFS]\d))?(?![\w.]\w)")


@cache
def cited_in(path: Path) -> frozenset[str]:
    """The rules that a file cites, `J1 to J3` as all three, and a test's name `test_j1_…` as J1."""
    text = path.read_text(encoding="utf-8")
    found = {number.upper() for number in re.findall(r"def test_([jwfs]\d)_", text)}
    for first, last in CITED.findall(text):
        found |= {f"{first[0]}{at}" for at in range(int(first[1]), int((last or first)[1]) + 1)}
    return frozenset(found)


def files(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")) if path != Path(__file__)
    ]


def test_every_number_that_is_cited_is_a_rule() -> None:
    documents = [
        *(ROOT / "docs").glob("*.md"),
        ROOT / "README.md",
        ROOT / "DECISIONS.md",
        ROOT / "CHANGELOG.md",
    ]
    for path in [*files("skewless", "features", "jobs"), *documents]:
        assert cited_in(path) <= {*NUMBERS}, path
    assert len(NUMBERS) == len(set(NUMBERS))


@pytest.mark.parametrize("number", NUMBERS)
def test_every_rule_is_cited_by_a_test(number: str) -> None:
    assert any(number in cited_in(path) for path in files("tests"))


def test_the_test_that_holds_a_rule_is_there() -> None:
    held = re.findall(r"Held by `([^`]+)::([^`]+)`", RULES)
    assert len(held) == len(NUMBERS)
    for file, name in held:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), (file, name)


def test_no_rule_is_cited_without_its_kind() -> None:
    for path in files("skewless", "features", "jobs", "tests"):
        assert not re.search(r"\brules? \d", path.read_text(encoding="utf-8"), re.IGNORECASE), path
