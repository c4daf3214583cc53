"""Which label events a run takes, and the spine made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.config import Labels, Sample
from skewless.ground.instants import could_be_within, instant, literal, micros_of
from skewless.ground.run.ranges import RunRange
from skewless.ground.spark_columns import as_key, column

SAMPLE_STEPS = 2**53


@dataclass(frozen=True)
class Membership:
    """The conditions on a label event, null never true: each an independent reason to leave it out."""

    wanted: Column
    in_range: Column
    happened: Column
    matured: Column
    sampled: Column

    @property
    def taken(self) -> Column:
        return self.wanted & self.in_range & self.happened & self.matured & self.sampled


def spine_of(events: DataFrame, labels: Labels, sample: Sample | None, run_range: RunRange) -> DataFrame:
    """The label events of this run: `label`, their columns untouched; `label_id`, a number; `t`, T as an instant.

    Duplicates stay duplicates. Null keys stay; a null T stays where the run has no range.
    """
    member = membership(events, labels, sample, run_range)
    return (
        within_range(events, labels, run_range)
        .where(member.taken)
        .select(
            F.struct(*[column(name) for name in events.columns]).alias("label"),
            # A number and not a hash of the row: equal label events are still two (J1).
            F.monotonically_increasing_id().alias("label_id"),
            event_time(events, labels).alias("t"),
        )
    )


def within_range(events: DataFrame, labels: Labels, run_range: RunRange) -> DataFrame:
    """The events less those that file statistics show to lie outside the range."""
    if not run_range.is_range:
        return events
    since = None if run_range.start is None else micros_of(run_range.start)
    until = None if run_range.end is None else micros_of(run_range.end)
    data_type = events.schema[labels.event_timestamp].dataType
    return events.where(could_be_within(column(labels.event_timestamp), data_type, since, until))


def membership(events: DataFrame, labels: Labels, sample: Sample | None, run_range: RunRange) -> Membership:
    t = event_time(events, labels)
    as_of = literal(run_range.as_of)
    known = F.lit(True)
    if labels.label_available_at:
        name = labels.label_available_at
        known = instant(column(name), events.schema[name].dataType, labels.timezone) <= as_of
    return Membership(
        # Null is not true: a label event whose predicate is null is left out, and counted.
        wanted=F.coalesce(F.expr(labels.where), F.lit(False)) if labels.where else F.lit(True),
        in_range=run_range.holds(t),
        happened=t.isNull() | (t <= as_of),
        matured=F.coalesce(known, F.lit(False)),
        sampled=_is_sampled(events, sample, labels.entity_keys) if sample else F.lit(True),
    )


def event_time(events: DataFrame, labels: Labels) -> Column:
    """T as an instant."""
    name = labels.event_timestamp
    return instant(column(name), events.schema[name].dataType, labels.timezone)


def published_time(labels: Labels) -> Callable[[DataFrame], Column]:
    """T of a training set's rows, which keep the label events' column as it is."""
    return lambda rows: event_time(rows, labels)


def _is_sampled(events: DataFrame, sample: Sample, entity_keys: tuple[str, ...]) -> Column:
    """By the upper 53 bits of xxhash64 over the keys: the same rows on every run and every cluster."""
    names = sample.keys or entity_keys
    keys = [as_key(column(name), events.schema[name].dataType) for name in names]
    # By hash of the keys, not by `rand` or `sample`, whose rows change with partitions; 53 bits are what a double
    # holds.
    share = F.shiftrightunsigned(F.xxhash64(*keys), 11)
    return share < F.lit(int(sample.fraction * SAMPLE_STEPS))
