"""The rows that the as-of join hands on to window aggregations: label events and the events of several tables, by key.

| column      | label event                            | event of a table                                  |
| ----------- | -------------------------------------- | ------------------------------------------------- |
| `bucket`    | a number shared by rows of one key, which lie in one partition, side by side, in any order |
| the keys    | where a bucket may hold several of them                                                    |
| `moment`    | T, null without an entity              | its event timestamp                               |
| `label_event`    | a list of one: all that it carries     | null                                              |
| `table`     | null                                   | the table's tag, where there are several tables   |
| `available` | null                                   | when serving could read it, where tables tell     |

Instants are microseconds since the epoch. A list, since a null list costs a row of events one value on its way, however
many columns label events have.
"""

from __future__ import annotations

from typing import Any, NamedTuple

BUCKET, MOMENT, LABEL_EVENT, TABLE, AVAILABLE = "bucket", "moment", "label_event", "table", "available"


class EventTable(NamedTuple):
    """One table among the rows.

    `reduction` is what to compute from its events. `lag` is how long after its event timestamp each row is
    available, in microseconds; None where the rows say it themselves. `newest` names a column to add: the times
    `event` and `available` of the newest row visible at T; None where nobody asks. So does `audit_flags`: what makes a
    label event a hard case of the table's windows.
    """

    tag: int
    reduction: Any
    lag: int | None
    newest: str | None
    audit_flags: str | None = None
