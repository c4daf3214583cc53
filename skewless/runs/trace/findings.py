"""What a trace found, label event by label event: the `--json` object, and all that its report prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Times:
    """A feature row's times and its age at T; all None in a static table."""

    event_timestamp: str | None
    available: str | None
    age: str | None
    age_seconds: float | None


@dataclass(frozen=True)
class UnusedEvent(Times):
    """A row that a window does not count: its times, why in a word, and in more words."""

    why: str
    detail: str


@dataclass(frozen=True)
class UnusedRow(UnusedEvent):
    """A row that the as-of join does not use, with its values."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class TracedWindow:
    """A window aggregation: its value, the events inside, the newest of them, and the nearest that do not count."""

    value: Any = None
    start: str | None = None
    end: str | None = None
    events: int = 0
    newest: tuple[Times, ...] = ()
    not_used: tuple[UnusedEvent, ...] = ()


@dataclass(frozen=True)
class TracedTable:
    """A joined table: result column → value, the row they came from, and the nearest others.

    `note` says why nothing is seen where T or a key is null.
    """

    keys: Mapping[str, Any]
    note: str | None
    values: Mapping[str, Any]
    row: Times | None
    not_used: tuple[UnusedRow, ...]
    aggregations: Mapping[str, TracedWindow]


@dataclass(frozen=True)
class TracedFunction:
    """A feature function: what it takes, by name, and what it gives."""

    inputs: Mapping[str, Any]
    value: Any


@dataclass(frozen=True)
class TracedEvent:
    """A label event with what each joined table gives it, by as-name, and what functions make of it."""

    label_event: Mapping[str, Any]
    event_timestamp: str | None
    feature_tables: Mapping[str, TracedTable]
    features: Mapping[str, TracedFunction]


@dataclass(frozen=True)
class Traced:
    """The label events for which `where` is true, `more` if others match too; `versions` are those of the tables.

    `found_in` is the published version whose rows `where` is about; None where it is about label events alone.
    """

    training_set: str
    where: str
    more: bool
    versions: Mapping[str, int]
    label_events: tuple[TracedEvent, ...]
    found_in: int | None

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `trace`."""
        return asdict(self)
