"""Keys of the tables that a run wrote → whole requests that ask for them, and the instants at which to ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from skewless.ground.instants import DAY_IN_MICROSECONDS, micros_of
from skewless.runs.materialize.entries import Key
from skewless.serving.aggregations.bounds import RollingWindow
from skewless.serving.plan.online.stored import StoredTable
from skewless.serving.plan.serve.column_values import accepting
from skewless.serving.plan.serve.compiled import needs_of
from skewless.serving.plan.serve.join import RowTimes, time_reading
from skewless.serving.plan.serve.tables import JoinedTable, LabelEvents

LAST = micros_of(dt.datetime.max.replace(tzinfo=dt.timezone.utc))

Request = dict[str, Any]
Row = Mapping[str, Any]


def requests_of(
    tables: Sequence[JoinedTable], labels: LabelEvents, keys: Mapping[str, Sequence[Key]]
) -> list[Request]:
    """Requests that between them ask for all of these keys, as-name → keys; each asks of as many tables as it can.

    A label column that no key gives is null, so that nothing is read of its tables. Keys that no request can hold,
    since the label column is narrower than the table's, are left out.
    """
    columns = {table.name: [column for _, column in table.join_keys] for table in tables}
    able = {
        table.name: [key for key in keys.get(table.name, ()) if _fits(key, columns[table.name], labels)]
        for table in tables
    }
    waiting = {name: dict.fromkeys(own) for name, own in able.items()}
    requests: list[Request] = []
    while first := next((name for name, own in waiting.items() if own), None):
        request: Request = {}
        for name in (first, *(other for other in able if other != first)):
            # Behind those that wait others once more, so that requests are whole.
            again = able[name][len(requests) % len(able[name]) :] if able[name] else []
            chosen = _agreeing([*waiting[name], *again], columns[name], request)
            if chosen is not None:
                request.update(zip(columns[name], chosen, strict=True))
                waiting[name].pop(chosen, None)
        requests.append({column: request.get(column) for own in columns.values() for column in own})
    return requests


def key_of(request: Request, table: JoinedTable) -> Key | None:
    """The key of the table that a request asks for; None where it asks for none."""
    key = tuple([request[column] for _, column in table.join_keys])
    return None if None in key else key


def _agreeing(keys: Iterable[Key], columns: Sequence[str], request: Request) -> Key | None:
    """The first of the keys that says nothing else than the request does."""
    for key in keys:
        if all(request.get(column, value) == value for column, value in zip(columns, key, strict=True)):
            return key
    return None


def _fits(key: Key, columns: Sequence[str], labels: LabelEvents) -> bool:
    try:
        for column, value in zip(columns, key, strict=True):
            accepting(labels.columns[column])(value)
    except Exception:  # whatever a type makes of another's value
        return False
    return True


def turns(stored: StoredTable, rows: Sequence[Row], now: int) -> Iterator[int]:
    """Instants after `now` around which the values of a key with these rows may change, in microseconds since 1970."""
    for moment in _moments(stored, rows):
        yield from (at for at in (moment, moment + 1) if now < at <= LAST)
    # Windows of the calendar turn at midnights, which these are behind.
    yield from (now + days * DAY_IN_MICROSECONDS for days in (1, 2, 7, 31))


def _moments(stored: StoredTable, rows: Sequence[Row]) -> Iterator[int]:
    table = stored.table
    times = RowTimes.of(table)._replace(keys=())
    ends = None if stored.is_events else time_reading(table, table.valid_until)
    for event, landed, position in times.visible(rows, (), 2**63):
        yield max(event, landed)
        if stored.is_events:
            yield from (event + each for each in _lengths(table))
        elif table.max_age is not None:
            yield event + table.max_age
        if ends is not None and (end := ends.of(rows[position], position)) is not None:
            yield end


def _lengths(table: JoinedTable) -> Iterator[int]:
    for each in table.aggregations:
        if isinstance(each.window, RollingWindow):
            yield from (each.window.offset, each.window.offset + each.window.length)
    back = needs_of(table).event_look_back
    if back is not None:
        yield back // dt.timedelta(microseconds=1)
