"""One joined table in the engine's terms: its rows, when each became visible, and what makes a winner count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructType

from skewless.ground.instants import MICROSECOND, instant, later
from skewless.ground.spark_columns import as_key, column
from skewless.parts.asof.order import is_orderable, ranked


class Reduction(Protocol):
    """What else is computed from a join side's visible rows, besides which of them wins."""

    def event_columns(self, slot: str) -> list[Column]:
        """What it takes from one feature row beside its times; the names begin with the slot."""

    def event_names(self, slot: str) -> list[str]:
        """The names of those columns."""


ALWAYS = -(2**63)
"""The instant from which a static row is visible, in microseconds: before every T."""


@dataclass(frozen=True)
class JoinSide:
    """A feature table's rows and how they join; names are the table's own columns.

    `keys` pairs each entity key of the table with a label column. A static side has no times. What-if questions are
    asked with `dataclasses.replace`: `ignore_availability` makes a row visible from its event timestamp on.
    """

    name: str
    rows: DataFrame
    keys: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    event_timestamp: str | None = None
    available_at: str | None = None
    delay: timedelta = timedelta(0)
    max_age: timedelta | None = None
    valid_until: str | None = None
    strict: bool = False
    timezone: str | None = None
    ignore_availability: bool = False
    reduction: Reduction | None = None
    audited: bool = False
    types: dict[str, DataType] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        types = {item.name: item.dataType for item in self.rows.schema}
        object.__setattr__(self, "types", types)

    @property
    def slot(self) -> str:
        """The struct column of the result that holds this join side's winner."""
        return f"winner_{self.name}"

    @property
    def events_slot(self) -> str:
        """The struct column of the result that holds what this join side's reduction computes."""
        return f"events_{self.name}"

    @property
    def at_t_slot(self) -> str:
        """The boolean column of the result that says whether this join side's winner is of exactly T."""
        return f"at_t_{self.name}"

    @property
    def audit_slot(self) -> str:
        """The struct column of the result that says whether a label event is a hard case, where that is asked."""
        return f"audit_{self.name}"

    @property
    def label_columns(self) -> tuple[str, ...]:
        """The label columns that this join side joins on, in an order that join sides with the same ones share."""
        return tuple(sorted(label_column for _, label_column in self.keys))

    @property
    def competes(self) -> bool:
        """Whether it matters which row wins: not where a reduction asks for no column and no row's end."""
        return bool(self.columns) or self.valid_until is not None or self.reduction is None

    @property
    def lag(self) -> int | None:
        """Microseconds from event timestamp to availability; None where each row has a time of its own."""
        if self.ignore_availability:
            return 0
        return None if self.available_at else self.delay // MICROSECOND

    def key_columns(self) -> list[Column]:
        """The entity keys in the order of `label_columns`, integers as 64 bits so that widths match (J8)."""
        # In one order, so that tables joined on the same label columns share an exchange however they list their
        # keys.
        in_order = sorted(self.keys, key=lambda pair: pair[1])
        return [as_key(column(key), self.types[key]) for key, _ in in_order]

    def instant_of(self, name: str) -> Column:
        return instant(column(name), self.types[name], self.timezone)

    def event(self) -> Column | None:
        return self.instant_of(self.event_timestamp) if self.event_timestamp else None

    def available(self) -> Column | None:
        """When serving could first read the row: `available_at`, or else the event timestamp, plus the delay."""
        event = self.event()
        if event is None or self.ignore_availability:
            return event
        return later(self.instant_of(self.available_at) if self.available_at else event, self.delay)

    def is_matchable(self) -> Column:
        """J5: no null key, no null event timestamp, no null availability."""
        wanted = [column(key).isNotNull() for key, _ in self.keys]
        wanted += [column(name).isNotNull() for name in (self.event_timestamp, self.available_at) if name]
        result = F.lit(True)
        for condition in wanted:
            result &= condition
        return result

    def visible_from(self) -> Column:
        """The instant of visibility, max(event, available), in microseconds since the epoch."""
        event, available = self.event(), self.available()
        if event is None or available is None:
            return F.lit(ALWAYS)
        # The later of the two: a forecast that is known before it happens waits for its event (J2).
        return F.unix_micros(F.greatest(event, available))

    def candidate(self) -> Column:
        """A struct that compares as J4 orders rows: event, available, the columns, then the row's end."""
        # Spark compares structs field by field, so the order of the fields is J4's order. A `max` over them gives the
        # same row whatever order rows come in; `last` by a sorted frame would follow the order of ties.
        parts = []
        event, available = self.event(), self.available()
        if event is not None and available is not None:
            parts += [event.alias("event"), available.alias("available")]
        for position, name in enumerate(self.columns):
            for part, key in ranked(column(name), self.types[name]):
                parts.append(key.alias(f"{part}_{position}"))
        if self.valid_until:
            ends = self.instant_of(self.valid_until)
            # A null end is greatest, and Spark sorts null first: a flag before it turns that round.
            parts += [ends.isNull().alias("endless"), ends.alias("ends")]
        # With a field of its own, so that a winner without any column is still a row and not null.
        return F.struct(F.lit(True).alias("found"), *parts)

    def greatest(self) -> Column:
        """The aggregate that keeps the greatest candidate of this join side's slot.

        Spark compares no struct with a map in it, so that such values ride along with the parts that settle ties.
        """
        slot = F.col(self.slot)
        maps = {f"value_{at}" for at, name in enumerate(self.columns) if not is_orderable(self.types[name])}
        if not maps:
            return F.max(slot)
        candidate = self.rows.select(self.candidate().alias(self.slot)).schema[self.slot].dataType
        assert isinstance(candidate, StructType), "a candidate is a struct"
        rank = F.struct(*[slot.getField(name) for name in candidate.names if name not in maps])
        return F.max_by(slot, rank)

    def survivor(self) -> Column:
        """The slot of a joined row: the winner, or the newest row's event timestamp alone, where it survives at `t`."""
        winner = F.col(self.slot)
        if not self.competes:
            event = F.timestamp_micros(winner.getField("event"))
            winner = F.when(winner.isNotNull(), F.struct(event.alias("event")))
        return self.surviving(winner, F.col("t")).alias(self.slot)

    def surviving(self, winner: Column, t: Column) -> Column:
        """The winner where it is fresh and not over at T, else null: no older row takes its place (J3)."""
        survives = F.lit(True)
        if self.max_age is not None:
            # In microseconds: an interval of days would be 23 or 25 hours long where a zone changes its clocks.
            age = F.unix_micros(t) - F.unix_micros(winner.getField("event"))
            survives &= age <= F.lit(self.max_age // MICROSECOND)
        if self.valid_until:
            survives &= winner.getField("endless") | (t < winner.getField("ends"))
        return F.when(survives, winner)

    def is_at_t(self) -> Column:
        """Whether the winner of a joined row, before survivors are picked, has T itself as one of its two times (J2).

        Such a row may be what the label event itself wrote. False of static rows, which have no times.
        """
        if self.event_timestamp is None:
            return F.lit(False)
        at_t = F.lit(False)
        for name in ("event", "available"):
            moment = F.col(self.slot).getField(name)
            at_t |= (F.unix_micros(moment) if self.competes else moment) == F.unix_micros("t")
        return F.coalesce(at_t, F.lit(False))

    def is_matched(self) -> Column:
        """Whether the label event of a joined row has a surviving row in this join side."""
        return F.col(self.slot).isNotNull()

    def value(self, name: str) -> Column:
        """A selected column of the winning row of a joined row; null where there is none."""
        return F.col(self.slot).getField(f"value_{self.columns.index(name)}")
