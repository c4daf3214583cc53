"""What a request fetches from an online store, in the shape that `plan.compute` takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from skewless.serving.errors import kind_of
from skewless.serving.plan.document.layout import Layout
from skewless.serving.plan.online.stored import stored_tables
from skewless.serving.plan.serve.request import Asked
from skewless.serving.store.codec import encode_key
from skewless.serving.store.errors import StaleStoreError, StoreError
from skewless.serving.store.nested import instant_of
from skewless.serving.store.online_store import OnlineStore, Staleness, staleness
from skewless.serving.store.reading import StoredRows
from skewless.serving.store.seam import StoreState
from skewless.serving.values.durations import shortest
from skewless.serving.values.instants import micros

Given = dict[str, dict[str, Any]]
"""`{"rows": …, "events": …}`, by as-name."""


class _Use(NamedTuple):
    """A feature table of the plan as it reads a stored one: `what` is `rows` or `events`, `key` the place of its
    label columns among those of all tables."""

    name: str
    what: str
    stored: str
    columns: tuple[str, ...]
    key: int


class _Checked(NamedTuple):
    """A publication that is this plan's: between which moments its tables were materialised."""

    state: StoreState
    oldest: int
    newest: int


class Fetcher:
    """Fetches for one plan."""

    def __init__(self, layout: Layout) -> None:
        self._training_set, self._version, self._fingerprint = (
            layout.training_set,
            layout.version,
            layout.fingerprint,
        )
        keys = {table.name: tuple(column for _, column in table.join_keys) for table in layout.tables}
        # Most tables of a plan are joined by the same label columns, whose values are made a key once a request.
        self._keys = list(dict.fromkeys(keys.values()))
        self._uses = [
            _Use(
                name,
                "events" if stored.is_events else "rows",
                stored.name,
                stored.columns,
                self._keys.index(keys[name]),
            )
            for stored in stored_tables(layout.tables)
            for name in stored.used_by
        ]
        self._checked: _Checked | None = None

    @property
    def state(self) -> StoreState | None:
        """The publication that was read last."""
        return None if self._checked is None else self._checked.state

    def fetch(
        self, store: OnlineStore, asked: Sequence[Asked], max_staleness: Staleness = None
    ) -> list[Given]:
        """Rows and events for every request, from one publication and in one round trip, as the store holds them.

        A table without rows for the request's key is given as None; so is one where the key or T is null, of which
        nothing is read (J1). StoreError where the store holds another plan's rows or none, lacks a table, begins after
        T, or is too old for it.
        """
        if not isinstance(store, OnlineStore):
            raise StoreError(f"store: expected an OnlineStore, found {kind_of(store)}; OnlineStore.open(url)")
        wanted: dict[tuple[str, bytes], int] = {}
        places = [self._places(each, wanted) for each in asked]
        state, found = store.snapshot(self._training_set, list(wanted))
        checked = self._check(store, state)
        limit = store.max_staleness if max_staleness is None else staleness(max_staleness)
        for each in asked:
            _check_time(store, checked, each.at, limit)
        return [self._given(own, found) for own in places]

    def fetch_rows(self, store: OnlineStore, asked: Asked, max_staleness: Staleness = None) -> Given:
        """The same for one request, all as rows, and [] where there are no events."""
        (given,) = self.fetch(store, [asked], max_staleness)
        rows = {name: None if each is None else each.rows() for name, each in given["rows"].items()}
        events = {name: [] if each is None else each.rows() for name, each in given["events"].items()}
        return {"rows": rows, "events": events}

    def _places(self, asked: Asked, wanted: dict[tuple[str, bytes], int]) -> list[int | None]:
        """Where each use's own lies among the values that are asked for; None where nothing can match (J1)."""
        keys = [_key(asked, columns) for columns in self._keys]
        return [
            None if (key := keys[use.key]) is None else wanted.setdefault((use.stored, key), len(wanted))
            for use in self._uses
        ]

    def _given(self, places: Sequence[int | None], found: Sequence[bytes | None]) -> Given:
        given: Given = {"rows": {}, "events": {}}
        for (name, what, _, columns, _), place in zip(self._uses, places, strict=True):
            data = None if place is None else found[place]
            given[what][name] = None if data is None else StoredRows(data, columns)
        return given

    def _check(self, store: OnlineStore, state: StoreState | None) -> _Checked:
        """Whether a publication is this plan's, asked once of each."""
        known = self._checked
        if known is not None and known.state is state:
            return known
        again = f"run skewless materialize {self._training_set} --to {store.url}"
        if state is None:
            raise StoreError(
                f"online store {store.url}: nothing of training set '{self._training_set}' was materialised; {again}"
            )
        if state.fingerprint != self._fingerprint:
            raise StoreError(
                f"online store {store.url}: expected rows of the plan {self._fingerprint[:12]} (version "
                f"{self._version}), found those of {state.fingerprint[:12]} (version {state.version}); load that plan, "
                f"or {again}"
            )
        missing = [use.stored for use in self._uses if use.stored not in state.tables]
        if missing:
            raise StoreError(f"online store {store.url}: '{missing[0]}' was never materialised; {again}")
        other = next((use for use in self._uses if state.tables[use.stored].columns != use.columns), None)
        if other is not None:
            held = ", ".join(state.tables[other.stored].columns) or "none"
            raise StoreError(
                f"online store {store.url}: '{other.stored}': expected columns {', '.join(other.columns)}, found "
                f"{held}; {again}"
            )
        moments = [micros(state.tables[use.stored].materialized_at) for use in self._uses]
        checked = _Checked(state, min(moments, default=0), max(moments, default=0))
        self._checked = checked
        return checked


def _key(asked: Asked, columns: Sequence[str]) -> bytes | None:
    """The key of these columns' values; None where T or one of them is null."""
    values = [asked.values[column] for column in columns]
    return None if asked.at is None or None in values else encode_key(values)


def _check_time(store: OnlineStore, checked: _Checked, at: int | None, limit: int | None) -> None:
    if at is None:
        return
    if at < checked.newest:
        raise StoreError(
            f"online store {store.url}: it was materialised at {_text(checked.newest)} and keeps what is needed from "
            f"then on, but at is {_text(at)}; ask for a later T, or compute from the feature tables"
        )
    if limit is not None and at - checked.oldest > limit:
        raise StaleStoreError(
            f"online store {store.url}: expected to be materialised at most {shortest(limit)} before "
            f"{_text(at)}, found {_text(checked.oldest)}; run skewless materialize, or raise max_staleness"
        )


def _text(moment: int) -> str:
    return instant_of(moment).isoformat()
