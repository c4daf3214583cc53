"""Feature tables of a plan, made ready once: what a request gives of each → its values in the result."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, nearest
from skewless.serving.plan.serve.join import Row
from skewless.serving.plan.serve.stored import StoredWinner, stored_winner_of
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.plan.serve.windows import Aggregates, aggregates_of, look_back
from skewless.serving.store.reading import StoredRows
from skewless.serving.values.durations import microseconds, shortest

Rows = Mapping[str, Row | Sequence[Row] | StoredRows | None]
Events = Mapping[str, Sequence[Row] | StoredRows | None]


class TableNeeds(NamedTuple):
    """What to fetch of one feature table for a prediction.

    `keys` gives, per key column of the table, the column of the request whose value it has to equal.
    `rows` says that `rows` has to hold an entry for the table: the entity's newest row of `row_columns`, or
    several to choose from; none is older than `row_look_back` before T where that is not None. `events` says
    that `events` has to hold one: every row of `event_columns` whose event timestamp is at or after T less
    `event_look_back`. `event_timestamp` is the column of that timestamp, None in a static table.
    """

    name: str
    table: str
    keys: Mapping[str, str]
    event_timestamp: str | None
    rows: bool
    row_columns: tuple[str, ...]
    row_look_back: dt.timedelta | None
    events: bool
    event_columns: tuple[str, ...]
    event_look_back: dt.timedelta | None


class Needs(Mapping[str, TableNeeds]):
    """As-name → what to fetch of that feature table; printed, a table with a line for each thing to fetch.

    >>> print(Needs([TableNeeds("dest", "weather", {"origin": "dest"}, "seen_at", True, ("seen_at", "temp"),
    ...     dt.timedelta(hours=3), False, (), None)]))
    feature table   fetch           where           columns        since
    dest (weather)  the newest row  origin = :dest  seen_at, temp  at - 3h
    """

    def __init__(self, tables: Iterable[TableNeeds]) -> None:
        self._tables = {table.name: table for table in tables}

    def __getitem__(self, name: str) -> TableNeeds:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        """`:column` is the value that the request has for it."""
        lines = [("feature table", "fetch", "where", "columns", "since")]
        lines += [line for table in self._tables.values() for line in _lines(table)]
        widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


class CompiledTable(NamedTuple):
    """A table with its join and its windows as functions; either is None where it gives no column."""

    name: str
    label_columns: tuple[str, ...]
    columns: tuple[str, ...]
    winner: StoredWinner | None
    aggregates: Aggregates | None

    @classmethod
    def of(cls, table: JoinedTable) -> CompiledTable:
        """The table, compiled."""
        return cls(
            table.name,
            tuple(column for _, column in table.join_keys),
            tuple(table.schema),
            stored_winner_of(table) if table.columns else None,
            aggregates_of(table) if table.aggregations else None,
        )

    def values(self, request: Mapping[str, Any], rows: Rows, events: Events, at: int | None) -> Iterable[Any]:
        """The values of the table's columns; all null where T or a key of the request is."""
        entity = tuple([request[column] for column in self.label_columns])
        if at is None or None in entity:
            return (None,) * len(self.columns)
        values: tuple[Any, ...] = ()
        if self.winner is not None:
            values = self.winner(_rows(self.name, rows), entity, at)
        if self.aggregates is not None:
            values += self.aggregates(_events(self.name, events), entity, at)
        return values


def needs_of(table: JoinedTable) -> TableNeeds:
    """What to fetch of a table."""
    times = tuple(name for name in (table.event_timestamp, table.available_at) if name)
    ends = (table.valid_until,) if table.valid_until else ()
    has_rows, has_events = bool(table.columns), bool(table.aggregations)
    max_age = None if table.max_age is None else dt.timedelta(microseconds=table.max_age)
    return TableNeeds(
        name=table.name,
        table=table.table,
        keys=dict(table.join_keys),
        event_timestamp=table.event_timestamp,
        rows=has_rows,
        row_columns=tuple(dict.fromkeys((*times, *ends, *table.columns))) if has_rows else (),
        row_look_back=max_age if has_rows else None,
        events=has_events,
        event_columns=tuple(dict.fromkeys((*times, *table.event_columns))) if has_events else (),
        event_look_back=max((look_back(each.window) for each in table.aggregations), default=None),
    )


def _lines(needs: TableNeeds) -> Iterator[tuple[str, str, str, str, str]]:
    name = needs.name if needs.name == needs.table else f"{needs.name} ({needs.table})"
    where = " and ".join(f"{key} = :{column}" for key, column in needs.keys.items()) or "any"
    if needs.rows:
        yield name, "the newest row", where, ", ".join(needs.row_columns), _since(needs.row_look_back)
    if needs.events:
        yield name, "every event", where, ", ".join(needs.event_columns), _since(needs.event_look_back)


def _since(look_back: dt.timedelta | None) -> str:
    return "ever" if look_back is None else f"at - {shortest(microseconds(look_back))}"


def refuse_unknown(tables: Sequence[CompiledTable], rows: Rows, events: Events) -> None:
    """FeatureError for rows or events of a table that the plan does not have, or that gives nothing of the sort."""
    takers = {
        "rows": [table.name for table in tables if table.winner is not None],
        "events": [table.name for table in tables if table.aggregates is not None],
    }
    problems = []
    for what, given in (("rows", rows), ("events", events)):
        for name in given:
            if name not in takers[what]:
                match = nearest(str(name), takers[what])
                known = f"it takes {what} of {', '.join(takers[what]) or 'no table'}"
                hint = f"did you mean '{match}'?" if match else known
                problems.append(f"{what}: the plan takes none of '{name}'; {hint}")
    if problems:
        raise FeatureError(*problems)


def _rows(name: str, rows: Rows) -> Sequence[Row] | StoredRows:
    given = _given(name, rows, "rows", "the newest row, a list of rows, or None for no row")
    if isinstance(given, StoredRows):
        return given
    if given is None:
        return ()
    if isinstance(given, Mapping):
        return (given,)
    return _sequence(name, given, "rows")


def _events(name: str, events: Events) -> Sequence[Row] | StoredRows:
    given = _given(name, events, "events", "a list of events, [] for none")
    if isinstance(given, StoredRows):
        return given
    return () if given is None else _sequence(name, given, "events")


def _given(name: str, given: Mapping[str, Any], what: str, expected: str) -> Any:
    if name not in given:
        raise FeatureError(f"{what}: none given of feature table '{name}'; give {expected}")
    return given[name]


def _sequence(name: str, given: Any, what: str) -> Sequence[Row]:
    if not isinstance(given, (list, tuple)):
        raise FeatureError(f"{what} of feature table '{name}': expected a list, found {type(given).__name__}")
    if not all(isinstance(row, Mapping) for row in given):
        raise FeatureError(
            f"{what} of feature table '{name}': expected dicts; give a dict of columns for each"
        )
    return given
