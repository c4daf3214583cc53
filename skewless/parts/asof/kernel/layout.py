"""What the pass is told about its rows: their columns, whose they are, and what decides which row wins.

Rows of label events and of all tables of one set of keys lie in one stream, in any order:

| column      | label event                   | row of a table                                          |
| ----------- | ----------------------------- | ------------------------------------------------------- |
| `bucket`    | a number that the rows of one key share, which lie in one partition                     |
| the keys    | where a bucket may hold several of them                                                 |
| `side`      | 0                             | the table's tag                                         |
| `moment`    | T, null without an entity     | its event timestamp, null in a static table             |
| `available` | null                          | when serving could read it, where some table's rows say |
| `label`     | a list of one: all it carries | null                                                    |
| `values_…`  | null                          | a list: its values of one type                          |

Instants are microseconds since the epoch. Values of one type share a list column, whatever table they are of: a row
pays for one null a type, not for one a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa

from skewless.ground.event_rows import EventAnswers, EventRows

BUCKET, SIDE, MOMENT, AVAILABLE, LABEL = "bucket", "side", "moment", "available", "label"
T = "t"
OF_LABELS = 0
MATCHABLE = "matchable"
"""Of a table that is sent: whether a row has no null among its keys and times (J5)."""
NOBODY = -1
"""In the place of a row: there is none."""


class SentCounts(NamedTuple):
    """Of a table that is sent: its rows, those with a null key or time, and those beyond the first of their key."""

    rows_read: int
    null_rows: int
    repeated_keys: int


class ValuePlace(NamedTuple):
    """Where a row has a value: the list column, and the place in its list."""

    column: str
    position: int


@dataclass(frozen=True)
class SideLayout:
    """One table in the pass. Durations are microseconds.

    `lag` is how long after its event timestamp a row is available, None where rows say it themselves; `delay` what
    a row that says it waits for besides. `columns` are the winner's values by the name of the column that tells them,
    in the order that settles ties; `ends` is where the instant is from which on a row is over. Where no row has to win
    (`competes`), it is told whether there is a newest one.
    """

    tag: int
    matched_slot: str
    at_t_slot: str
    columns: Mapping[str, ValuePlace]
    has_times: bool
    strict: bool
    competes: bool
    lag: int | None
    delay: int
    max_age: int | None
    ends: ValuePlace | None
    events_slot: str
    events: Mapping[str, ValuePlace]
    answers: Callable[[EventRows], EventAnswers] | None
    oldest: Callable[[int], int] | None
    audit_slot: str | None
    sent_slot: str | None


@dataclass(frozen=True)
class SentSide:
    """A table that is sent to the label events: the column that brings it, the label fields that are its keys, and
    the schema of its rows, for the case that there are none.
    """

    side: SideLayout
    packed: str
    keys: tuple[str, ...]
    schema: pa.Schema


@dataclass(frozen=True)
class PassLayout:
    """The tables that meet the label events here, and the fields that label events carry on.

    `sides` lie among the rows, told apart by `keys`; `sent` were sent to them. No more than `most_bytes` of rows are
    held at once, where keys can be kept apart.
    """

    carried: tuple[str, ...]
    keys: tuple[str, ...]
    sides: tuple[SideLayout, ...]
    sent: tuple[SentSide, ...]
    most_bytes: int
