"""Delta's log since a version → what became of a table's rows: nothing, rows more, or rows that are no more."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.run.commits import file_name
from skewless.lake.storage import Hadoop

Action = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Changes:
    """What commits did to a table's rows. `appended`: file → the newest of the versions read that still has it.

    `rewritten` says which version took rows away or changed them, and how, or why nothing is known; None where none
    did.
    """

    appended: Mapping[str, int]
    rewritten: str | None = None

    @property
    def is_nothing(self) -> bool:
        return not self.appended and self.rewritten is None


def changes_since(spark: SparkSession, folder: str, since: int, until: int) -> Changes:
    """What the commits after version `since` did, up to version `until`."""
    names = [file_name(version) for version in range(since + 1, until + 1)]
    texts = Hadoop(spark).read_all(f"{folder}/_delta_log", names)
    return changes_in([texts[name] for name in names], since, until)


def changes_in(commits: Sequence[str | OSError], since: int, until: int) -> Changes:
    """What these commits did, the texts of versions `since` + 1 to `until`.

    Files that a commit moves rows into without changing any (OPTIMIZE, `dataChange` false) are no change. A file whose
    rows were appended, and then compacted with others, is read at the version before.
    """
    if until < since:
        return Changes({}, f"version {since} was replaced by version {until}")
    appended: dict[str, int] = {}
    for version, text in enumerate(commits, start=since + 1):
        if isinstance(text, OSError):
            return Changes({}, f"version {version} is no more in the log")
        actions = list(_actions(text))
        if any(kind == "remove" and action.get("dataChange", True) for kind, action in actions):
            return Changes({}, f"version {version} removed or rewrote rows ({_operation(actions)})")
        for kind, action in actions:
            if kind == "add" and action.get("dataChange", True):
                appended[action["path"]] = until
            elif kind == "remove" and action["path"] in appended:
                appended[action["path"]] = version - 1
    return Changes(appended)


def _actions(text: str) -> Iterator[Action]:
    for line in text.splitlines():
        if line.strip():
            yield from json.loads(line).items()


def _operation(actions: list[Action]) -> str:
    found = [action.get("operation") for kind, action in actions if kind == "commitInfo"]
    return str(found[0]) if found and found[0] else "of no known operation"
