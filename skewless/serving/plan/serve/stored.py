"""A key's only row as a store holds it → the values of the as-of join, without making a dict of the row.

What a value's head says decides how its bytes are read: that is worked out once for each head, of which the keys of a
table have a few. Whatever is not of the plainest sort goes through the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skewless.serving.aggregations.visibility import last_visible
from skewless.serving.plan.document.column_types import ColumnType
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.join import Entity, Reading, Row, is_stale, winner_of
from skewless.serving.plan.serve.tables import JoinedTable
from skewless.serving.store.kinds import NOTHING, SECOND, SECONDS, VERSION, WIDE
from skewless.serving.store.reading import StoredField, StoredLayout, StoredRows, layout_of, unreadable

OneRow = Callable[[bytes, int], tuple[Any, ...]]
"""(a value's bytes, T in microseconds) → the selected columns."""

StoredWinner = Callable[[Sequence[Row] | StoredRows, Entity, int], tuple[Any, ...]]

_ONE_ROW = (bytes([VERSION]), bytes([VERSION | WIDE]))
_MOST_HEADS = 1_000
_NULL = -1
"""Where a null lies: None is put behind the numbers."""
_UNSEEN: Any = object()

_AS_STORED = {
    *(("bigint", code) for code in "1248"),
    *(("int", code) for code in "124"),
    *(("smallint", code) for code in "12"),
    ("tinyint", "1"),
    ("double", "d"),
    ("string", "s"),
    ("boolean", "b"),
    ("binary", "y"),
    ("date", "i"),
    ("timestamp", "t"),
    ("timestamp", SECONDS),
}
"""Column types whose values enter as a store's column of that code has them; those of other columns are asked one by
one, for their width or their scale."""


def is_as_stored(kind: ColumnType, code: str) -> bool:
    """Whether a column of this type takes what a store's column of this code holds as it is."""
    return (kind.text, code) in _AS_STORED


def stored_winner_of(table: JoinedTable) -> StoredWinner:
    """`winner_of`, which takes what a store holds too."""
    by_rows, names, is_plain = winner_of(table), table.row_columns, _is_plain(table)
    width, known = 1 + len(names), dict[bytes, OneRow | None]()

    def winner(rows: Sequence[Row] | StoredRows, entity: Entity, at: int) -> tuple[Any, ...]:
        if not isinstance(rows, StoredRows):
            return by_rows(rows, entity, at)
        data = rows.data
        if not is_plain or data[:1] not in _ONE_ROW or rows.names != names:
            return by_rows(rows.rows(), entity, at)
        one = known.get(data[:width], _UNSEEN)
        if one is _UNSEEN:
            if len(known) >= _MOST_HEADS:
                known.clear()
            one = known[data[:width]] = _one_row(table, layout_of(data, len(names)))
        return by_rows(rows.rows(), entity, at) if one is None else one(data, at)

    return winner


def _is_plain(table: JoinedTable) -> bool:
    """Whether its times are instants, and no key that would have to be the entity's is among its columns."""
    times = (table.event_timestamp, table.available_at, table.valid_until)
    keys = {key for key, _ in table.join_keys}
    return all(table.types[name].kind == "timestamp" for name in times if name) and keys.isdisjoint(
        table.row_columns
    )


def _rule(table: JoinedTable, fields: Mapping[str, StoredField]) -> Callable[[tuple[Any, ...], int], bool]:
    """Whether a row of these numbers is the winner at T: visible (J2, J6), fresh and not over (J3)."""
    if table.event_timestamp is None:
        return lambda _numbers, _at: True
    event, landed = fields[table.event_timestamp], fields[table.available_at or table.event_timestamp]
    if event.kind is None or landed.kind is None:  # J5
        return lambda _numbers, _at: False
    end = fields[table.valid_until] if table.valid_until else None
    (first, unit), (other, its_unit), (last_of_all, end_unit) = map(_moment, (event, landed, end))
    delay, max_age, strict = table.delay, table.max_age, table.strict

    def wins(numbers: tuple[Any, ...], at: int) -> bool:
        seen, last = numbers[first] * unit, last_visible(at, strict)
        return (
            seen <= last
            and numbers[other] * its_unit + delay <= last
            and not is_stale(at - seen, max_age)
            and (not end_unit or at < numbers[last_of_all] * end_unit)
        )

    return wins


def _moment(field: StoredField | None) -> tuple[int, int]:
    """Where a time lies among a row's numbers, and how many microseconds its unit has: none of no time."""
    if field is None or field.kind is None:
        return _NULL, 0
    return field.first, SECOND if field.code == SECONDS else 1


def _one_row(table: JoinedTable, layout: StoredLayout) -> OneRow | None:
    """How a row of this layout is read; None where a time is stored as something else than an instant."""
    fields = dict(zip(table.row_columns, layout.fields, strict=True))
    times = [fields[name] for name in (table.event_timestamp, table.available_at, table.valid_until) if name]
    if any(each.code not in ("t", SECONDS, NOTHING) for each in times):
        return None
    own = [fields[name] for name in table.columns]
    picks = [_NULL if each.kind is None else each.first for each in own]
    # In the order in which they lie, which is that of the columns but for a selected time.
    texts = [
        (each.first, place, each.kind.read or bytes)
        for place, each in enumerate(own)
        if each.kind is not None and each.kind.fixed is None
    ]
    others = [
        (place, each.kind.read)
        for place, each in enumerate(own)
        if each.kind is not None and each.kind.fixed and each.kind.read
    ]
    wins, unpack_from, start = _rule(table, fields), layout.numbers.unpack_from, layout.start
    nothing, accept, behind = (None,) * len(own), _accept(table, own), start + layout.numbers.size

    def values(data: bytes, at: int) -> tuple[Any, ...]:
        try:
            numbers = (*unpack_from(data, start), None)
            found, place = [numbers[each] for each in picks], behind
            for length, target, read in texts:
                end = place + numbers[length]
                found[target], place = read(data[place:end]), end
            if place != len(data):
                raise ValueError("it is longer or shorter than it says")
            if not wins(numbers, at):
                return nothing
            for target, read in others:
                found[target] = read(found[target])
        except Exception as error:  # of torn bytes anything may become
            raise unreadable(error) from None
        for target, reading in accept:
            found[target] = reading.taken(found[target], 0)
        return tuple(found)

    return values


def _accept(table: JoinedTable, fields: Sequence[StoredField]) -> list[tuple[int, Reading]]:
    """The columns whose values are asked, for their width or their scale."""
    subject, kinds = f"feature table '{table.name}'", [table.types[name] for name in table.columns]
    return [
        (place, Reading(name, accepting(kind), subject))
        for place, (name, kind, field) in enumerate(zip(table.columns, kinds, fields, strict=True))
        if field.kind is not None and not is_as_stored(kind, field.code)
    ]
