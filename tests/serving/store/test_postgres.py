"""What is PostgreSQL's own: connections that break, and passwords."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from skewless import StoreError
from skewless.serving.store.opening import open_store
from tests.helpers.servers import POSTGRES, postgres_server
from tests.serving.store.test_stores import A, published

psycopg = pytest.importorskip("psycopg", reason="needs psycopg: pip install 'skewless[postgres]'")
pytestmark = pytest.mark.skipif(POSTGRES is None, reason="needs PostgreSQL's server")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def test_a_connection_that_breaks_is_told_and_replaced_at_the_next_call(url: str) -> None:
    store = open_store(url)
    published(store, (*A, b"1"))
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    with pytest.raises(StoreError, match="online store postgresql://127"):
        store.read("flights", [A])
    assert store.read("flights", [A]) == [b"1"]


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
