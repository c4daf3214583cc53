"""Staged entries and the raw rows of some of their keys → where serving would get another value by the store.

Whole requests are fetched and computed by the published plan, from the store as it would be seen once the run is
published: at the moment of the materialization, and at later ones at which a row becomes visible, gets too old, or
leaves a window. The same requests are computed from the rows that the feature tables themselves have.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema

from skewless.ground.arrow_values import python_columns
from skewless.ground.instants import DAY_IN_MICROSECONDS, MICROSECOND, could_be_within, utc
from skewless.ground.spark_columns import column
from skewless.parts.parity.raw_rows import entity_rows
from skewless.runs.materialize.entries import Key, Written
from skewless.runs.materialize.requests import Request, key_of, requests_of, turns
from skewless.runs.materialize.sources import UNCHANGED, Work
from skewless.runs.materialize.staged import Staged, plan_of_inputs
from skewless.runs.materialize.tables import SourceTable
from skewless.serving.errors import FeatureError, shown
from skewless.serving.plan.document.layout import Layout
from skewless.serving.plan.online.stored import StoredTable
from skewless.serving.plan.serve.compiled import needs_of
from skewless.serving.plan.serve.serving_plan import ServingPlan
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.store.codec import encode_key
from skewless.serving.store.nested import instant_of
from skewless.serving.store.online_store import OnlineStore
from skewless.serving.values.sameness import same

MOST_OF_A_KIND, MOST_INSTANTS = 40, 12
MOST_ROWS = 20_000
"""Rows that are gone through for one request, at all instants together."""
FIRST_ROWS = 200
"""Rows of the table in whose keys the audit looks for one that nobody else names."""

Row = Mapping[str, Any]
Rows = Mapping[Key, Sequence[Row]]


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
    """Of how many keys requests asked, how often in all, and what differed."""

    keys: int = 0
    instants: int = 0
    differences: tuple[Difference, ...] = ()

    def to_json(self) -> dict[str, int]:
        return {
            "keys": self.keys,
            "instants": self.instants,
            "differences": len(self.differences),
        }


class Part(NamedTuple):
    """What a feature table of the plan reads of a stored table that this run wrote, and the raw rows of some keys."""

    table: JoinedTable
    stored: StoredTable
    rows: Rows

    def of(self, request: Request) -> Sequence[Row] | None:
        """The raw rows that a request asks for; None where it asks for none, or for more than an audit holds."""
        key = key_of(request, self.table)
        return None if key is None else self.rows.get(key)

    def told(self, request: Request) -> str:
        """The key that a request asks for, as a person reads it."""
        pairs = zip(self.stored.key_columns, key_of(request, self.table) or (), strict=True)
        return ", ".join(f"{name}={shown(value)}" for name, value in pairs) or "()"

    @property
    def columns(self) -> Iterator[tuple[str, str]]:
        """Result column, and what the table calls it."""
        results, width = list(self.table.schema), len(self.table.columns)
        if self.stored.is_events:
            return zip(results[width:], [each.name for each in self.table.aggregations], strict=True)
        return zip(results[:width], self.table.columns, strict=True)


def audited(works: Sequence[tuple[Work, Written]], layout: Layout, staged: Staged, now: int) -> Audited:
    """The audit of a run: of the tables that it wrote, since the others were audited when they were written."""
    wrote = [(work, written) for work, written in works if work.mode != UNCHANGED or written.keys]
    by_name = {table.name: table for table in layout.tables}
    keys: dict[str, list[Key]] = {}
    for work, written in wrote:
        for name in work.table.stored.used_by:
            keys.setdefault(name, []).extend(_chosen(work, written))
    requests = requests_of(layout.tables, layout.labels, keys)
    parts = [
        Part(by_name[name], work.table.stored, rows)
        for work, _ in wrote
        for rows in [_raw_rows(work.table, _asked(requests, work.table.stored, by_name), now)]
        for name in work.table.stored.used_by
    ]
    staged.look_up(
        (part.stored.name, encode_key(key))
        for part in parts
        for request in requests
        if (key := key_of(request, part.table)) is not None
    )
    plan, store = plan_of_inputs(layout), staged.as_store()
    keys_asked: set[tuple[str, Key | None]] = set()
    differences: list[Difference] = []
    instants = 0
    for request in requests:
        own = [part for part in parts if part.of(request) is not None]
        moments = _instants(own, request, now)
        keys_asked |= {(part.stored.name, key_of(request, part.table)) for part in own}
        instants += len(moments)
        for at in moments:
            differences += _differences(plan, store, own, request, at)
    return Audited(len(keys_asked), instants, tuple(differences))


def _differences(
    plan: ServingPlan, store: OnlineStore, parts: Sequence[Part], request: Request, at: int
) -> Iterator[Difference]:
    """Where the vector of one request at one T differs by the store, among the columns of these parts."""
    moment = instant_of(at)
    # What this run has not written is the store's on both sides.
    raw = plan.fetch(store, request, at=moment)
    for part in parts:
        raw["events" if part.stored.is_events else "rows"][part.table.name] = list(part.of(request) or ())
    by_store = _vector(plan, lambda: plan.serve(store, request, at=moment))
    by_rules = _vector(plan, lambda: plan.compute(request, rows=raw["rows"], events=raw["events"], at=moment))
    for part in parts:
        for result, name in part.columns:
            one, other = by_store[result], by_rules[result]
            if not same(one, other):
                told = part.told(request)
                yield Difference(part.table.name, told, utc(at), name, shown(one), shown(other))


def _vector(plan: ServingPlan, values: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Every column, or in its place why there is no vector."""
    try:
        return values()
    # Of a sum beyond 64 bits serving says so at that T, and has to say so by the store.
    except FeatureError as error:
        return dict.fromkeys(plan.columns, str(error))


def _asked(requests: Sequence[Request], stored: StoredTable, tables: Mapping[str, JoinedTable]) -> list[Key]:
    """The keys of a stored table that requests ask for, each once."""
    keys = [key_of(request, tables[name]) for request in requests for name in stored.used_by]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _chosen(work: Work, written: Written) -> list[Key]:
    """The keys to ask: of each kind those of the least hashes that tasks have named, and some of the table's own."""
    by_kind: dict[str, set[Key]] = {}
    if work.mode != UNCHANGED:
        by_kind["in the table"] = _of_the_table(work.read)
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


def _raw_rows(table: SourceTable, keys: Sequence[Key], now: int) -> Rows:
    """Key → its rows, but those of twice its look-back ago; without the keys that have more than an audit holds."""
    if not keys:
        return {}
    stored, rows, needs = table.stored, table.source.rows, needs_of(table.stored.table)
    back = needs.event_look_back if stored.is_events else needs.row_look_back
    if needs.event_timestamp is not None and back is not None:
        kind = rows.schema[needs.event_timestamp].dataType
        oldest = now - 2 * (back // MICROSECOND) - DAY_IN_MICROSECONDS
        # Not what the selection rules out: a row that is a little too old is what a difference may come from.
        rows = rows.where(could_be_within(column(needs.event_timestamp), kind, oldest, None))
    schema = to_arrow_schema(rows.select(*map(column, stored.key_columns)).schema)
    values = list(zip(*keys, strict=True)) if stored.key_columns else []
    asked = pa.table(
        [pa.array(each, kind) for each, kind in zip(values, schema.types, strict=True)],
        schema,
    )
    pairs = [(name, name) for name in stored.key_columns]
    found, left_out = entity_rows(rows, pairs, asked, stored.columns)
    return {key: found.get(key, ()) for key in keys if key not in left_out}


def _instants(parts: Sequence[Part], request: Request, now: int) -> list[int]:
    """`now`, and later instants around which the request's values may change, spread over all of these."""
    rows = [(part, part.of(request) or ()) for part in parts]
    later = sorted({at for part, own in rows for at in turns(part.stored, own, now)})
    size = sum(len(own) for _, own in rows)
    most = max(2, min(MOST_INSTANTS, MOST_ROWS // max(1, size))) - 1
    return [now, *later[:: max(1, -(-len(later) // most))]]
