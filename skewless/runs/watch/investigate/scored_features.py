"""Predictions with logged features → on the driver, what was logged beside what the training engine computes again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import NullType

from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import InputError, afterwards
from skewless.ground.run.ranges import RunRange
from skewless.runs.watch.investigate.gap import Predictions
from skewless.runs.watch.investigate.gap.findings import Cause, Origin
from skewless.runs.watch.investigate.scored_tables import LABEL, SCORE
from skewless.skew.causes.judging import Verdict
from skewless.skew.compare import SAME, Compared, compare, count_all
from skewless.skew.explained import explained
from skewless.skew.label_events import RECORD, record_types
from skewless.skew.recompute import carried_columns, compared_features, recomputed
from skewless.skew.spine import LogSpine, log_spine
from skewless.training_set.rows import feature_failures

PREDICTION = (SCORE, LABEL, "unit", "row")
OWN, GIVEN = "own_", "given"

Mask = np.typing.NDArray[np.bool_]


@dataclass(frozen=True)
class ScoredFeatures:
    """One side's rows. `logged` and `recomputed` have every column of the training set, in its order.

    Of what was not logged, `logged` has the recomputed values; what cannot be recomputed is in `recomputed` as logged.
    `compared`, `mismatched`, `causes` and `origins` are of logged features; `known` is the share of rows in which a
    feature can be recomputed. `others` are columns beside the features: keys, T, whatever else the table has.
    """

    predictions: Predictions
    logged: pa.Table
    recomputed: pa.Table
    compared: Mapping[str, Mask]
    mismatched: Mapping[str, Mask]
    known: Mapping[str, float]
    causes: Mapping[str, Cause]
    origins: Mapping[str, Origin]
    others: pa.Table


def scored_features(
    spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame, as_of: datetime, side: str
) -> ScoredFeatures:
    """Every row of a log that has predictions in `scored`, recomputed at its own keys and T.

    Only the online side's features are held against the recomputed ones. Errors: InputError for an online log without
    a feature of the training set, or with one of another type.
    """
    spine = log_spine(spark, spec, log, RunRange(as_of), whole=True)
    features = compared_features(spine)
    logged = {name for name, own in spine.logged.items() if own is not None and side == "online"}
    if side == "online":
        _refuse_foreign_records(spec, spine, features, logged)
    kept = recomputed(spine, features, [*carried_columns(spine), *_carried(spine)]).persist()
    with afterwards(kept.unpersist), feature_failures(spine.opened, spine.rows):
        compared = compare(kept, features)
        causes = _causes(spine, features, compared, logged)
        rows = _on_driver(compared, len(features))
    return _side_of(side, rows, features, logged, causes)


def _refuse_foreign_records(
    spec: ResolvedTrainingSet, spine: LogSpine, features: Sequence[Compared], logged: set[str]
) -> None:
    name = spec.training_set.name
    if not logged:
        expected = ", ".join(each.name for each in features[:5])
        raise InputError(
            f"online: no logged feature of training set '{name}'; expected columns such as {expected or 'none'}; "
            f"it has {', '.join(spine.unknown_names) or 'no others'}"
        )
    problems = [
        f"online: feature '{each.name}' is {each.logged_type.simpleString()}, and in training set '{name}' "
        f"{each.recomputed_type.simpleString()}; is this the log of another training set?"
        for each in features
        if each.name in logged and not each.takes_types and not isinstance(each.logged_type, NullType)
    ]
    if problems:
        raise InputError(problems)


def _carried(spine: LogSpine) -> Iterator[Column]:
    """The prediction, and what a model may take beside the training set's columns."""
    record = F.col(RECORD)
    for name in PREDICTION:
        yield record.getField("scored").getField(name).alias(OWN + name)
    others = {name: record.getField("entity").getField(name) for name in record_types(spine.rows, "entity")}
    taken = {name.casefold() for name in (*spine.logged, *others)}
    for name in record_types(spine.rows, "features"):
        if name.casefold() not in taken:
            others[name] = record.getField("features").getField(name)
    others["event_timestamp"] = F.col("t")
    yield F.struct(*[value.alias(name) for name, value in others.items()]).alias(GIVEN)


def _causes(
    spine: LogSpine, features: Sequence[Compared], compared: DataFrame, logged: set[str]
) -> dict[str, Verdict]:
    """Feature that differs → the likely cause, as reconciliation names it."""
    if not logged:
        return {}
    rows, _, counts = count_all(compared, features)
    mismatched = {
        place: counts[each.name].mismatched
        for place, each in enumerate(features)
        if each.name in logged and counts[each.name].mismatched
    }
    found = explained(spine, features, compared, rows, mismatched)
    return {name: each.verdict for name, each in found.items() if each.verdict is not None}


def _on_driver(compared: DataFrame, features: int) -> pa.Table:
    own = [OWN + name for name in PREDICTION]
    pairs = [f"{what}_{place}" for place in range(features) for what in ("logged", "recomputed", "state")]
    return compared.select(*own, GIVEN, *pairs).toArrow().combine_chunks()


def _side_of(
    side: str,
    rows: pa.Table,
    features: Sequence[Compared],
    logged: set[str],
    verdicts: Mapping[str, Verdict],
) -> ScoredFeatures:
    ours, theirs, known = {}, {}, {}
    compared, mismatched = {}, {}
    for place, each in enumerate(features):
        again = _whole(rows[f"recomputed_{place}"])
        state = _whole(rows[f"state_{place}"])
        can_be: Mask = state.is_valid().to_numpy(zero_copy_only=False)
        known[each.name] = float(can_be.mean()) if len(can_be) else 0.0
        ours[each.name] = theirs[each.name] = again
        if each.name not in logged:
            continue
        compared[each.name] = can_be
        mismatched[each.name] = pc.fill_null(pc.greater(state, SAME), False).to_numpy(zero_copy_only=False)
        theirs[each.name] = _like(_whole(rows[f"logged_{place}"]), again.type)
        if theirs[each.name].type == again.type:
            ours[each.name] = pc.if_else(pa.array(can_be), again, theirs[each.name])
    prediction = (rows[OWN + name].to_numpy() for name in PREDICTION)
    given = _whole(rows[GIVEN])
    others = {field.name: given.field(at) for at, field in enumerate(given.type)}
    return ScoredFeatures(
        Predictions(side, *prediction),
        pa.table(theirs),
        pa.table(ours),
        compared,
        mismatched,
        known,
        {
            name: Cause(cause=v.cause, confidence=v.confidence, detail=v.detail)
            for name, v in verdicts.items()
        },
        {
            name: Origin(v.cause, v.root, _first_day(others["event_timestamp"], mismatched[name]))
            for name, v in verdicts.items()
        },
        pa.table(others),
    )


def _first_day(moments: pa.Array, mismatched: Mask) -> str | None:
    """The UTC day of the first T at which a feature differs; None where no T is known."""
    first = pc.min(moments.filter(pa.array(mismatched))).as_py()
    return None if first is None else first.astimezone(timezone.utc).date().isoformat()


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _like(logged: pa.Array, kind: pa.DataType) -> pa.Array:
    """The logged values in the type that a model gets, where all of them have one."""
    try:
        return logged.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return logged
