"""The rules of the as-of join as plain loops, written to be read beside the contract.

Label events and feature rows are dicts of plain Python values. A time is an aware datetime (an instant), a
naive datetime (a local time, TIMESTAMP_NTZ), a date, or None.
"""

from __future__ import annotations

import math
import operator
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cmp_to_key
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
NEVER = datetime.max.replace(tzinfo=timezone.utc)


class Map(dict[Any, Any]):
    """A map value: its entries have no order of their own, unlike the fields of a struct (a plain dict)."""


@dataclass(frozen=True, kw_only=True)
class OracleTable:
    """A feature table: `keys` are pairs (table key, label column), () for a table about the whole world.

    `event_timestamp` is None exactly for a static table, whose rows are always visible. `columns` are the
    selected columns in the order in which they settle ties. `timezone` is that of local times and dates.
    """

    name: str
    keys: tuple[tuple[str, str], ...]
    event_timestamp: str | None = None
    available_at: str | None = None
    delay: timedelta = timedelta(0)
    max_age: timedelta | None = None
    valid_until: str | None = None
    strict: bool = False
    static: bool = False
    columns: tuple[str, ...] = ()
    timezone: str | None = None

    def __post_init__(self) -> None:
        if self.static == (self.event_timestamp is not None):
            raise ValueError(f"oracle table {self.name!r}: expected either static or an event_timestamp")


def asof(
    label_events: list[Row], table: OracleTable, rows: list[Row], t: str, label_timezone: str | None = None
) -> list[Row | None]:
    """Give, per label event and in their order, the selected columns of its winning row, or None.

    `t` names the label events' time column, whose local times and dates are of `label_timezone`. None means
    that no row is visible, that the winner is stale or over, or that a key or T is null; a null inside the
    winning row stays one.
    """
    return [
        {column: winner[column] for column in table.columns}
        if winner and _survives(winner, moment, table)
        else None
        for winner, moment in _winners(label_events, table, rows, t, label_timezone)
    ]


def of_exactly_t(label_events: list[Row], table: OracleTable, rows: list[Row], t: str) -> list[bool]:
    """Say, per label event, whether its winning row became true or available at T itself (J2), stale or over or not."""
    return [
        winner is not None
        and not table.static
        and moment in (_event(winner, table), _available(winner, table))
        for winner, moment in _winners(label_events, table, rows, t, None)
    ]


def _winners(
    label_events: list[Row], table: OracleTable, rows: list[Row], t: str, label_timezone: str | None
) -> Iterator[tuple[Row | None, datetime]]:
    rows_by_entity: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if not matches_nothing(row, table):
            rows_by_entity[tuple(row[key] for key, _ in table.keys)].append(row)
    for label in label_events:
        entity = tuple(label[column] for _, column in table.keys)
        moment = instant(label[t], label_timezone)
        if moment is None or None in entity:
            yield None, NEVER
        else:
            yield _winner(moment, table, rows_by_entity.get(entity, [])), moment


def matches_nothing(row: Row, table: OracleTable) -> bool:
    """Say whether a feature row has a null key, event timestamp or declared `available_at` (J5)."""
    needed = [key for key, _ in table.keys]
    needed += [column for column in (table.event_timestamp, table.available_at) if column is not None]
    return any(row[column] is None for column in needed)


def instant(value: datetime | date | None, zone: str | None) -> datetime | None:
    """Give the UTC instant of a time, reading local times and dates in `zone` (J9).

    A date is midnight of the zone, else of UTC. A repeated local time is the earlier instant; one that the
    clocks skip is read with the offset before the change, which gives the later wall time.
    Raises ValueError for a local time without a zone.
    """
    if value is None:
        return None
    if not isinstance(value, datetime):
        value, zone = datetime(value.year, value.month, value.day), zone or "UTC"
    if value.tzinfo is None:
        if zone is None:
            raise ValueError(f"local time {value.isoformat()}: expected a time zone, found none; declare it")
        value = value.replace(tzinfo=ZoneInfo(zone), fold=0)
    return value.astimezone(timezone.utc)


def compare(left: Any, right: Any) -> int:
    """Say whether `left` is smaller (-1), the same (0) or greater (1); both are values of one column.

    None is the smallest value of every type, -0.0 < 0.0, NaN equals itself and is the greatest number. Text
    compares by its UTF-8 bytes, lists (arrays) and dicts (structs) element by element with a shorter prefix
    first, a `Map` by its sorted entries; bool, int, Decimal, bytes, date and datetime by their own order.
    """
    if left is None or right is None:
        return (left is not None) - (right is not None)
    if isinstance(left, Map):
        return compare(_sorted_entries(left), _sorted_entries(right))
    if isinstance(left, dict):
        return compare(list(left.values()), list(right.values()))
    if isinstance(left, list):
        return _compare_lists(left, right)
    if isinstance(left, float) or isinstance(right, float):
        left, right = _float_rank(left), _float_rank(right)
    if isinstance(left, str):
        left, right = left.encode(), right.encode()
    return int(left > right) - int(left < right)


def _winner(moment: datetime, table: OracleTable, rows: list[Row]) -> Row | None:
    visible = [row for row in rows if table.static or _is_visible(row, moment, table)]
    return max(visible, key=lambda row: cmp_to_key(compare)(_rank(row, table)), default=None)


def _survives(winner: Row, moment: datetime, table: OracleTable) -> bool:
    return table.static or not (_is_stale(winner, moment, table) or _is_over(winner, moment, table))


def _is_visible(row: Row, moment: datetime, table: OracleTable) -> bool:
    """J2 and J6: both the event and its availability are at or before T (strict: before T)."""
    reached = operator.lt if table.strict else operator.le
    return bool(reached(_event(row, table), moment) and reached(_available(row, table), moment))


def _rank(row: Row, table: OracleTable) -> list[Any]:
    """J4: what decides between two visible rows, most important first."""
    times = [] if table.event_timestamp is None else [_event(row, table)]
    if times or table.available_at is not None:
        times.append(_available(row, table))
    ends = _ends(row, table)
    return [*times, *(row[column] for column in table.columns), ends is None, ends]


def _is_stale(winner: Row, moment: datetime, table: OracleTable) -> bool:
    return table.max_age is not None and moment - _event(winner, table) > table.max_age


def _is_over(winner: Row, moment: datetime, table: OracleTable) -> bool:
    ends = _ends(winner, table)
    return ends is not None and moment >= ends


def _event(row: Row, table: OracleTable) -> datetime:
    assert table.event_timestamp is not None
    event = instant(row[table.event_timestamp], table.timezone)
    assert event is not None
    return event


def _available(row: Row, table: OracleTable) -> datetime:
    if table.available_at is None:
        return _event(row, table) + table.delay
    available = instant(row[table.available_at], table.timezone)
    assert available is not None
    return available + table.delay


def _ends(row: Row, table: OracleTable) -> datetime | None:
    return None if table.valid_until is None else instant(row[table.valid_until], table.timezone)


def _compare_lists(left: list[Any], right: list[Any]) -> int:
    for one, other in zip(left, right, strict=False):
        verdict = compare(one, other)
        if verdict != 0:
            return verdict
    return compare(len(left), len(right))


def _sorted_entries(entries: dict[Any, Any]) -> list[list[Any]]:
    return sorted(([key, value] for key, value in entries.items()), key=cmp_to_key(compare))


def _float_rank(value: float) -> tuple[bool, float, float]:
    if math.isnan(value):
        return (True, 0.0, 0.0)
    return (False, value, math.copysign(1.0, value))
