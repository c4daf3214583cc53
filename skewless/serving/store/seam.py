"""The seam of online stores: what is read and written, whatever the server behind a URL.

A store holds training sets, a training set holds stored tables (`skewless.serving.plan.online.stored`), and of each the
rows of every key as bytes. What serving sees of a training set is its publication; a run writes beside it, out of
sight, and becomes the next one at once.

    run = store.begin("flights", fingerprint, full=True)
    store.put(run, [("weather:rows", encode_key(["EWR"]), encode_rows(rows))])      # from many processes
    store.staged(run, [("weather:rows", key)])                                     # what would be seen
    store.publish(run, state)                                                      # seen, at once

Every store and every run may be used by many threads and processes at once; a store survives pickling and forking.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple, Protocol

from skewless.serving.store.errors import StoreError

Wanted = Sequence[tuple[str, bytes]]
"""(stored table, key) of each value that is asked for."""

Entry = tuple[str, bytes, bytes | None]
"""(stored table, key, rows): None takes the key away."""


@dataclass(frozen=True)
class TableState:
    """A stored table as it was published.

    `source_version` is that of the feature table whose rows it holds, None where its format has no versions, and
    `source_id` the table's own id, where it has one: another table at the same place begins at version 0 again.
    `materialized_at` is the moment from which on the store answers: rows that matter only before it are not kept.
    `keys` is counted by the store when it publishes, whatever was said before. `columns` are those of the stored rows,
    which do not repeat their names.
    """

    source_version: int | None
    materialized_at: dt.datetime
    keys: int = 0
    source_id: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class StoreState:
    """What a store holds of a training set: by which plan of which version, and stored table → its state."""

    training_set: str
    version: int
    fingerprint: str
    tables: Mapping[str, TableState]

    def to_json(self) -> str:
        """The state as a store keeps it."""
        return json.dumps(asdict(self), default=dt.datetime.isoformat, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> StoreState:
        """The state that `to_json` wrote; StoreError for another text.

        >>> now = dt.datetime(2024, 7, 1, tzinfo=dt.timezone.utc)
        >>> state = StoreState("flights", 3, "ab", {"weather:rows": TableState(7, now, 2)})
        >>> StoreState.from_json(state.to_json()) == state
        True
        """
        try:
            fields = json.loads(text)
            tables = {name: _table(table) for name, table in fields.pop("tables").items()}
            return cls(**fields, tables=tables)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StoreError(
                f"online store: its state cannot be read: {error}; materialize it anew"
            ) from None


class Snapshot(NamedTuple):
    """What was read of one publication: its state, None where there is none, and the rows in the order asked for."""

    state: StoreState | None
    rows: list[bytes | None]


class Store(Protocol):
    """An online store. Everything raises StoreError, a line of text, where the store cannot be reached or read."""

    @property
    def url(self) -> str:
        """Where it is, without credentials."""
        ...

    def state(self, training_set: str) -> StoreState | None:
        """What the training set's publication says of itself; None where there is none, nor any store."""
        ...

    def snapshot(self, training_set: str, wanted: Wanted) -> Snapshot:
        """State and rows of one publication, in one round trip: that before or that behind a switch, never of both."""
        ...

    def read(self, training_set: str, wanted: Wanted) -> list[bytes | None]:
        """The rows alone."""
        ...

    def begin(self, training_set: str, fingerprint: str, *, full: bool) -> str:
        """A run's token. A full run starts from nothing, another one from what is published now.

        StoreError where a run that is not full finds no publication of the same fingerprint.
        """
        ...

    def put(self, run: str, entries: Iterable[Entry]) -> int:
        """Write entries of a run, out of sight; how many there were. The last one of a table and key counts.

        StoreConflictError where there is no such run (any more).
        """
        ...

    def staged(self, run: str, wanted: Wanted) -> list[bytes | None]:
        """What `read` would give if the run were published now."""
        ...

    def publish(self, run: str, state: StoreState) -> StoreState:
        """Make all of a run seen at once, and end it; the state with its keys counted.

        StoreConflictError where another run of the training set was published since this one began: nothing changes.
        """
        ...

    def discard(self, run: str) -> None:
        """End a run without a trace; nothing where there is none, or it is published."""
        ...

    def sweep(self, older_than: dt.timedelta) -> int:
        """End the runs that began longer ago, whose processes are taken to be dead; how many there were."""
        ...


def _table(fields: Mapping[str, object]) -> TableState:
    read = {
        **fields,
        "materialized_at": dt.datetime.fromisoformat(str(fields["materialized_at"])),
        "columns": tuple(fields.get("columns", ())),  # type: ignore[arg-type]
    }
    return TableState(**read)  # type: ignore[arg-type]
