"""The documentation's pages: each can be reached from the way in."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_each_page_is_reached_from_the_way_in() -> None:
    linked = set(re.findall(r"\]\(([\w-]+\.md)", (DOCS / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= linked


def test_the_messages_of_the_runbook_are_those_of_the_library() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (DOCS.parent / "skewless").rglob("*.py"))
    table = (DOCS / "runbook.md").read_text(encoding="utf-8").split("## Messages")[1].split("##")[0]
    quoted = re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)
    assert len(quoted) > 10
    assert [each for each in quoted if each not in source] == []
