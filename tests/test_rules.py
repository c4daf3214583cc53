"""docs/rules.md: what is cited is a rule, each rule is cited by a test, and the tests that it names are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SECTION = re.compile(r"^### ([JWFS]\d{1,2}) .*?(?=^##|\Z)", re.MULTILINE | re.DOTALL)
RULES = [(found[1], found[0]) for found in SECTION.finditer((ROOT / "docs" / "rules.md").read_text("utf-8"))]
NUMBERS = [number for number, _ in RULES]

CITED = re.compile(r"(?<![\w.$-])([JWFS])([1-9]\d?)(?: to ([JWFS])([1-9]\d?))?(?!\w|\.\w)")
IN_A_NAME = re.compile(r"\bdef test_([jwfs])([1-9]\d?)_")
NAMED = re.compile(r"^- `([\w/]+\.py)::(\w+)`$", re.MULTILINE)


def numbers_cited(text: str) -> frozenset[str]:
    """The rules that a text cites, `J1 to J3` as all three, and a test's name `test_j1_…` as J1.

    >>> sorted(numbers_cited("J2, rules W4 to W6 (F10)"))
    ['F10', 'J2', 'W4', 'W5', 'W6']
    """
    found = {f"{kind.upper()}{number}" for kind, number in IN_A_NAME.findall(text)}
    for kind, first, _, last in CITED.findall(text):
        found |= {f"{kind}{number}" for number in range(int(first), int(last or first) + 1)}
    return frozenset(found)


@cache
def cited_in(path: Path) -> frozenset[str]:
    return numbers_cited(path.read_text(encoding="utf-8"))


@cache
def functions_of(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)]


WRITTEN = [
    *sources("skewless", "features", "jobs", "tests"),
    *(ROOT / "docs").rglob("*.md"),
    *ROOT.glob("*.md"),
]
TESTS = [path for path in sources("tests") if path.name.startswith("test_")]


def test_each_number_that_is_cited_is_a_rule() -> None:
    unknown = {str(path.relative_to(ROOT)): cited_in(path) - {*NUMBERS} for path in WRITTEN}
    assert {path: sorted(numbers) for path, numbers in unknown.items() if numbers} == {}


def test_rules_of_a_kind_are_numbered_from_one_on() -> None:
    kinds = {kind: [int(number[1:]) for number in NUMBERS if number[0] == kind] for kind in "JWFS"}
    assert {
        kind: numbers == list(range(1, len(numbers) + 1)) for kind, numbers in kinds.items()
    } == dict.fromkeys("JWFS", True)
    assert (len(kinds["J"]), len(kinds["W"])) == (9, 6)


@pytest.mark.parametrize(("number", "section"), RULES, ids=NUMBERS)
def test_each_rule_has_a_table_and_tests_that_are_there_and_cite_it(number: str, section: str) -> None:
    assert "\n| --- |" in section
    named = NAMED.findall(section)
    assert named
    missing = [f"{path}::{name}" for path, name in named if name not in functions_of(ROOT / path)]
    assert missing == []
    assert any(number in cited_in(ROOT / path) for path, _ in named)


@pytest.mark.parametrize("number", NUMBERS)
def test_each_rule_is_cited_by_a_test(number: str) -> None:
    assert any(number in cited_in(path) for path in TESTS)


def test_what_cites_a_rule_says_of_which_kind_it_is() -> None:
    bare = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path in WRITTEN
        for found in re.finditer(r"\brules? \d+\b", path.read_text(encoding="utf-8"), re.IGNORECASE)
    ]
    assert bare == []


def test_citations_are_told_from_what_looks_like_one() -> None:
    assert numbers_cited("rules J1 to J3, (W6); F10.") == {"J1", "J2", "J3", "W6", "F10"}
    assert numbers_cited("def test_w4_nulls() -> None:") == {"W4"}
    assert numbers_cited("noqa: F401, S101; s3://x; 2024-W27; F1.5; J0; J123; XJ4") == frozenset()
