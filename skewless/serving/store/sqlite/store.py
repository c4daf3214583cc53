"""An online store in one SQLite file: the embedded default, of the standard library alone.

A publication is a generation of entries; a run writes one of its own. Publishing a full run switches the training set
to its generation and then deletes the old one, little by little; publishing another run moves its entries over into
the published generation, in one transaction. With write-ahead logging readers wait for nobody, and a transaction sees
one state of the file.
"""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from skewless.serving.store.errors import no_base, no_run, overtaken
from skewless.serving.store.seam import Entry, Snapshot, StoreState, Wanted
from skewless.serving.store.sqlite import statements as sql
from skewless.serving.store.sqlite.connections import Connections, transaction

_BATCH = 50_000


class _Run(NamedTuple):
    generation: int
    training_set: str
    fingerprint: str
    is_full: bool
    base: int | None
    switches: int


class SqliteStore:
    """The store in a file; nothing is opened before it is asked for something."""

    def __init__(self, path: str) -> None:
        self._connections = Connections(path)
        self._state_of: tuple[str, StoreState] | None = None

    def __reduce__(self) -> tuple[type[SqliteStore], tuple[str]]:
        return SqliteStore, (self._connections.path,)

    def __repr__(self) -> str:
        return f"SqliteStore({self._connections.path!r})"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"sqlite:///{self._connections.path}"

    def state(self, training_set: str) -> StoreState | None:
        """What the training set's publication says of itself; None where there is none, nor any file."""
        return self.snapshot(training_set, ()).state

    def snapshot(self, training_set: str, wanted: Wanted) -> Snapshot:
        """State and rows of one publication: by one statement, or by several that see one state of the file."""
        found: list[tuple[Any, ...] | None] = [None]
        with self._connections.reading() as connection:
            if connection is not None and len(wanted) <= sql.AT_ONCE:
                found = [_read(connection, training_set, wanted)]
            elif connection is not None:
                with transaction(connection, "DEFERRED"):
                    parts = [
                        wanted[place : place + sql.AT_ONCE] for place in range(0, len(wanted), sql.AT_ONCE)
                    ]
                    found = [_read(connection, training_set, each) for each in parts]
        if found[0] is None:
            return Snapshot(None, [None] * len(wanted))
        return Snapshot(self._state(found[0][0]), [value for each in found if each for value in each[1:]])

    def read(self, training_set: str, wanted: Wanted) -> list[bytes | None]:
        """The rows alone."""
        return self.snapshot(training_set, wanted).rows

    def begin(self, training_set: str, fingerprint: str, *, full: bool) -> str:
        """A run's token; the file is made where there is none."""
        run = os.urandom(16).hex()
        with self._connections.writing(make=True) as connection, transaction(connection):
            found = connection.execute(sql.PUBLISHED, (training_set,)).fetchone()
            if not full and (found is None or self._state(found[2]).fingerprint != fingerprint):
                raise no_base(self.url, training_set)
            base, switches = found[:2] if found else (None, 0)
            values = (run, training_set, fingerprint, full, base, switches, time.time())
            connection.execute(sql.BEGIN_RUN, values)
        return run

    def put(self, run: str, entries: Iterable[Entry]) -> int:
        """Write entries of a run, a batch in a transaction, in the order in which they lie: a third of the time."""
        written, left = 0, iter(entries)
        while batch := list(islice(left, _BATCH)):
            with self._connections.writing() as connection, transaction(connection):
                generation = self._run(connection, run).generation
                connection.executemany(sql.PUT, [(generation, *entry) for entry in _in_order(batch)])
            written += len(batch)
        return written

    def staged(self, run: str, wanted: Wanted) -> list[bytes | None]:
        """What would be read if the run were published now."""
        with self._connections.writing() as connection, transaction(connection, "DEFERRED"):
            own = self._run(connection, run)
            below = None if own.is_full else own.base
            rows = [
                _entry(connection, own.generation, *each) or _entry(connection, below, *each)
                for each in wanted
            ]
        return [row[0] if row else None for row in rows]

    def publish(self, run: str, state: StoreState) -> StoreState:
        """Switch to the run's generation, or move its entries over; what is left over goes afterwards."""
        with self._connections.writing() as connection:
            with transaction(connection):
                own = self._run(connection, run)
                found = connection.execute(sql.PUBLISHED, (own.training_set,)).fetchone()
                if (found[1] if found else 0) != own.switches:
                    raise overtaken(self.url, own.training_set)
                counted = self._counted(connection, own, state)
                generation = _switched(connection, own)
                values = (own.training_set, generation, own.switches + 1, counted.to_json())
                connection.execute(sql.PUBLISH, values)
            _clear(connection)
        return counted

    def discard(self, run: str) -> None:
        """End a run without a trace."""
        with self._connections.reading() as connection:
            if connection is not None:
                connection.execute(sql.END_RUN, (run,))
                _clear(connection)

    def sweep(self, older_than: dt.timedelta) -> int:
        """End the runs that began longer ago."""
        with self._connections.reading() as connection:
            if connection is None:
                return 0
            before = time.time() - older_than.total_seconds()
            ended = connection.execute(sql.END_OLD_RUNS, (before,)).rowcount
            _clear(connection)
        return ended

    def _run(self, connection: sqlite3.Connection, run: str) -> _Run:
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

    def _counted(self, connection: sqlite3.Connection, own: _Run, state: StoreState) -> StoreState:
        """The state with the keys that each table has once the run is published."""
        if own.is_full:
            keys = dict(connection.execute(sql.COUNT, (own.generation,)))
        else:
            (text,) = connection.execute(sql.PUBLISHED, (own.training_set,)).fetchone()[2:]
            keys = {name: table.keys for name, table in self._state(text).tables.items()}
            for name, added in connection.execute(sql.ADDED, (own.base, own.generation)):
                keys[name] = keys.get(name, 0) + added
        tables = {name: replace(table, keys=keys.get(name, 0)) for name, table in state.tables.items()}
        return replace(state, tables=tables)


def _read(connection: sqlite3.Connection, training_set: str, wanted: Wanted) -> tuple[Any, ...] | None:
    """The state of a publication and some of its values."""
    values = [part for each in wanted for part in each]
    found: tuple[Any, ...] | None = connection.execute(
        sql.snapshot(len(wanted)), (*values, training_set)
    ).fetchone()
    return found


def _entry(
    connection: sqlite3.Connection, generation: int | None, stored: str, key: bytes
) -> tuple[bytes | None] | None:
    found: tuple[bytes | None] | None = connection.execute(sql.ENTRY, (generation, stored, key)).fetchone()
    return found


def _switched(connection: sqlite3.Connection, own: _Run) -> int:
    """The generation that is published from now on."""
    if own.is_full or own.base is None:
        connection.execute(sql.ROLE, ("published", own.generation))
        connection.execute(sql.ROLE, ("dead", own.base))
        return own.generation
    connection.execute(sql.MOVE, (own.base, own.generation))
    connection.execute(sql.TAKE_AWAY, (own.base, own.generation))
    connection.execute(sql.ROLE, ("dead", own.generation))
    return own.base


def _in_order(batch: list[Entry]) -> list[Entry]:
    """By table and key, those of one key as they came: the last one counts."""
    return sorted(batch, key=itemgetter(0, 1))


def _clear(connection: sqlite3.Connection) -> None:
    """Delete the entries of what has ended, some in a transaction so that no writer waits long."""
    for (generation,) in connection.execute(sql.DEAD).fetchall():
        while behind := connection.execute(sql.BEHIND_SOME, (generation, _BATCH)).fetchone():
            connection.execute(sql.DELETE_BEFORE, (generation, *behind))
        connection.execute(sql.DELETE_REST, (generation,))
        connection.execute(sql.FORGET, (generation,))
