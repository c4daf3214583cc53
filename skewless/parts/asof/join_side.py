"""One joined table in the engine's terms: its rows, when each became visible, and what makes a winner count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BooleanType, DataType, LongType, StructField, StructType

from skewless.ground.event_rows import EventAnswers, EventRows
from skewless.ground.instants import MICROSECOND, instant, later
from skewless.ground.spark_columns import as_key, column
from skewless.parts.asof.kernel.layout import SideLayout, ValuePlace


class Reduction(Protocol):
    """What else is computed from a join side's visible rows, besides which of them wins."""

    def event_columns(self, slot: str) -> list[Column]:
        """What it takes from one feature row beside its times; the names begin with the slot."""

    def label_columns(self, t: Column) -> dict[str, Column]:
        """What it has to know of a label event beside its T, as whole numbers by name."""

    def answers(self, slot: str) -> Callable[[EventRows], EventAnswers]:
        """What computes it in Arrow."""

    @property
    def can_be_cut(self) -> bool:
        """Whether it comes to the same bits from a key's rows in reach of a label event as from all of them."""

    def oldest(self, first: int) -> int:
        """No earlier event timestamp counts for a label event with T from `first` on, in microseconds."""

    def schema(self) -> StructType:
        """The struct of what it computes."""


AUDIT_FLAGS = (
    StructType()
    .add("boundary", BooleanType())
    .add("late", BooleanType())
    .add("absent", BooleanType())
    .add("events", LongType())
)
ALWAYS = -(2**63)
"""The instant from which a static row is visible, in microseconds: before every T."""


@dataclass(frozen=True)
class JoinSide:
    """A feature table's rows and how they join; names are the table's own columns.

    `keys` pairs each entity key of the table with a label column. A static side has no times. What-if questions are
    asked with `dataclasses.replace`: `ignore_availability` makes a row visible from its event timestamp on.
    `broadcast` sends the rows to the label events instead of bringing both together by key. `counted` has such a side
    tell how many rows were sent: nothing that is observed in a subquery is ever told by Spark.
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
    broadcast: bool = False
    counted: bool = False
    types: dict[str, DataType] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        types = {item.name: item.dataType for item in self.rows.schema}
        object.__setattr__(self, "types", types)

    @property
    def matched_slot(self) -> str:
        """The boolean column of the result that says whether a row of this join side survives."""
        return f"matched_{self.name}"

    def value_slot(self, place: int) -> str:
        """The column of the result that holds this value of the winner, null where no row survives.

        A column of its own: Spark takes a field out of a struct by making an object of the struct, for each field.
        """
        return f"value_{place}_of_{self.name}"

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
    def sent_slot(self) -> str:
        """The column of the result that holds `SentCounts` in some rows, null in the others, where that is asked."""
        return f"counts_{self.name}"

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

    def payload(self) -> list[Column]:
        """What a row brings to the join beside its keys and times, by name."""
        values = [column(name).alias(f"value_{place}") for place, name in enumerate(self.columns)]
        if self.valid_until:
            values.append(F.unix_micros(self.instant_of(self.valid_until)).alias("ends"))
        return [*values, *(self.reduction.event_columns(self.events_slot) if self.reduction else [])]

    def layout(self, tag: int, places: Mapping[str, ValuePlace]) -> SideLayout:
        """This side in the pass; `places` says where each of the payload is."""
        reduction, is_timed = self.reduction, self.event_timestamp is not None
        return SideLayout(
            tag=tag,
            matched_slot=self.matched_slot,
            at_t_slot=self.at_t_slot,
            columns={self.value_slot(place): places[f"value_{place}"] for place in range(len(self.columns))},
            has_times=is_timed,
            strict=self.strict and is_timed,
            competes=self.competes,
            lag=self.lag if is_timed else 0,
            delay=self.delay // MICROSECOND,
            max_age=None if self.max_age is None else self.max_age // MICROSECOND,
            ends=places.get("ends"),
            events_slot=self.events_slot,
            events=places,
            answers=reduction.answers(self.events_slot) if reduction else None,
            oldest=reduction.oldest if reduction and reduction.can_be_cut else None,
            audit_slot=self.audit_slot if self.audited else None,
            sent_slot=self.sent_slot if self.counted else None,
        )

    def results(self) -> list[StructField]:
        """The columns that the join adds: whether a row survives, its values, whether the winner is of exactly T,
        what is reduced, audit flags, what was sent; in the order in which the pass tells them.
        """
        values = [(self.value_slot(place), self.types[name]) for place, name in enumerate(self.columns)]
        told = [(self.matched_slot, BooleanType()), *values, (self.at_t_slot, BooleanType())]
        found = [StructField(name, kind) for name, kind in told]
        if self.reduction is not None:
            found.append(StructField(self.events_slot, self.reduction.schema()))
        if self.audited:
            found.append(StructField(self.audit_slot, AUDIT_FLAGS))
        if self.counted:
            found.append(StructField(self.sent_slot, ArrayType(LongType())))
        return found

    def is_matched(self) -> Column:
        """Whether the label event of a joined row has a surviving row in this join side."""
        return F.col(self.matched_slot)

    def value(self, name: str) -> Column:
        """A selected column of the winning row of a joined row; null where there is none."""
        return F.col(self.value_slot(self.columns.index(name)))
