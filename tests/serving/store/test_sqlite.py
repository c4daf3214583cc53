"""What is SQLite's own: killed writers, full disks, other files."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from skewless import StoreError
from skewless.serving.store.opening import open_store
from skewless.serving.store.sqlite.store import SqliteStore
from tests.serving.store.test_stores import A, B, published, state_of

KEYS = [("t:rows", b"%d" % key) for key in range(5)]


def generations(store: SqliteStore) -> int:
    """How many generations have entries: one, once everything was cleared away."""
    with closing(sqlite3.connect(store.url.removeprefix("sqlite:///"))) as connection:
        return int(connection.execute("SELECT count(DISTINCT generation) FROM entries").fetchone()[0])


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch, write: Callable[[], object]) -> int:
    """What becomes of a process that writes and is killed at its so many-th statement: 0 where it ends before."""
    child = os.fork()
    if child == 0:
        steps, connect = count(1), sqlite3.connect

        def step_taken(_: str) -> None:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **options)
            connection.set_trace_callback(step_taken)
            return connection

        monkeypatch.setattr(sqlite3, "connect", traced)
        try:
            write()
            os._exit(0)
        finally:  # the child has no tests to go on with
            os._exit(1)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("full", [True, False])
def test_a_killed_writer_leaves_the_old_or_the_new_and_the_next_run_completes(
    tmp_path: Path, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at its first statement, at its third, and so on until it lives."""
    versions, ended = [], -1
    new = [(*key, b"new") for key in KEYS]
    for step in range(1, 100, 2):
        store = SqliteStore(f"{tmp_path}/{step}.db")
        published(store, *((*key, b"old") for key in KEYS))
        ended = killed_at(step, monkeypatch, lambda: published(store, *new, full=full, version=2))  # noqa: B023
        state, rows = store.snapshot("flights", KEYS)
        assert state is not None
        assert set(rows) == {b"old" if state.version == 1 else b"new"}
        versions.append(state.version)
        store.sweep(timedelta(0))
        assert published(store, (*KEYS[0], b"next"), full=False, version=3).tables["t:rows"].keys == 5
        assert generations(store) == 1
        if ended == 0:
            break
        assert ended == signal.SIGKILL
    assert ended == 0
    assert versions == sorted(versions)
    assert versions.count(1) > 5
    assert versions.count(2) > 2


def test_a_full_disk_is_told_and_changes_nothing(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/store.db")
    published(store, (*A, b"1"))
    run = store.begin("flights", "plan", full=True)
    with store._connections.writing() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError, match=r"store\.db: database or disk is full"):
        store.put(run, [("t:rows", b"%d" % key, b"x" * 4000) for key in range(100)])
    with store._connections.writing() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    store.put(run, [(*A, b"2")])
    assert store.read("flights", [A]) == [b"1"]
    store.publish(run, state_of())
    assert store.read("flights", [A]) == [b"2"]


def test_a_forked_process_has_a_connection_of_its_own(tmp_path: Path) -> None:
    store = SqliteStore(f"{tmp_path}/store.db")
    published(store, (*A, b"1"))
    child = os.fork()
    if child == 0:
        published(store, (*A, b"2"), full=False)
        os._exit(0 if store.read("flights", [A]) == [b"2"] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.read("flights", [A, B]) == [b"2", None]


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (a)")
    store = open_store(f"sqlite:///{path}")
    assert store.state("flights") is None
    with pytest.raises(StoreError, match="it is another database, with 1 tables or indexes"):
        store.begin("flights", "plan", full=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 9")
    with pytest.raises(StoreError, match="expected format 1, found 9"):
        open_store(f"sqlite:///{path}").state("flights")


def test_a_file_that_is_no_database_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(StoreError, match=r"text\.db: file is not a database"):
        open_store(f"sqlite:///{tmp_path}/text.db").state("flights")
    with pytest.raises(StoreError, match=r"nowhere/a\.db: unable to open database file"):
        open_store(f"sqlite:///{tmp_path}/nowhere/a.db").begin("flights", "plan", full=True)


@pytest.mark.parametrize("name", ["a b.db", "a?mode=memory.db", "a#b.db", "a%20b.db"])
def test_a_path_is_taken_as_it_is(tmp_path: Path, name: str) -> None:
    published(open_store(f"sqlite:///{tmp_path}/{name}"), (*A, b"1"))
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "sqlite:///", "/srv/features.db", "sqlit:///a"])
def test_another_url_is_refused_without_its_credentials(url: str) -> None:
    with pytest.raises(StoreError, match="sqlite:///") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
