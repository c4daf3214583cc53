"""A store: what a run writes is seen at once or not at all, whoever else writes, reads or dies."""

from __future__ import annotations

import multiprocessing
import pickle
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from skewless import StoreError
from skewless.serving.store.errors import StoreConflictError
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Store, StoreState, TableState
from tests.helpers.servers import POSTGRES, empty, has, postgres_server, redis_server

NOW = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
A, B = ("t:rows", b"a"), ("t:rows", b"b")


def state_of(version: int = 1, fingerprint: str = "plan", *names: str) -> StoreState:
    tables = {name: TableState(version, NOW) for name in names or ("t:rows", "u:events")}
    return StoreState("flights", version, fingerprint, tables)


def published(
    store: Store, *entries: tuple[str, bytes, bytes | None], full: bool = True, version: int = 1
) -> StoreState:
    run = store.begin("flights", "plan", full=full)
    store.put(run, entries)
    return store.publish(run, state_of(version))


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("redis", reason="needs redis-py: pip install 'skewless[redis]'")
    if not has("redis-server"):
        pytest.skip("needs redis-server: apt-get install redis-server")
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'skewless[postgres]'")
    if POSTGRES is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "redis", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    found: str = request.getfixturevalue(f"{request.param}_url")
    empty(found)
    return found


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)


def test_nothing_is_there_before_something_is_published(store: Store, tmp_path: Path) -> None:
    assert store.state("flights") is None
    assert store.read("flights", [A]) == [None]
    assert not list(tmp_path.iterdir()), "reading makes no store"
    store.put(store.begin("flights", "plan", full=True), [(*A, b"1")])
    assert store.snapshot("flights", [A]) == (None, [None])


def test_a_full_run_takes_the_place_of_all_that_was_there(store: Store) -> None:
    published(store, (*A, b"1"), (*B, b"1"))
    published(store, (*A, b"2"), ("u:events", b"a", b"3"), version=2)
    state, rows = store.snapshot("flights", [A, B, ("u:events", b"a")])
    assert rows == [b"2", None, b"3"]
    assert state is not None
    assert {name: each.keys for name, each in state.tables.items()} == {"t:rows": 1, "u:events": 1}
    assert state.version == 2


def test_another_run_writes_on_what_is_there(store: Store) -> None:
    published(store, (*A, b"1"), (*B, b"1"), ("t:rows", b"c", b"1"))
    state = published(
        store,
        (*A, b"2"),
        (*B, None),
        ("t:rows", b"d", b"2"),
        ("t:rows", b"e", b"2"),
        ("t:rows", b"x", None),
        full=False,
    )
    wanted = [("t:rows", key) for key in (b"a", b"b", b"c", b"d", b"x")]
    assert store.read("flights", wanted) == [b"2", None, b"1", b"2", None]
    assert state.tables["t:rows"].keys == 4
    assert store.state("flights") == state


@pytest.mark.parametrize("full", [True, False])
def test_staged_is_what_will_be_read(store: Store, full: bool) -> None:
    published(store, (*A, b"1"), (*B, b"1"))
    run = store.begin("flights", "plan", full=full)
    store.put(run, [(*A, b"2"), ("t:rows", b"c", b"2")])
    store.put(run, [("t:rows", b"c", None)])
    wanted = [A, B, ("t:rows", b"c")]
    staged = store.staged(run, wanted)
    assert store.read("flights", wanted) == [b"1", b"1", None]
    store.publish(run, state_of())
    assert store.read("flights", wanted) == staged == [b"2", None if full else b"1", None]


@pytest.mark.parametrize("full", [True, False])
def test_to_discard_a_run_that_is_published_takes_nothing_away(store: Store, full: bool) -> None:
    published(store, (*A, b"1"), (*B, b"1"))
    run = store.begin("flights", "plan", full=full)
    store.put(run, [(*A, b"2"), (*B, b"2")])
    state = store.publish(run, state_of())
    store.discard(run)
    store.sweep(timedelta())
    assert store.snapshot("flights", [A, B]) == (state, [b"2", b"2"])
    published(store, (*A, b"3"), version=2)
    store.discard(run)
    assert store.read("flights", [A, B]) == [b"3", None]


def test_a_task_that_is_tried_again_writes_the_same(store: Store) -> None:
    run = store.begin("flights", "plan", full=True)
    assert [store.put(run, [(*A, b"1"), (*B, b"1")]) for _ in range(2)] == [2, 2]
    assert store.publish(run, state_of()).tables["t:rows"].keys == 2


def test_any_number_of_values_is_read_in_the_order_asked_for(store: Store) -> None:
    published(
        store, *(("t:rows", b"%d" % key, b"%d" % key) for key in range(0, 200, 2)), ("u:events", b"7", b"u")
    )
    wanted = [("t:rows", b"%d" % key) for key in range(199, -1, -1)]
    found = [b"%d" % key if key % 2 == 0 else None for key in range(199, -1, -1)]
    assert store.read("flights", wanted) == found
    assert store.read("flights", [("none", b"7"), *wanted, ("u:events", b"7")]) == [None, *found, b"u"]
    assert store.read("flights", []) == []


def test_stored_tables_that_come_later_and_many_of_them_are_told_apart(store: Store) -> None:
    published(store, (*A, b"a"))
    names = [f"t{place}:rows" for place in range(600)]
    run = store.begin("flights", "plan", full=False)
    store.put(run, [(name, b"k", name.encode()) for name in names])
    state = store.publish(run, state_of(2, "plan", "t:rows", *names))
    assert {each.keys for each in state.tables.values()} == {1}
    assert store.read("flights", [(name, b"k") for name in names]) == [name.encode() for name in names]
    assert store.read("flights", [A]) == [b"a"]


def test_training_sets_do_not_see_one_another(store: Store) -> None:
    published(store, (*A, b"1"))
    other = store.begin("hotels", "plan", full=True)
    store.put(other, [(*A, b"2")])
    store.publish(other, StoreState("hotels", 1, "plan", {}))
    assert [store.read(name, [A]) for name in ("flights", "hotels")] == [[b"1"], [b"2"]]


def test_of_two_runs_at_once_the_second_changes_nothing(store: Store) -> None:
    published(store, (*A, b"1"))
    first, second = (store.begin("flights", "plan", full=False) for _ in range(2))
    store.put(first, [(*A, b"2")])
    store.put(second, [(*A, b"3"), (*B, b"3")])
    store.publish(first, state_of(2))
    with pytest.raises(StoreConflictError, match="another run published training set 'flights' meanwhile"):
        store.publish(second, state_of(3))
    assert store.read("flights", [A, B]) == [b"2", None]


def test_a_run_of_another_plan_has_to_be_full(store: Store) -> None:
    with pytest.raises(StoreError, match="begin a full run"):
        store.begin("flights", "plan", full=False)
    published(store, (*A, b"1"))
    with pytest.raises(StoreError, match="nothing of training set 'flights' by this plan"):
        store.begin("flights", "another", full=False)


def test_a_run_that_has_ended_takes_no_more(store: Store) -> None:
    run = store.begin("flights", "plan", full=True)
    store.put(run, [(*A, b"1")])
    store.discard(run)
    for act in (lambda: store.put(run, [(*A, b"2")]), lambda: store.publish(run, state_of())):
        with pytest.raises(StoreConflictError, match="it has ended"):
            act()
    assert store.state("flights") is None
    store.discard(run)


def test_sweeping_ends_old_runs_and_no_others(store: Store) -> None:
    published(store, (*A, b"1"))
    run = store.begin("flights", "plan", full=False)
    assert store.sweep(timedelta(hours=1)) == 0
    store.put(run, [(*A, b"2")])
    assert store.sweep(timedelta(0)) == 1
    assert store.sweep(timedelta(0)) == 0
    with pytest.raises(StoreConflictError):
        store.put(run, [(*A, b"3")])
    assert store.read("flights", [A]) == [b"1"]


def test_a_store_is_pickled_without_its_connections(store: Store) -> None:
    published(store, (*A, b"1"))
    assert pickle.loads(pickle.dumps(store)).read("flights", [A]) == [b"1"]


def _put(url: str, run: str, place: int) -> None:
    open_store(url).put(run, [("t:rows", b"%d" % key, b"x" * 50) for key in range(place, 4000, 4)])


def test_many_processes_write_one_run(store: Store, url: str) -> None:
    run = store.begin("flights", "plan", full=True)
    workers = [multiprocessing.Process(target=_put, args=(url, run, place)) for place in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert store.publish(run, state_of()).tables["t:rows"].keys == 4000


def test_a_reader_sees_the_old_or_the_new_and_never_half(store: Store) -> None:
    keys = [("t:rows", b"%d" % key) for key in range(20)]
    published(store, *((*key, b"0") for key in keys))
    seen: set[tuple[Any, ...]] = set()
    is_over = threading.Event()

    def poll() -> None:
        while not is_over.is_set():
            state, rows = store.snapshot("flights", keys)
            seen.add((state.version if state else None, *rows))

    reader = threading.Thread(target=poll)
    reader.start()
    for version in range(2, 500):
        published(store, *((*key, b"%d" % version) for key in keys), full=version % 2 == 0, version=version)
        if len(seen) > 5:
            break
    is_over.set()
    reader.join()
    assert len(seen) > 5
    for version, *rows in seen:
        assert set(rows) == {b"0" if version == 1 else b"%d" % version}


@pytest.mark.parametrize(("scheme", "client"), [("redis", "redis"), ("postgresql", "psycopg")])
def test_a_server_that_does_not_answer_is_told_with_what_to_do(scheme: str, client: str) -> None:
    pytest.importorskip(client)
    store = open_store(f"{scheme}://me:secret@127.0.0.1:1/0")
    with pytest.raises(StoreError, match="start its server, or correct the URL or the password") as told:
        store.state("flights")
    assert "secret" not in str(told.value)
