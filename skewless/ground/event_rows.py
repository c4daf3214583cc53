"""What the as-of join hands on to what is computed from a table's events: the events in order, and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from skewless.ground.order.time_order import Ints


@dataclass(frozen=True)
class EventRows:
    """One table's rows by (key, event timestamp, available), ties in any order; instants in microseconds.

    Keys are numbers below `key_count`; `column` gives values of the rows by name, in their order.
    """

    key: Ints
    event: Ints
    available: Ints
    key_count: int
    column: Callable[[str], pa.Array]


@dataclass(frozen=True)
class AskedRows:
    """Label events with an entity and a T (`at`); `column` gives what else they say, as numbers."""

    key: Ints
    at: Ints
    column: Callable[[str], Ints]


class EventAnswers(Protocol):
    """What is computed from a table's events, for as many label events as are asked about."""

    def aggregates(self, asked: AskedRows) -> pa.StructArray:
        """A struct per label event."""

    def audit_flags(self, asked: AskedRows) -> pa.StructArray:
        """What makes label events hard cases: `boundary`, `late`, `events` (how many in the largest window)."""


def is_stale(age: Any, max_age: int) -> Any:
    """Whether rows are older than `max_age` (J3), all in microseconds; of one age, or of an array of them.

    The training side's one place for it. Serving has its own (`skewless.serving.plan.serve.join`), so that the parity
    audit holds one against the other.
    """
    return age > max_age
