"""An online store in a PostgreSQL server, with the generations of the SQLite store: a full run is published by a
switch, another run's entries move over into the published generation, either in one transaction.

A connection belongs to one thread of one process. One that breaks is replaced where something was only to be read, and
else told, and replaced at the next call.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

import psycopg

from skewless.serving.errors import first_line
from skewless.serving.store.errors import StoreError, no_base, no_run, overtaken, redacted, unreachable
from skewless.serving.store.own_connection import OwnConnection
from skewless.serving.store.postgres_server import statements as sql
from skewless.serving.store.seam import Entry, Snapshot, StoreState, Wanted

_BATCH = 10_000


class _Run(NamedTuple):
    generation: int
    training_set: str
    is_full: bool
    base: int | None
    switches: int


class PostgresStore:
    """The store behind a URL as libpq takes it; a password may also be in PGPASSWORD or a password file."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.url = redacted(url)
        self._local = threading.local()
        self._state_of: tuple[str, StoreState] | None = None

    def __reduce__(self) -> tuple[type[PostgresStore], tuple[str]]:
        return PostgresStore, (self._url,)

    def __repr__(self) -> str:
        return f"PostgresStore({self.url!r})"

    def state(self, training_set: str) -> StoreState | None:
        """What the training set's publication says of itself."""
        return self.snapshot(training_set, ()).state

    def snapshot(self, training_set: str, wanted: Wanted) -> Snapshot:
        """State and rows of one publication, by one statement."""
        had_one = self._own() is not None
        try:
            found = self._found(training_set, wanted)
        except StoreError:
            # One that stood until now may be gone with a server that was stopped and started: another one is asked.
            if not had_one or self._own() is not None:
                raise
            found = self._found(training_set, wanted)
        if not found:
            return Snapshot(None, [None] * len(wanted))
        rows = [value for _, value in found] if wanted else []
        return Snapshot(self._state(found[0][0]), rows)

    def read(self, training_set: str, wanted: Wanted) -> list[bytes | None]:
        """The rows alone."""
        return self.snapshot(training_set, wanted).rows

    def begin(self, training_set: str, fingerprint: str, *, full: bool) -> str:
        """A run's token; the tables are made where there are none."""
        run = os.urandom(16).hex()
        with self._asked() as connection, connection.transaction():
            connection.execute(sql.LOCK, ("",))
            for statement in sql.SCHEMA:
                connection.execute(statement)
            connection.execute(sql.LOCK, (training_set,))
            found = connection.execute(sql.PUBLISHED, (training_set,)).fetchone()
            if not full and (found is None or self._state(found[2]).fingerprint != fingerprint):
                raise no_base(self.url, training_set)
            base, switches = found[:2] if found else (None, 0)
            connection.execute(sql.BEGIN_RUN, (run, training_set, fingerprint, full, base, switches))
        return run

    def put(self, run: str, entries: Iterable[Entry]) -> int:
        """Write entries of a run, a batch in a transaction, in the order of their keys: two writers of one key wait."""
        written, left = 0, iter(entries)
        while batch := list(islice(left, _BATCH)):
            last = sorted({(stored, key): rows for stored, key, rows in batch}.items())
            values = [list(column) for column in zip(*((*place, rows) for place, rows in last), strict=True)]
            with self._asked() as connection, connection.transaction():
                connection.execute(sql.PUT, (self._run(connection, run).generation, *values))
            written += len(batch)
        return written

    def staged(self, run: str, wanted: Wanted) -> list[bytes | None]:
        """What would be read if the run were published now."""
        with self._asked() as connection, connection.transaction():
            own = self._run(connection, run)
            below = None if own.is_full else own.base
            found = connection.execute(sql.STAGED, (*_columns(wanted), own.generation, below))
            return [value for (value,) in found]

    def publish(self, run: str, state: StoreState) -> StoreState:
        """Switch to the run's generation, or move its entries over; what is left over goes afterwards."""
        with self._asked() as connection:
            with connection.transaction():
                own = self._run(connection, run)
                connection.execute(sql.LOCK, (own.training_set,))
                found = connection.execute(sql.PUBLISHED, (own.training_set,)).fetchone()
                if (found[1] if found else 0) != own.switches:
                    raise overtaken(self.url, own.training_set)
                generation = _switched(connection, own)
                keys = dict(connection.execute(sql.COUNT, (generation,)).fetchall())
                tables = {
                    name: replace(table, keys=keys.get(name, 0)) for name, table in state.tables.items()
                }
                counted = replace(state, tables=tables)
                values = (own.training_set, generation, own.switches + 1, counted.to_json())
                connection.execute(sql.PUBLISH, values)
            _clear(connection)
        return counted

    def discard(self, run: str) -> None:
        """End a run without a trace."""
        with self._asked() as connection:
            connection.execute(sql.END_RUN, (run,))
            _clear(connection)

    def sweep(self, older_than: dt.timedelta) -> int:
        """End the runs that began longer ago."""
        with self._asked() as connection:
            try:
                ended = connection.execute(sql.END_OLD_RUNS, (older_than,)).rowcount
            except psycopg.errors.UndefinedTable:
                return 0
            _clear(connection)
        return ended

    def _run(self, connection: psycopg.Connection[Any], run: str) -> _Run:
        found = connection.execute(sql.RUN, (run,)).fetchone()
        if found is None:
            raise no_run(self.url, run)
        return _Run(*found)

    def _state(self, text: str) -> StoreState:
        """Read once for all requests of a publication: it takes as long as the rows of one."""
        known = self._state_of
        if known is None or known[0] != text:
            known = self._state_of = text, StoreState.from_json(text)
        return known[1]

    @contextmanager
    def _asked(self) -> Iterator[psycopg.Connection[Any]]:
        """This thread's connection; whatever psycopg raises is a StoreError of a line, without the URL's password."""
        try:
            yield self._connection()
        except psycopg.ProgrammingError as error:
            if error.sqlstate is None:  # a URL that cannot be read, which libpq repeats
                raise StoreError(
                    f"online store {self.url}: no URL of a server; escape its password by %"
                ) from None
            raise StoreError(f"online store {self.url}: {_line(error)}") from error
        except psycopg.OperationalError as error:
            raise unreachable(self.url, _line(error)) from error
        except psycopg.Error as error:
            raise StoreError(f"online store {self.url}: {_line(error)}") from error

    def _found(self, training_set: str, wanted: Wanted) -> list[Any]:
        with self._asked() as connection:
            try:
                return connection.execute(sql.SNAPSHOT, (*_columns(wanted), training_set)).fetchall()
            except psycopg.errors.UndefinedTable:  # nobody began a run yet
                return []

    def _own(self) -> psycopg.Connection[Any] | None:
        """This thread's connection, where it has one that stands."""
        own: OwnConnection[psycopg.Connection[Any]] | None = getattr(self._local, "own", None)
        if own is None or not own.is_of_this_process or own.connection.closed:
            return None
        return own.connection

    def _connection(self) -> psycopg.Connection[Any]:
        found = self._own()
        if found is None:
            found = psycopg.connect(self._url, autocommit=True)
            self._local.own = OwnConnection(found)
        return found


def _columns(wanted: Wanted) -> tuple[list[str], list[bytes]]:
    return [stored for stored, _ in wanted], [key for _, key in wanted]


def _switched(connection: psycopg.Connection[Any], own: _Run) -> int:
    """The generation that is published from now on."""
    if own.is_full or own.base is None:
        connection.execute(sql.ROLE, ("published", own.generation))
        connection.execute(sql.ROLE, ("dead", own.base))
        return own.generation
    connection.execute(sql.MOVE, (own.base, own.generation))
    connection.execute(sql.TAKE_AWAY, (own.base, own.generation))
    connection.execute(sql.ROLE, ("dead", own.generation))
    return own.base


def _clear(connection: psycopg.Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(sql.CLEAR)
        connection.execute(sql.FORGET)


def _line(error: Exception) -> str:
    return first_line(error) or type(error).__name__
