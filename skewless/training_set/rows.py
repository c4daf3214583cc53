"""An opened training set → its rows, lazily: spine → as-of join and windows → feature functions → result columns."""

from __future__ import annotations

import re

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.ground.errors import InputError
from skewless.ground.instants import utc_date
from skewless.ground.names import EVENT_DATE, LOGGED_FEATURES
from skewless.ground.run_range import RunRange
from skewless.parts.asof import as_of_join
from skewless.parts.functions import with_features
from skewless.parts.spine import spine_of
from skewless.parts.windows import aggregate_windows
from skewless.training_set.from_log.columns import logged_features, result_values
from skewless.training_set.from_log.matching import with_logged
from skewless.training_set.opened import OpenedTrainingSet

_OWN_ERROR = re.compile(r"^\S*(?:FeatureError|AggregationError): (.+)$", re.MULTILINE)


def spine_for(opened: OpenedTrainingSet, run_range: RunRange) -> DataFrame:
    """The spine of the label events that this run takes, with what was logged of each where there is a log."""
    spine = spine_of(opened.events, opened.labels, opened.sample, run_range)
    return spine if opened.log is None else with_logged(spine, opened.log)


def joined_rows(opened: OpenedTrainingSet, spine: DataFrame) -> DataFrame:
    """A spine with a struct per table, each with its winner's times, and `features`: all that is known of a row."""
    return compute_features(opened, as_of_join(spine, opened.sides, aggregate_windows))


def compute_features(opened: OpenedTrainingSet, joined: DataFrame) -> DataFrame:
    label = F.col("label")
    # To name the row in an error: an exception without keys and T cannot be looked into.
    label_event: dict[str, Column] = {key: label.getField(key) for key in opened.labels.entity_keys}
    label_event[opened.labels.event_timestamp] = F.col("t")
    return with_features(joined, opened.features, opened.feature_inputs(), label_event)


def select_result(opened: OpenedTrainingSet, joined: DataFrame, *more: Column) -> DataFrame:
    """The published columns in the contract's order, and more."""
    label = F.col("label")
    values = {name: label.getField(name) for name in opened.events.columns} | result_values(opened)
    if opened.log is not None:
        values[LOGGED_FEATURES] = logged_features(opened.log)
    values[EVENT_DATE] = utc_date(F.col("t"))
    return joined.select(*[values[name].alias(name) for name in opened.result_columns], *more)


def as_input_error(error: Exception) -> Exception:
    """A feature function's own error, which crossed from a Python worker as text, as bad input; others as they are."""
    messages = _OWN_ERROR.findall(str(error))
    return InputError(messages[-1]) if messages else error
