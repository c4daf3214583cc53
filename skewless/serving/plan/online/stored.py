"""What a plan has a store hold: a stored table for each thing that it needs of a feature table, each once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from skewless.serving.plan.online.kept import kept_events, kept_rows
from skewless.serving.plan.serve.compiled import needs_of
from skewless.serving.plan.serve.join import Row
from skewless.serving.plan.serve.tables import JoinedTable


class StoredTable(NamedTuple):
    """A unit of an online store: what one plan needs of one feature table, by key.

    `name` is what the store calls it: the first as-name that uses it and `rows` or `events`, such as `weather:rows`.
    `used_by` are the as-names of feature tables that read it: a table that is joined twice, as `origin` and as `dest`,
    is stored once where both select the same. `key_columns` are the table's columns whose values make the key, in this
    order (`encode_key`); `columns` are those of the stored rows.
    """

    name: str
    table: JoinedTable
    is_events: bool
    used_by: tuple[str, ...]
    key_columns: tuple[str, ...]
    columns: tuple[str, ...]

    def kept(self, rows: Sequence[Row], now: int) -> list[dict[str, object]]:
        """What the store keeps of one key's rows at `now` (microseconds since 1970), of the columns that it holds."""
        keep = kept_events if self.is_events else kept_rows
        return [{name: row[name] for name in self.columns} for row in keep(rows, self.table, now)]


def stored_tables(tables: Sequence[JoinedTable]) -> tuple[StoredTable, ...]:
    """The stored tables of a plan, `read_layout(document).tables`, in their order."""
    found: dict[object, StoredTable] = {}
    for table in tables:
        for own in _of(table):
            same = found.setdefault(_content(own), own)
            found[_content(own)] = same._replace(used_by=tuple(dict.fromkeys((*same.used_by, table.name))))
    return tuple(found.values())


def _of(table: JoinedTable) -> Iterator[StoredTable]:
    needs, keys = needs_of(table), tuple(key for key, _ in table.join_keys)
    if needs.rows:
        yield StoredTable(f"{table.name}:rows", table, False, (), keys, needs.row_columns)
    if needs.events:
        yield StoredTable(f"{table.name}:events", table, True, (), keys, needs.event_columns)


def _content(stored: StoredTable) -> object:
    """All that decides what is stored; two tables with the same are one."""
    table = stored.table
    windows = tuple(each.window for each in table.aggregations) if stored.is_events else ()
    selected = () if stored.is_events else (table.max_age, table.valid_until, table.columns)
    return (
        stored.is_events,
        table.table,
        stored.key_columns,
        stored.columns,
        table.event_timestamp,
        table.available_at,
        table.delay,
        table.strict,
        table.timezone,
        tuple(table.types[name].text for name in (*stored.key_columns, *stored.columns)),
        windows,
        selected,
    )
