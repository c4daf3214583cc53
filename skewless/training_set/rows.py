"""An opened training set → its rows, lazily: spine → as-of join and windows → feature functions → result columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.ground.instants import utc_date
from skewless.ground.names import EVENT_DATE, LOGGED_FEATURES
from skewless.ground.run.ranges import RunRange
from skewless.lake.failures import raised_in_a_task
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.parts.asof import as_of_join
from skewless.parts.functions import with_fatal_calls, with_features
from skewless.parts.spine import spine_of
from skewless.parts.windows.kernel.kernel import AggregationError
from skewless.serving.errors import FeatureError
from skewless.training_set.from_log.columns import logged_features, result_values
from skewless.training_set.from_log.matching import with_logged
from skewless.training_set.opened import OpenedTrainingSet

FEATURES = "features"
# Of a worker that died Spark knows no more than that, in Python's or its own words, and by no type.
_WORKER_DIED = re.compile(r"Python worker (?:exited|failed)|KeyboardInterrupt|MemoryError|bad_alloc")


def spine_for(opened: OpenedTrainingSet, run_range: RunRange) -> DataFrame:
    """The spine of the label events that this run takes, with what was logged of each where there is a log."""
    spine = spine_of(opened.events, opened.labels, opened.sample, run_range)
    return spine if opened.log is None else with_logged(spine, opened.log)


def joined_rows(opened: OpenedTrainingSet, spine: DataFrame) -> DataFrame:
    """A spine with what each table tells, and `features`: all that is known of a row."""
    return compute_features(opened, as_of_join(spine, opened.sides, opened.partitions))


def compute_features(opened: OpenedTrainingSet, joined: DataFrame) -> DataFrame:
    return with_features(joined, opened.features, opened.feature_inputs(), _label_event(opened))


def _label_event(opened: OpenedTrainingSet) -> dict[str, Column]:
    """What names a joined row in messages."""
    label = F.col("label")
    # To name the row in an error: an exception without keys and T cannot be looked into.
    named: dict[str, Column] = {key: label.getField(key) for key in opened.labels.entity_keys}
    return {**named, opened.labels.event_timestamp: F.col("t")}


def select_result(opened: OpenedTrainingSet, joined: DataFrame, *more: Column) -> DataFrame:
    """The published columns in the contract's order, and more."""
    label = F.col("label")
    values = {name: label.getField(name) for name in opened.events.columns} | result_values(opened)
    if opened.log is not None:
        values[LOGGED_FEATURES] = logged_features(opened.log)
    values[EVENT_DATE] = utc_date(F.col("t"))
    return joined.select(*[values[name].alias(name) for name in opened.result_columns], *more)


@contextmanager
def feature_failures(opened: OpenedTrainingSet, spine: DataFrame) -> Iterator[None]:
    """Give the failure of a feature function, in whatever computes the joined rows of a spine, as bad input.

    An exception crossed from a Python worker as text. A worker that died said nothing: the rows are joined once more,
    and the functions run apart from the worker, to find the call in which it did. Where none is found the error stays.
    """
    try:
        yield
    except READ_ERRORS as error:
        said = own_error(error)
        if said is None and _WORKER_DIED.search(str(error)):
            said = _fatal_call(opened, spine)
        if said is None:
            raise
        raise InputError(said) from error


def own_error(error: Exception) -> str | None:
    """What a feature function or an aggregation said in a Python worker; None where another thing failed."""
    raised = raised_in_a_task(error, FeatureError, AggregationError)
    return raised and raised[1]


def _fatal_call(opened: OpenedTrainingSet, spine: DataFrame) -> str | None:
    joined = as_of_join(spine, opened.sides, opened.partitions)
    tried = with_fatal_calls(joined, opened.features, opened.feature_inputs(), _label_event(opened))
    if FEATURES not in tried.columns:
        return None
    try:
        tried.select(FEATURES).write.format("noop").mode("overwrite").save()
    except READ_ERRORS as error:
        return own_error(error)
    return None
