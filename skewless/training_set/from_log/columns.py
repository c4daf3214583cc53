"""Training from the log: which values of a result are logged ones, which are recomputed, and how many of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.ground.spark_columns import column
from skewless.training_set.from_log.matching import LOGGED, ahead, state_of, value_of
from skewless.training_set.from_log.opening import TrainingLog
from skewless.training_set.opened import OpenedTrainingSet, cut_down

RECOMPUTED = "skewless_recomputed"
"""The struct column of staged rows that holds what was recomputed of the columns that the log has."""


@dataclass(frozen=True)
class FeatureUse:
    """Label events by where the values of one column come from: the log, the tables and functions, or nowhere.

    `unfit` were logged, but no value of the column's type is the same; they count as not logged. `unfit_record` is
    the id of one such record.
    """

    logged: int
    recomputed: int
    missing: int
    unfit: int = 0
    unfit_record: str | None = None


@dataclass(frozen=True)
class LogUse:
    """How a log was used. Label events by what their record was found by; and of those that have one:

    `ambiguous` had several that match the same way, `ahead` have one with a later T, by `furthest` microseconds at
    most. `other_keys` are label events whose request id was logged with other keys only.
    """

    version: int
    by_request_id: int
    by_keys: int
    unmatched: int
    ambiguous: int
    other_keys: int
    ahead: int
    furthest: int
    features: Mapping[str, FeatureUse]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def recomputed_part(opened: OpenedTrainingSet) -> OpenedTrainingSet:
    """The build less the tables and functions whose values come from the log or are null.

    A function that is computed keeps all that it takes, since its inputs are recomputed ones always.
    """
    if opened.log is None or opened.log.spec.recomputes:
        return opened
    return cut_down(opened, [name for name in opened.log.results if name not in opened.log.taken])


def result_values(opened: OpenedTrainingSet) -> dict[str, Column]:
    """Result column → its value in a joined row: as it was logged, else as it was recomputed, else null."""
    recomputed = _recomputed(opened)
    if opened.log is None:
        return recomputed
    values = {}
    for name, kind in opened.log.results.items():
        values[name] = recomputed.get(name, F.lit(None).cast(kind))
        if name in opened.log.taken:
            otherwise = values[name] if opened.log.spec.recomputes else F.lit(None).cast(kind)
            is_logged = _is_logged(opened.log, name)
            values[name] = F.when(is_logged, value_of(opened.log, name)).otherwise(otherwise)
    return values


def logged_features(log: TrainingLog) -> Column:
    """The names of the result columns whose value in this row is the logged one, in their order."""
    taken = [F.when(_is_logged(log, name), F.lit(name)) for name in log.results if name in log.taken]
    return F.array_compact(F.array(*taken))


def recomputed_column(opened: OpenedTrainingSet) -> list[Column]:
    """What the parity audit replays instead of published values, where those may be logged ones: one column or none."""
    beside = _beside(opened)
    values = _recomputed(opened)
    return [F.struct(*[values[name].alias(name) for name in beside]).alias(RECOMPUTED)] if beside else []


def as_recomputed(staged: DataFrame, opened: OpenedTrainingSet) -> DataFrame:
    """Staged rows as they would be without the log: what serving has to make again."""
    beside = {name: F.col(RECOMPUTED).getField(name) for name in _beside(opened)}
    if not beside:
        return staged
    names = [name for name in staged.columns if name != RECOMPUTED]
    return staged.select(*[beside.get(name, column(name)).alias(name) for name in names])


def log_counts(log: TrainingLog | None) -> list[Column]:
    """The aggregates over joined rows that `log_use` reads."""
    if log is None:
        return []
    logged = F.col(LOGGED)
    has_record = logged.getField("by").isNotNull()
    counts = [
        F.count_if(logged.getField("by") == "request_id").alias("by_request_id"),
        F.count_if(logged.getField("by") == "keys").alias("by_keys"),
        F.count_if(has_record & (logged.getField("candidates") > 1)).alias("ambiguous"),
        F.count_if(logged.getField("other_keys")).alias("other_keys"),
        F.count_if(ahead() > 0).alias("ahead"),
        F.max(F.greatest(ahead(), F.lit(0))).alias("furthest"),
    ]
    for place, name in enumerate(log.taken):
        state = state_of(log, name)
        counts.append(F.count_if(state).alias(f"logged_{place}"))
        counts.append(F.count_if(~state).alias(f"unfit_{place}"))
        record_id = logged.getField("record").getField("record_id")
        counts.append(F.min(F.when(~state, record_id)).alias(f"unfit_record_{place}"))
    return counts


def log_use(opened: OpenedTrainingSet, totals: Mapping[str, Any]) -> LogUse | None:
    """What those aggregates and the number of rows came to."""
    log, rows = opened.log, totals["rows"]
    if log is None:
        return None
    features = {}
    for place, name in enumerate(log.taken):
        found = totals[f"logged_{place}"]
        recomputed = rows - found if log.spec.recomputes else 0
        unfit = totals[f"unfit_{place}"], totals[f"unfit_record_{place}"]
        features[name] = FeatureUse(found, recomputed, rows - found - recomputed, *unfit)
    return LogUse(
        version=opened.inputs["log"].version,
        by_request_id=totals["by_request_id"],
        by_keys=totals["by_keys"],
        unmatched=rows - totals["by_request_id"] - totals["by_keys"],
        ambiguous=totals["ambiguous"],
        other_keys=totals["other_keys"],
        ahead=totals["ahead"],
        furthest=totals["furthest"] or 0,
        features=features,
    )


def _recomputed(opened: OpenedTrainingSet) -> dict[str, Column]:
    features = F.col("features")
    values = {name: value for name, (value, _) in opened.table_columns.items()}
    return values | {name: features.getField(name) for name in opened.features.names}


def _beside(opened: OpenedTrainingSet) -> list[str]:
    """The columns that are recomputed and may be logged."""
    return [] if opened.log is None else [name for name in _recomputed(opened) if name in opened.log.taken]


def _is_logged(log: TrainingLog, name: str) -> Column:
    return F.coalesce(state_of(log, name), F.lit(False))
