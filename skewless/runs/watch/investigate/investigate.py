"""Offline and online predictions → features recomputed on both sides → the gap, its parts, and the suspects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.parts.publish import Output, standing_of
from skewless.runs.manifest_text import mixed_text
from skewless.runs.watch.investigate.called_model import called_model, imported_function
from skewless.runs.watch.investigate.gap import (
    Features,
    Investigation,
    Predictions,
    Question,
    inquire,
    refuse_unfit,
)
from skewless.runs.watch.investigate.scored_features import ScoredFeatures, scored_features
from skewless.runs.watch.investigate.scored_tables import LABEL, REQUEST, SCORE, ScoredTable, scored_tables
from skewless.skew.recompute import KEPT_SETTINGS
from skewless.training_set.fingerprints import own_fingerprints

FINGERPRINT = "fingerprint"
MOST_ROWS = 200_000
"""Rows of a side whose features are brought to the driver."""

SETTLED = 0.99
"""The share of labels that are known when a row counts as old enough."""

RECOMPUTABLE = 0.99
"""The share of rows in which a feature has to be known on both sides for its drift to mean anything."""


@dataclass(frozen=True)
class Asked:
    """What a user asks: two tables, a metric, and perhaps a model and a column with the arms of a test."""

    offline: str
    online: str
    metric: str
    model: str | None = None
    arm: str | None = None
    any_score: bool = False

    @property
    def is_probability(self) -> bool:
        return self.metric == "log_loss" or (self.metric == "auc" and not self.any_score)


def investigate(
    spark: SparkSession, spec: ResolvedTrainingSet, asked: Asked, as_of: datetime
) -> Investigation:
    """Whether the gap is real, and what it is made of.

    Errors: InputError with what is wrong with the tables, the scores, the labels or the model.
    """
    function = imported_function(asked.model) if asked.model else None
    own = private_session(spark, **KEPT_SETTINGS)
    with step("opening tables"):
        tables = scored_tables(own, spec.training_set.labels, asked.offline, asked.online, asked.arm)
        foreign_records = _foreign_fingerprints(own, spec, tables[1])
    by_request = all(table.there(REQUEST) for table in tables)
    with step("reading predictions") as reading:
        delay = _delay(tables[0], as_of)
        offline, online = (_predictions(table, as_of, by_request, delay) for table in tables)
        reading.rows = len(offline) + len(online)
    refuse_unfit((offline, online), asked.metric, asked.any_score)
    share = min(1.0, MOST_ROWS / max(len(offline), len(online)))
    logs = [table.log(as_of, by_request, share) for table in tables]
    with step("recomputing features"):
        served = scored_features(own, spec, logs[1], as_of, "online")
        trained = scored_features(own, spec, logs[0], as_of, "offline")
    question = Question(
        spec.training_set.name,
        asked.metric,
        function and called_model(str(asked.model), function, served.others, asked.is_probability),
        spec.training_set.reconcile.rate_of,
        served.causes,
        _drifting(trained, served),
        any_score=not asked.is_probability,
        notes=(*foreign_records, *_mixed(own, spec)),
        origins=served.origins,
    )
    sampled = (trained.predictions, served.predictions, trained.recomputed, served.logged, served.recomputed)
    with step("measuring the gap"):
        return inquire(question, offline, online, Features(*sampled, served.compared, served.mismatched))


def _foreign_fingerprints(
    spark: SparkSession, spec: ResolvedTrainingSet, online: ScoredTable
) -> tuple[str, ...]:
    """A note on records of another feature set. Errors: InputError where there are no others."""
    if online.there(FINGERPRINT) is None:
        return ()
    rows = (
        online.rows.select(online.text(FINGERPRINT).alias(FINGERPRINT)).groupBy(FINGERPRINT).count().collect()
    )
    counts = {row[FINGERPRINT]: row["count"] for row in rows}
    known = own_fingerprints(spark, spec) if any(counts) else set()
    unknown = [text for text in counts if text is not None and text not in known]
    name = spec.training_set.name
    if unknown and len(unknown) == len(counts):
        raise InputError(
            f"online: its records carry the fingerprint {min(unknown)}, which training set '{name}' never had; give "
            "the predictions of its own serving"
        )
    if not unknown:
        return ()
    return (
        f"{sum(counts[text] for text in unknown):,} online rows carry a fingerprint that '{name}' never had",
    )


def _mixed(spark: SparkSession, spec: ResolvedTrainingSet) -> Iterator[str]:
    """A note where the published rows, which the model may have learnt from, are of several definitions."""
    if spec.training_set.output is not None:
        held = standing_of(spark, Output.at(spark, spec.training_set.output)).held
        if len(held) > 1:
            yield f"the training set has {mixed_text([each.to_json(dates) for each, dates in held])}"


def _drifting(trained: ScoredFeatures, served: ScoredFeatures) -> tuple[str, ...]:
    known = {name: min(share, trained.known[name]) for name, share in served.known.items()}
    return tuple(name for name, share in known.items() if share >= RECOMPUTABLE)


def _delay(offline: ScoredTable, as_of: datetime) -> int | None:
    """How long all but a few labels take, in microseconds; None where the table does not say when they were known."""
    if offline.available is None:
        return None
    taken = F.unix_micros(offline.known_at()) - F.unix_micros(offline.t)
    row = offline.rows.where(offline.matured(as_of)).agg(F.percentile(taken, SETTLED).alias("delay")).first()
    return None if row is None or row["delay"] is None else int(row["delay"])


def _predictions(table: ScoredTable, as_of: datetime, by_request: bool, delay: int | None) -> Predictions:
    """Every row with a score and a known label, and how many have none."""
    rows = table.predictions(as_of, by_request, delay).toArrow()
    unlabelled, unscored = rows[LABEL].null_count, rows.filter(rows[LABEL].is_valid())[SCORE].null_count
    kept = rows.filter(_both(rows[LABEL], rows[SCORE])).combine_chunks()
    score, label, unit, row = (np.asarray(kept[name].to_numpy()) for name in (SCORE, LABEL, "unit", "row"))
    arm = tuple(kept["arm"].to_pylist()) if table.there(table.arm) else None
    settled = None if delay is None else kept["settled"].to_numpy()
    return Predictions(table.side, score, label, unit, row, arm, settled, unlabelled, unscored)


def _both(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.Array:
    return pa.array(one.is_valid().to_numpy() & other.is_valid().to_numpy())
