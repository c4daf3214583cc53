"""Time columns by their rows and names → the event timestamp, the time when a row could be read, and others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skewless.runs.start.table import words
from skewless.runs.start.table.look import Lag, TableLook

MOST_EARLY = 0.05
"""A column by whose name a row was available before its fact in a larger share of rows is another kind of time."""

LATER = 0.5
"""A time of no telling name that is later than the fact in this share of rows, and earlier in none, may be it too."""

MOST_NULL = 0.05
"""A time that is null in more of the rows than this is the event timestamp only where there is no better one."""


@dataclass(frozen=True)
class Times:
    """The roles of time columns. `maybe_available` lags the event timestamp too, without a name that says so; `dates`
    repeat the day of the event timestamp; `others` have no role.
    """

    event: str | None
    available: str | None = None
    maybe_available: str | None = None
    until: str | None = None
    dates: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    lags: Mapping[str, Lag] = field(default_factory=dict)


def times_of(look: TableLook) -> Times:
    """The roles that fit. A table whose time columns are all null has none; of one without rows the names are taken."""
    able = {name for name, column in look.columns.items() if column.nulls < column.rows or not column.rows}
    names = [name for name, column in look.columns.items() if column.is_time and name in able]
    event = min(names, key=lambda name: _unlike_event(look, name), default=None)
    if event is None:
        return Times(None)
    dates = tuple(name for name in names if name != event and look.are_days_of(name, event))
    rest = [name for name in names if name != event and name not in dates]
    lags = {name: lag for name in rest if (lag := look.lag(name, event))}
    until = next((name for name in rest if _could_be_end(look, name, lags)), None)
    late = [name for name in rest if name != until and name in lags and lags[name].earlier <= MOST_EARLY]
    named = [name for name in late if words.says(name, words.SERVED)]
    # Of several the one that is behind the most: a row that is taken for late leaks nothing.
    available = max(named, key=lambda name: lags[name].median, default=None)
    maybe = None if available else next((name for name in late if _lags(lags[name])), None)
    taken = {available, maybe, until}
    return Times(event, available, maybe, until, dates, tuple(n for n in rest if n not in taken), lags)


def _unlike_event(look: TableLook, name: str) -> tuple[bool, bool, bool, bool, int]:
    """The smaller, the more a column is like an event timestamp."""
    column = look.columns[name]
    happened = words.says(name, words.HAPPENED)
    return (
        column.null_share > MOST_NULL,
        words.says(name, words.SERVED | words.UNTIL) and not happened,
        column.kind.kind == "date",
        not happened,
        list(look.columns).index(name),
    )


def _could_be_end(look: TableLook, name: str, lags: Mapping[str, Lag]) -> bool:
    is_named = words.says(name, words.UNTIL) and not words.says(name, words.SERVED)
    return is_named and (name not in lags or lags[name].earlier == 0)


def _lags(lag: Lag) -> bool:
    return lag.earlier == 0 and lag.later >= LATER


def need_zone(look: TableLook, names: Sequence[str | None]) -> list[str]:
    """Those of the columns that are clock times without a zone."""
    return [name for name in names if name and look.columns[name].kind.kind == "timestamp_ntz"]
