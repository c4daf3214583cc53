"""Connections to a store's file: one for each thread of each process, opened when it is first asked for."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from skewless.serving.store.errors import StoreConflictError, StoreError
from skewless.serving.store.own_connection import OwnConnection
from skewless.serving.store.sqlite.statements import FORMAT, SCHEMA

_BUSY_SECONDS = 60.0
_WRITERS_CACHE = "PRAGMA cache_size = -64000"
"""64 MB: with SQLite's own 2 MB, pages of a batch are written more than once."""


class Connections:
    """The connections to one file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection | None]:
        """This thread's connection, None where there is no store; whatever SQLite raises is a StoreError of a line."""
        try:
            yield self._connection(make=False)
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    @contextmanager
    def writing(self, make: bool = False) -> Iterator[sqlite3.Connection]:
        """This thread's connection; without `make`, a store that is gone has taken the run with it."""
        try:
            connection = self._connection(make)
            if connection is None:
                raise StoreConflictError(f"online store sqlite:///{self.path}: it is gone; run it again")
            connection.execute(_WRITERS_CACHE)
            yield connection
        except (sqlite3.Error, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: Exception) -> StoreError:
        return StoreError(f"online store sqlite:///{self.path}: {error}")

    def _connection(self, make: bool) -> sqlite3.Connection | None:
        own: OwnConnection[sqlite3.Connection] | None = getattr(self._local, "own", None)
        if own is not None and own.is_of_this_process:
            return own.connection
        if not make and not Path(self.path).exists():
            return None
        own = self._opened(make)
        if own is None:
            return None
        self._local.own = own
        return own.connection

    def _opened(self, make: bool) -> OwnConnection[sqlite3.Connection] | None:
        mode = "rwc" if make else "rw"
        connection = sqlite3.connect(
            f"file:{quote(self.path)}?mode={mode}",
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # one thread works with it, and whichever lets it go closes it
            uri=True,
        )
        own = OwnConnection(connection)  # before anything can fail, so that it is closed then too
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == 0 and not make:
            return None
        if version not in (0, FORMAT):
            raise StoreError(
                f"online store sqlite:///{self.path}: expected format {FORMAT}, found {version}; "
                "it is another release's, or no store"
            )
        connection.execute("PRAGMA synchronous = NORMAL")
        if version == 0:
            self._make(connection)
        return own

    def _make(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if tables and version == 0:
                raise StoreError(
                    f"online store sqlite:///{self.path}: it is another database, with {tables} tables or indexes; "
                    "give a path of its own"
                )
            for statement in SCHEMA:
                connection.execute(statement)


@contextmanager
def transaction(connection: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """A transaction, which sees one state of the file: kept where the block ends, undone where it raises."""
    connection.execute("BEGIN IMMEDIATE" if kind == "IMMEDIATE" else "BEGIN DEFERRED")
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
