"""What the kernel is told about its rows: their columns, and what to compute from which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skewless.serving.aggregations.functions import FUNCTIONS


@dataclass(frozen=True)
class Measure:
    """One aggregation in the kernel's terms.

    `member` is the column that says which events take part, None where all do; `value` the one whose value has to be
    there, None without; the window is `length` microseconds that end `offset` before T, or the columns `start` and
    `end` of the label events.
    """

    name: str
    function: str
    argument: Any
    member: str | None
    value: str | None
    length: int = 0
    offset: int = 0
    bounds: tuple[str, str] | None = None

    @property
    def range(self) -> tuple[object, ...]:
        """What decides which events are inside, visibility aside."""
        return self.length, self.offset, self.bounds

    @property
    def takes_values(self) -> bool:
        return self.value is not None and FUNCTIONS[self.function].takes is not None


@dataclass(frozen=True)
class TableLayout:
    """One table among the rows: its tag, its measures, and when its events are available.

    `lag` is how many microseconds after its event timestamp an event is available, None where the rows say it.
    `strict` wants availability before T. `newest` names a column to add: the two times of the newest visible
    event, in microseconds. `audit_flags` names one more: what makes a label event a hard case of the windows.
    """

    tag: int
    measures: tuple[Measure, ...]
    lag: int | None = 0
    strict: bool = False
    newest: str | None = None
    audit_flags: str | None = None


@dataclass(frozen=True)
class Layout:
    """The rows (`skewless.ground.event_rows`): the keys among their columns, and the tables by the result's name."""

    keys: tuple[str, ...]
    tables: Mapping[str, TableLayout]
