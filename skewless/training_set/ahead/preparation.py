"""A configuration and a cut → all that is settled before a build computes anything, or why it cannot be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.config import PublishableTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.instants import instant_sql
from skewless.ground.names import EVENT_DATE
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.parts.publish import Output, refuse_foreign_table, slice_predicate
from skewless.parts.spine import Census, take_census
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.ahead.strategy import planned
from skewless.training_set.bind import bind
from skewless.training_set.from_log.columns import recomputed_part
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.publishing_problems import publishing_problems
from skewless.training_set.serving_document import serving_document


@dataclass(frozen=True)
class Prepared:
    """A build before its first row: `all` are its parts, `recomputed` those that are computed and not logged, `pruned`
    the same with no more rows than some label event could use, and planned. `slice` are the published rows that are
    replaced, None for all; `document` is that of the serving plan.
    """

    all: OpenedTrainingSet
    recomputed: OpenedTrainingSet
    pruned: OpenedTrainingSet
    run_range: RunRange
    census: Census
    slice: str | None
    document: Mapping[str, Any]


@step("opening tables")
def open_all(spark: SparkSession, spec: PublishableTrainingSet) -> tuple[Output, OpenedTrainingSet]:
    """The place that is published to, which holds nothing else, and everything that is read, opened and checked.

    `spark` has to be a session of the run's own. Errors: InputError with every problem found.
    """
    output = Output.at(spark, spec.output)
    refuse_foreign_table(spark, output, spec.training_set.name)
    opened = bind(spark, spec)
    if problems := list(publishing_problems(opened)):
        raise InputError(problems)
    return output, opened


def prepare(opened: OpenedTrainingSet, run_range: RunRange, allow_empty: bool) -> Prepared:
    """Count the label events, and settle what is read for them.

    Errors: InputError where the range has no label event, unless that is allowed, and for what serving cannot do.
    """
    with step("counting label events") as counting:
        census = take_census(opened.events, opened.labels, opened.sample, run_range)
        counting.rows = census.taken
    if census.in_range == 0 and not allow_empty:
        raise InputError(nothing_there(opened, run_range))
    part = recomputed_part(opened)
    document = serving_document(opened)
    with step("planning"):
        pruned = planned(prune(part, census.first, census.last))
    return Prepared(opened, part, pruned, run_range, census, _slice(opened, run_range), document)


def _slice(opened: OpenedTrainingSet, run_range: RunRange) -> str | None:
    if run_range.without_times:
        return f"{EVENT_DATE} IS NULL"
    name = opened.labels.event_timestamp
    time = instant_sql(name, opened.events.schema[name].dataType, opened.labels.timezone)
    return slice_predicate(run_range, time)


def nothing_there(opened: OpenedTrainingSet, run_range: RunRange) -> str:
    """Why a run over a range in which the source has no label event is refused."""
    source = opened.labels.source or "labels.query"
    place = f"with T in {run_range}" if run_range.is_range else "at all"
    return f"labels: no label event {place} in {source}; give another range, or --allow-empty to build an empty one"
