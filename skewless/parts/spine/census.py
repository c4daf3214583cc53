"""How many label events there are, how many a run takes, and why the others are left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from skewless.config import Labels, Sample
from skewless.ground.arrow_values import FIRST, LAST
from skewless.ground.errors import InputError
from skewless.ground.instants import utc, utc_date
from skewless.ground.run.ranges import RunRange
from skewless.parts.spine.events import event_time, membership, within_range
from skewless.parts.spine.row_predicate import failed_on_a_row

AHEAD, UNKNOWN = "T after --as-of", "outcome not known at --as-of"
"""Why a label event is left for a later run."""


@dataclass(frozen=True)
class Census:
    """Counts of label events. Each one left out is counted once, under the first reason that applies.

    `in_range` are the rows inside the range that `where` wants; `first` and `last` are the least and greatest T of
    those taken, in microseconds since the epoch, None where there is none.
    """

    in_range: int
    unwanted: int
    in_the_future: int
    immature: int
    not_sampled: int
    taken: int
    null_times: int
    first: int | None
    last: int | None

    @property
    def left_out(self) -> dict[str, int]:
        """Reason → count, in the order in which the conditions apply."""
        reasons = {
            "where": self.unwanted,
            AHEAD: self.in_the_future,
            UNKNOWN: self.immature,
            "not in the sample": self.not_sampled,
        }
        return {reason: count for reason, count in reasons.items() if count}


def take_census(events: DataFrame, labels: Labels, sample: Sample | None, run_range: RunRange) -> Census:
    """Count the label events in one pass over the columns that decide about them.

    Errors: InputError where `where` fails on one of them, with the value that it failed on, and for a T that Python
    cannot hold.
    """
    member = membership(events, labels, sample, run_range)
    # Each reason counts what those before it have left, so that the counts add up to the label events of the range.
    candidate = member.in_range & member.wanted
    happened = candidate & member.happened
    matured = happened & member.matured
    time = F.unix_micros(event_time(events, labels))
    counts = within_range(events, labels, run_range).agg(
        F.count_if(candidate).alias("in_range"),
        F.count_if(member.in_range & ~member.wanted).alias("unwanted"),
        F.count_if(candidate & ~member.happened).alias("in_the_future"),
        F.count_if(happened & ~member.matured).alias("immature"),
        F.count_if(matured & ~member.sampled).alias("not_sampled"),
        F.count_if(member.taken).alias("taken"),
        F.count_if(member.taken & time.isNull()).alias("null_times"),
        F.min(F.when(member.taken, time)).alias("first"),
        F.max(F.when(member.taken, time)).alias("last"),
    )
    try:
        row = counts.first()
    except PySparkException as error:
        raise failed_on_a_row(error, {"labels.where": labels.where}) from error
    assert row is not None, "an aggregate without grouping has one row"
    census = Census(**row.asDict())
    for at in (census.first, census.last):
        if at is not None and not FIRST <= at <= LAST:
            raise InputError(
                f"label events: T (column '{labels.event_timestamp}') is {utc(at)}, outside the years 1 to 9999 that "
                "Python, and so serving, can hold; leave such rows out with labels.where"
            )
    return census


def label_dates(events: DataFrame, labels: Labels, run_range: RunRange) -> set[date | None]:
    """The UTC dates on which the range has label events that `where` wants; None where some have no T.

    Errors: InputError where `where` fails on one of them.
    """
    member = membership(events, labels, None, run_range)
    day = utc_date(event_time(events, labels)).alias("day")
    rows = (
        within_range(events, labels, run_range).where(member.in_range & member.wanted).select(day).distinct()
    )
    try:
        return {row["day"] for row in rows.collect()}
    except PySparkException as error:
        raise failed_on_a_row(error, {"labels.where": labels.where}) from error
