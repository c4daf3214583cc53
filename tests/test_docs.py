"""The documentation's pages: each can be reached from the way in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from skewless.lake.failures import MACHINE

DOCS = Path(__file__).parents[1] / "docs"
LIBRARY = DOCS.parent / "skewless"
TRIED_AGAIN = {"PublishConflictError", "StoreConflictError", "LostRowsError"}


def test_each_page_is_reached_from_the_way_in() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= linked


def test_the_messages_of_the_runbook_are_those_of_the_library() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in LIBRARY.rglob("*.py"))
    assert len(quoted()) > 10
    assert [each for each in quoted() if each not in source] == []


def test_the_runbook_has_a_message_of_each_exit_code() -> None:
    codes = re.findall(r"^\| .+? \| (\d) \|", messages(), re.MULTILINE)
    assert sorted({*map(int, codes)}) == list(range(1, 7))


def test_the_runbook_has_each_failure_that_may_pass() -> None:
    """Those that a scheduler tries again; what is refused for its input says itself what to correct."""
    conflicts = [text for path in LIBRARY.rglob("*.py") for text in raised(path, TRIED_AGAIN)]
    assert len(conflicts) > 4
    assert [each for each in conflicts if not any(words in each for words in quoted())] == []
    assert [each for each in MACHINE if not any(re.search(each, words) for words in quoted())] == []


def messages() -> str:
    return (DOCS / "runbook.md").read_text(encoding="utf-8").split("## Messages")[1].split("##")[0]


def quoted() -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", messages(), re.MULTILINE)


def raised(path: Path, kinds: set[str]) -> Iterator[str]:
    """The texts that exceptions of these kinds are made with, without what is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds:
            parts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            if text := "".join(each for each in parts if isinstance(each, str)):
                yield text
