"""A configuration and a cut → all that is settled before a build computes anything, or why it cannot be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.instants import instant_sql
from skewless.ground.run_range import RunRange
from skewless.parts.publish import Output, refuse_foreign_table, slice_predicate
from skewless.parts.spine import Census, take_census
from skewless.training_set.ahead.pruning import prune
from skewless.training_set.bind import bind
from skewless.training_set.from_log.columns import recomputed_part
from skewless.training_set.opened import Bound
from skewless.training_set.serving_document import serving_document


@dataclass(frozen=True)
class Prepared:
    """A build before its first row: `bound` are all its parts, `part` those that are computed and not logged, `reading`
    the same part with no more rows than some label event could use. `slice` are the published rows that are replaced,
    None for all; `document` is that of the serving plan.
    """

    bound: Bound
    part: Bound
    reading: Bound
    cut: RunRange
    census: Census
    slice: str | None
    document: Mapping[str, Any]


def open_all(spark: SparkSession, spec: ResolvedTrainingSet) -> tuple[Output, Bound]:
    """The place that is published to, which holds nothing else, and everything that is read, opened and checked.

    `spark` has to be a session of the run's own. Errors: InputError with every problem found.
    """
    if spec.training_set.output is None:
        raise InputError(f"training set '{spec.training_set.name}': no output to publish to; add output")
    output = Output.at(spark, spec.training_set.output)
    refuse_foreign_table(spark, output, spec.training_set.name)
    return output, bind(spark, spec)


def prepare(bound: Bound, cut: RunRange, allow_empty: bool) -> Prepared:
    """Count the label events, and settle what is read for them.

    Errors: InputError where the range has no label event, unless that is allowed, and for what serving cannot do.
    """
    census = take_census(bound.events, bound.labels, bound.sample, cut)
    if census.in_range == 0 and not allow_empty:
        raise InputError(_nothing_there(bound, cut))
    part = recomputed_part(bound)
    document = serving_document(bound)
    return Prepared(bound, part, prune(part, census), cut, census, _slice(bound, cut), document)


def _slice(bound: Bound, cut: RunRange) -> str | None:
    name = bound.labels.event_timestamp
    time = instant_sql(name, bound.events.schema[name].dataType, bound.labels.timezone)
    return slice_predicate(cut.start, cut.end, time)


def _nothing_there(bound: Bound, cut: RunRange) -> str:
    source = bound.labels.source or "labels.query"
    place = f"with T in {cut}" if cut.is_range else "at all"
    return f"labels: no label event {place} in {source}; give another range, or --allow-empty to build an empty one"
