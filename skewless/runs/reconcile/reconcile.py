"""Feature log → spine → as-of join → feature functions → comparison → causes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DoubleType, StructType

from jobs.pit.asof import Lane
from jobs.pit.bound import Bound
from jobs.pit.causes import find_causes
from jobs.pit.columns import joined
from jobs.pit.config import ResolvedTrainingSet
from jobs.pit.evidence import differences, examples
from jobs.pit.log_spine import LogSpine, log_spine
from jobs.pit.logged_labels import RECORD
from jobs.pit.ondemand import schema_of
from jobs.pit.pipeline import as_input_error, joined_rows
from jobs.pit.pruning import prune
from jobs.pit.reconcile import Example, Finding, Reconciliation, Verdict
from jobs.pit.reconcile.comparison import (
    FRACTIONS,
    Compared,
    Counts,
    compare,
    count_all,
    count_by,
    held_together,
)
from jobs.pit.sampling import OTHER, collect_sample, event_numbers, sampled
from jobs.pit.session import hand_over, private_session
from jobs.pit.spine import Census, Cut
from jobs.pit.what_if import WhatIf
from jobs.pit.windows import WindowReduction

ADDED = ("sum", "mean", "stddev")
"""Functions that add doubles, whose order of adding may differ."""

# What is kept in memory has as many partitions as a shuffle asks for, however small, unless Spark may merge them; each
# costs a pass through Python workers.
KEPT_SETTINGS = {"spark.sql.optimizer.canChangeCachedPlanOutputPartitioning": "true"}

MOST_GROUPS = 2_000
"""Groups of records by which trends are told; the largest ones where there are more."""

UNSAMPLED = "the mismatches were not sampled"

Told = tuple[Verdict | None, tuple[float, ...] | None, tuple[Example, ...]]
NOTHING: Told = (None, None, ())


def reconcile(spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame, cut: Cut) -> Reconciliation:
    """Recompute every record of the log at its own keys and T, compare, and say why what differs does.

    `log` has the columns of docs/feature-log-table.md. Errors: InputError with every problem, or with a feature
    function's own error.
    """
    own = private_session(spark, **KEPT_SETTINGS)
    spine = log_spine(own, spec, hand_over(log, own), cut)
    features = compared_features(spine)
    kept = recomputed(spine, features, carried_columns(spine)).persist()
    compared = compare(kept, features)
    try:
        rows, unmatched, counts = count_all(compared, features)
        differing = {place: each for place, each in enumerate(features) if counts[each.name].mismatched}
        trends = _trends(compared, {place: each.name for place, each in differing.items()})
        mismatched = {place: counts[each.name].mismatched for place, each in differing.items()}
        told = explained(spine, features, compared, rows, mismatched)
    except PySparkException as error:
        raise as_input_error(error) from error
    finally:
        kept.unpersist()
    findings = [
        Finding(each.name, counts[each.name], *told.get(each.name, NOTHING), trends.get(each.name, {}))
        for each in features
    ]
    span, allowed = str(cut) if cut.is_range else None, spec.training_set.reconcile
    name = spec.training_set.name
    return Reconciliation(name, span, rows, unmatched, tuple(findings), spine.unlogged, allowed)


def compared_features(spine: LogSpine) -> list[Compared]:
    """What the log has of the training set's columns, each with the column of the joined rows to hold it against."""
    bound, loose = spine.bound, _loose(spine.bound)
    results: dict[str, tuple[Column, DataType]] = dict(bound.table_columns)
    for field in schema_of(bound.features):
        results[field.name] = F.col("features").getField(field.name), field.dataType
    record = F.col(RECORD)
    fields = _fields(spine.rows, RECORD, "features")
    found = []
    for name, logged_as in spine.logged.items():
        recomputed, kind = results[name]
        own = fields.get(logged_as or "")
        logged = F.lit(None).cast(kind) if own is None else record.getField("features").getField(logged_as)
        weight = _weight(bound, name) if name in loose else None
        can_be = spine.comparable(name)
        found.append(Compared(name, logged, own or kind, recomputed, kind, can_be, name in loose, weight))
    return found


def _loose(bound: Bound) -> set[str]:
    """Doubles that come of adding doubles, and functions of such: equal within rule 6's tolerance, not exactly."""
    loose = {
        joined(lane.name, each.name)
        for lane in bound.lanes
        if isinstance(lane.reduction, WindowReduction)
        for each in lane.reduction.aggregations
        if each.function in ADDED and isinstance(lane.reduction.result_type(each), DoubleType)
    }
    doubles = {field.name for field in schema_of(bound.features) if isinstance(field.dataType, DoubleType)}
    for name in bound.features.names:
        if set(bound.features.subset([name]).inputs) & loose and name in doubles:
            loose.add(name)
    return loose


def _weight(bound: Bound, name: str) -> Column | None:
    """At least the sum of absolute values in a sum's window, by Cauchy and Schwarz: √(n Σx²); of a mean, that by n."""
    for lane in bound.lanes:
        for each in lane.reduction.aggregations if isinstance(lane.reduction, WindowReduction) else ():
            if joined(lane.name, each.name) != name:
                continue
            slot = F.col(lane.events_slot)
            size, mean, deviation = (
                slot.getField(f"{each.name}~{what}") for what in ("count", "mean", "stddev")
            )
            spread = F.greatest(size - 1, F.lit(0)) * F.coalesce(F.pow(deviation, 2), F.lit(0.0))
            squares = spread + size * F.pow(mean, 2)
            return (
                F.sqrt(size * squares)
                if each.function == "sum"
                else F.sqrt(squares / F.greatest(size, F.lit(1)))
            )
    return None


def _with_weights(lane: Lane) -> Lane:
    """The lane with the aggregates that weights are made of beside each sum, mean and deviation of doubles."""
    reduction = lane.reduction
    if not isinstance(reduction, WindowReduction):
        return lane
    more = [
        each._replace(name=f"{each.name}~{function}", function=function)
        for each in reduction.aggregations
        if each.function in ADDED and isinstance(reduction.result_type(each), DoubleType)
        for function in ("count", "mean", "stddev")
    ]
    return replace(lane, reduction=replace(reduction, aggregations=(*reduction.aggregations, *more)))


def recomputed(spine: LogSpine, features: Sequence[Compared], carried: Sequence[Column]) -> DataFrame:
    """The records joined and computed again: the carried columns, and all that decides each feature's state."""
    weighted = replace(spine.bound, lanes=tuple(map(_with_weights, spine.bound.lanes)))
    reading = prune(weighted, Census(0, 0, 0, 0, 0, 0, 0, spine.first, spine.last))
    return held_together(joined_rows(reading, spine.rows), features, carried)


def carried_columns(spine: LogSpine) -> list[Column]:
    """What trends, samples and causes need of a record beside its features."""
    bound, record = spine.bound, F.col(RECORD)
    entity = [record.getField("entity").getField(name) for name in _fields(spine.rows, RECORD, "entity")]
    others = {
        name: value for name, (value, _) in bound.table_columns.items() if name in bound.features.inputs
    }
    others |= {name: F.col("features").getField(name) for name in bound.features.names}
    return [
        record.getField("record_id").alias("record_id"),
        F.pmod(F.xxhash64(record.getField("record_id"), F.col("t"), *entity), F.lit(FRACTIONS)).alias(
            "fraction"
        ),
        F.unix_micros("t").alias("at"),
        F.to_date(F.col("t")).alias("day"),
        record.getField("host").alias("host"),
        record.getField("model_version").alias("model_version"),
        *([record.getField("tags").alias("tags")] if _fields(spine.rows, RECORD, "tags") else []),
        F.col("label"),
        *[value.alias(OTHER + name) for name, value in others.items() if name not in spine.logged],
    ]


def _trends(compared: DataFrame, differing: Mapping[int, str]) -> dict[str, dict[str, dict[str, Counts]]]:
    """Feature → dimension → value → counts: by day, model version and host in one pass, and by each tag."""
    if not differing:
        return {}
    passes = [{name: F.col(name) for name in ("day", "model_version", "host")}]
    passes += [{f"tag {name}": F.col("tags").getField(name)} for name in _fields(compared, "tags")]
    found: dict[str, dict[str, dict[str, Counts]]] = {name: {} for name in differing.values()}
    for dimensions in passes:
        for name, trends in count_by(compared, dimensions, differing, MOST_GROUPS).items():
            found[name] |= trends
    return found


def explained(
    spine: LogSpine,
    features: Sequence[Compared],
    compared: DataFrame,
    rows: int,
    mismatched: Mapping[int, int],
) -> dict[str, Told]:
    """Feature → cause, quantiles of the difference, and examples, of those that differ, from a sample."""
    if not mismatched:
        return {}
    sample, table, histories = collect_sample(spine, features, compared, rows, mismatched)
    what_if = WhatIf(sample, histories, spine.bound.features, _zones(spine.bound))
    features_sampled = [sampled(table, features[place], place) for place in mismatched]
    verdicts = find_causes(features_sampled, what_if, event_numbers(sample))
    return {
        each.name: (
            verdicts.get(each.name, Verdict("unknown", 0.0, UNSAMPLED)),
            differences(each),
            examples(each, sample, what_if),
        )
        for each in features_sampled
    }


def _zones(bound: Bound) -> list[str]:
    """The zones that the training set declares anywhere."""
    found = [bound.labels.timezone, *(lane.timezone for lane in bound.lanes)]
    found += [window.zone.key for each in bound.reductions.values() for window in each.calendars]
    return [zone for zone in dict.fromkeys(found) if zone]


def _fields(rows: DataFrame, *path: str) -> dict[str, DataType]:
    kind: DataType = rows.schema
    for name in path:
        if not isinstance(kind, StructType) or name not in kind.names:
            return {}
        kind = kind[name].dataType
    return {field.name: field.dataType for field in kind} if isinstance(kind, StructType) else {}
