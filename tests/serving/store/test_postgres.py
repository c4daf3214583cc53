"""What is PostgreSQL's own: connections that break, and passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from skewless import OnlineStore, StoreError
from skewless.serving.store.opening import open_store
from tests.helpers.plans import NOON
from tests.helpers.servers import POSTGRES, free_port, postgres_data, postgres_on, postgres_server
from tests.serving.plan.online.test_fetch import PLAN, materialised, request
from tests.serving.store.test_stores import A, published

psycopg = pytest.importorskip("psycopg", reason="needs psycopg: pip install 'skewless[postgres]'")
pytestmark = pytest.mark.skipif(POSTGRES is None, reason="needs PostgreSQL's server")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def break_connections(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")


def test_a_connection_that_breaks_is_replaced_by_a_reader_and_told_to_a_writer(url: str) -> None:
    store = open_store(url)
    published(store, (*A, b"1"))
    break_connections(url)
    assert store.read("flights", [A]) == [b"1"]
    break_connections(url)
    with pytest.raises(StoreError, match="online store postgresql://127"):
        store.begin("flights", "plan", full=True)
    assert store.begin("flights", "plan", full=True)


def refusal(store: OnlineStore) -> str:
    """Why nothing is served. Not by `pytest.raises`, whose cycle of frames would keep connections open."""
    try:
        return f"served {PLAN.serve(store, request(), at=NOON)}"
    except StoreError as error:
        return str(error)


def test_a_server_that_is_stopped_is_told_and_the_same_store_serves_once_it_is_back() -> None:
    port = free_port()
    with postgres_data() as data:
        with postgres_on(data, port) as url:
            materialised(url)
            store = OnlineStore.open(url)
            vector = PLAN.serve(store, request(), at=NOON)
        for _ in range(2):  # by the connection that it had, and by a new one
            said = refusal(store)
            assert said.startswith(f"online store postgresql://127.0.0.1:{port}/postgres: ")
            assert said.endswith("; start its server, or correct the URL or the password")
            assert "cret" not in said
            assert "\n" not in said
        with postgres_on(data, port):
            assert PLAN.serve(store, request(), at=NOON) == vector
        with postgres_on(data, port):  # stopped and started while nobody asked
            assert PLAN.serve(store, request(), at=NOON) == vector


def test_a_forked_process_has_a_connection_of_its_own(url: str) -> None:
    store = open_store(url)
    published(store, (*A, b"1"))
    child = os.fork()
    if child == 0:
        try:
            published(store, (*A, b"2"), full=False)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    assert store.read("flights", [A]) == [b"2"]


@pytest.mark.parametrize(
    "changed",
    [
        ("/postgres", "/none"),
        ("se%3Acret", "se%cret"),
        (":se%3Acret@127.0.0.1:", ":se%3Acret@127.0.0.1:1"),
        ("/postgres", "/postgres?passwor=secret"),
    ],
)
def test_a_server_that_cannot_be_asked_is_told_without_the_password(
    url: str, changed: tuple[str, str]
) -> None:
    with pytest.raises(StoreError, match="online store postgresql://127") as caught:
        open_store(url.replace(*changed)).state("flights")
    assert "cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_secret_is_in_the_text_of_a_store(url: str) -> None:
    assert "cret" not in f"{open_store(url)!r} {open_store(url).url}"
