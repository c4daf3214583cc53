"""What commits of Delta's log did to a table's rows."""

from __future__ import annotations

import json

from skewless.runs.materialize.changes import Changes, changes_in


def commit(
    operation: str, added: tuple[str, ...] = (), removed: tuple[str, ...] = (), change: bool = True
) -> str:
    actions: list[dict[str, dict[str, object]]] = [{"commitInfo": {"operation": operation}}]
    actions += [{"add": {"path": path, "dataChange": change}} for path in added]
    actions += [{"remove": {"path": path, "dataChange": change}} for path in removed]
    return "\n".join(map(json.dumps, actions)) + "\n"


def test_no_commit_and_one_of_properties_alone_are_nothing() -> None:
    assert changes_in([], 3, 3).is_nothing
    assert changes_in([commit("SET TBLPROPERTIES")], 3, 4).is_nothing


def test_files_that_were_added_are_read_at_the_newest_version() -> None:
    commits = [commit("WRITE", ("a", "b")), commit("STREAMING UPDATE", ("c",))]
    assert changes_in(commits, 3, 5) == Changes({"a": 5, "b": 5, "c": 5})


def test_compaction_is_no_change_and_what_it_takes_in_is_read_as_it_was_before() -> None:
    commits = [
        commit("WRITE", ("a",)),
        commit("OPTIMIZE", ("z",), ("a", "old"), change=False),
        commit("WRITE", ("b",)),
    ]
    assert changes_in(commits, 3, 6) == Changes({"a": 4, "b": 6})
    assert changes_in(commits[1:2], 3, 4).is_nothing


def test_rows_that_went_or_changed_are_named_by_version_and_operation() -> None:
    for operation in ("MERGE", "DELETE"):
        found = changes_in([commit("WRITE", ("a",)), commit(operation, ("b",), ("old",))], 3, 5)
        assert found.rewritten == f"version 5 removed or rewrote rows ({operation})"
        assert not found.is_nothing


def test_a_log_that_lacks_a_version_or_begins_anew_says_so() -> None:
    assert changes_in([OSError("gone")], 3, 4).rewritten == "version 4 is no more in the log"
    assert changes_in([], 3, 1).rewritten == "version 3 was replaced by version 1"
