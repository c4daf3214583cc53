"""Staged entries and the raw rows of some of their keys → where serving would get another value by the store.

Each key is asked at the moment of the materialization, and at later ones at which a row of it becomes visible, gets
too old, or leaves a window: from the staged entries, and from all rows that its feature table has of it.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.ground.arrow_values import python_columns
from skewless.ground.instants import DAY_IN_MICROSECONDS, utc
from skewless.ground.spark_columns import column
from skewless.parts.parity.raw_rows import entity_rows
from skewless.runs.materialize.entries import Key, Written
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.aggregations.bounds import RollingWindow
from skewless.serving.errors import FeatureError, shown
from skewless.serving.plan.document.layout import Layout
from skewless.serving.plan.online.stored import StoredTable
from skewless.serving.plan.serve.compiled import needs_of
from skewless.serving.plan.serve.join import RowTimes, time_reading, winner_of
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.plan.serve.windows import aggregates_of
from skewless.serving.store.codec import decode_rows, encode_key
from skewless.serving.store.reading import StoredRows, decode_columns
from skewless.serving.store.seam import Store
from skewless.serving.values.sameness import same

MOST_OF_A_KIND, MOST_INSTANTS = 100, 16
MOST_ROWS = 20_000
"""Rows that are gone through for one key, at all instants together."""
FIRST_ROWS = 200
"""Rows of the table in whose keys the audit looks for one that nobody else names."""

Row = Mapping[str, Any]
Rows = Sequence[Row] | StoredRows
Values = Callable[[Rows, int], tuple[Any, ...]]


class Difference(NamedTuple):
    """A value that serving would get from the store, and the one by the rules over all rows."""

    table: str
    key: str
    at: str
    column: str
    by_store: str
    by_rules: str

    def __str__(self) -> str:
        where = f"{self.table}, key {self.key}, at {self.at}"
        return f"{where}: {self.column} is {self.by_store} by the store, {self.by_rules} by its rows"


@dataclass(frozen=True)
class Audited:
    """How many keys were asked, how often in all, and what differed."""

    keys: int = 0
    instants: int = 0
    differences: tuple[Difference, ...] = ()

    def __add__(self, other: Audited) -> Audited:
        return Audited(
            self.keys + other.keys,
            self.instants + other.instants,
            self.differences + other.differences,
        )

    def to_json(self) -> dict[str, int]:
        return {
            "keys": self.keys,
            "instants": self.instants,
            "differences": len(self.differences),
        }


def audited(
    table: SourceTable,
    read: SourceTable,
    layout: Layout,
    store: Store,
    run: str,
    now: int,
    written: Written,
) -> Audited:
    """The audit of one stored table; `read` has the rows that this run has read of it."""
    stored = table.stored
    keys = _chosen(read, written)
    if not keys:
        return Audited()
    entries = store.staged(run, [(stored.name, encode_key(key)) for key in keys])
    raw = _raw_rows(table, keys)
    users = [each for each in layout.tables if each.name in stored.used_by]
    found = Audited()
    for key, data in zip(keys, entries, strict=True):
        if key in raw:
            found += _compared(stored, users, key, _fetched(stored, data), raw[key], now)
    return found


def _fetched(stored: StoredTable, data: bytes | None) -> Rows:
    """The rows as serving reads them: events by column."""
    if data is None:
        return ()
    return decode_columns(data) if stored.is_events else decode_rows(data)


def _compared(
    stored: StoredTable,
    users: Iterable[JoinedTable],
    key: Key,
    own: Rows,
    raw: Sequence[Row],
    now: int,
) -> Audited:
    moments = _instants(stored, raw, now)
    found = []
    for table in users:
        values, names = _values_of(table, stored.is_events)
        for at in moments:
            one, other = values(own, at), values(raw, at)
            found += [
                Difference(
                    table.name,
                    _told(stored, key),
                    utc(at),
                    name,
                    shown(left),
                    shown(right),
                )
                for name, left, right in zip(names, one, other, strict=True)
                if not same(left, right)
            ]
    return Audited(1, len(moments), tuple(found))


def _values_of(table: JoinedTable, is_events: bool) -> tuple[Values, tuple[str, ...]]:
    """A function of a key's rows and T that gives serving's values, or why there are none; and the columns' names."""
    # Rows of a store do not carry their keys; whose they are is what `key` says.
    keyless = table._replace(join_keys=())
    compiled: Callable[..., tuple[Any, ...]] = aggregates_of(keyless) if is_events else winner_of(keyless)
    names = tuple(each.name for each in table.aggregations) if is_events else table.columns

    def values(rows: Rows, at: int) -> tuple[Any, ...]:
        try:
            return compiled(rows, (), at)
        # Of a sum beyond 64 bits serving says so at that T, and has to say so by the store.
        except FeatureError as error:
            return (str(error),) * len(names)

    return values, names


def _told(stored: StoredTable, key: Key) -> str:
    return (
        ", ".join(f"{name}={shown(value)}" for name, value in zip(stored.key_columns, key, strict=True))
        or "()"
    )


def _chosen(read: SourceTable, written: Written) -> list[Key]:
    """The keys to ask: of each kind those of the least hashes that tasks have named, and some of the table's own."""
    by_kind: dict[str, set[Key]] = {"in the table": _of_the_table(read)}
    for kind, key in written.sampled:
        by_kind.setdefault(kind, set()).add(key)
    chosen: dict[Key, None] = {}
    for keys in by_kind.values():
        chosen |= dict.fromkeys(sorted(keys, key=lambda key: zlib.crc32(encode_key(key)))[:MOST_OF_A_KIND])
    return list(chosen)


def _of_the_table(read: SourceTable) -> set[Key]:
    """Keys of the first rows themselves: one that the selection drops as a whole is seen by no task."""
    names = read.stored.key_columns
    if not names:
        return {()}
    rows = read.side.rows.where(read.side.is_matchable()).select(*map(column, names))
    return set(zip(*python_columns(rows.limit(FIRST_ROWS).toArrow()).values(), strict=True))


def _raw_rows(table: SourceTable, keys: Sequence[Key]) -> Mapping[Key, Sequence[Row]]:
    """Key → its rows, of all times; without the keys that have more than an audit holds."""
    stored, rows = table.stored, table.source.rows
    schema = to_arrow_schema(rows.select(*map(column, stored.key_columns)).schema)
    values = list(zip(*keys, strict=True)) if stored.key_columns else []
    asked = pa.table(
        [pa.array(each, kind) for each, kind in zip(values, schema.types, strict=True)],
        schema,
    )
    pairs = [(name, name) for name in stored.key_columns]
    found, left_out = entity_rows(rows, pairs, asked, stored.columns)
    return {key: found.get(key, ()) for key in keys if key not in left_out}


def _instants(stored: StoredTable, rows: Sequence[Row], now: int) -> list[int]:
    """`now`, and later instants around which the key's values may change, spread over all of these."""
    later = sorted({at for at in _turns(stored, rows, now) if at > now})
    most = max(2, min(MOST_INSTANTS, MOST_ROWS // max(1, len(rows)))) - 1
    return [now, *later[:: max(1, -(-len(later) // most))]]


def _turns(stored: StoredTable, rows: Sequence[Row], now: int) -> Iterator[int]:
    table = stored.table
    times = RowTimes.of(table)._replace(keys=())
    ends = None if stored.is_events else time_reading(table, table.valid_until)
    moments = []
    for event, landed, position in times.visible(rows, (), 2**63):
        moments.append(max(event, landed))
        if stored.is_events:
            moments += [event + each for each in _lengths(table)]
        elif table.max_age is not None:
            moments.append(event + table.max_age)
        if ends is not None and (end := ends.of(rows[position], position)) is not None:
            moments.append(end)
    yield from (moment + by for moment in moments for by in (0, 1))
    # Windows of the calendar turn at midnights, which these are behind.
    yield from (now + days * DAY_IN_MICROSECONDS for days in (1, 2, 7, 31))


def _lengths(table: JoinedTable) -> Iterator[int]:
    for each in table.aggregations:
        if isinstance(each.window, RollingWindow):
            yield from (each.window.offset, each.window.offset + each.window.length)
    back = needs_of(table).event_look_back
    if back is not None:
        yield back // dt.timedelta(microseconds=1)
