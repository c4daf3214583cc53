"""What the model promised offline and what it predicted when served, each beside what became of the flights."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.demo.model import DelayModel, categories_of, fitted, floats_of, usable_columns
from skewless.ground.instants import literal
from skewless.ground.spark_columns import column
from skewless.training_set.opened import OpenedTrainingSet

OFFLINE, ONLINE = "offline_predictions", "online_predictions"


def model_of(published: DataFrame, opened: OpenedTrainingSet, until: datetime) -> DelayModel:
    """A model of the feature columns alone, trained on the published rows with T before `until`."""
    (label,) = opened.labels.label_columns
    features = [*opened.table_column_names, *opened.features.names]
    rows = published.where(column(opened.labels.event_timestamp) < literal(until)).select(*features, label)
    table = rows.toArrow()
    columns = usable_columns(table, exclude=(label,))
    return fitted(table, floats_of(table[label]) > 0, columns, categories_of([table], columns))


def offline_predictions(
    published: DataFrame, opened: OpenedTrainingSet, model: DelayModel, start: datetime, end: datetime
) -> DataFrame:
    """The published rows with T in [start, end), scored by the model: score, label, keys, T and request id."""
    t = column(opened.labels.event_timestamp)
    table = published.where((t >= literal(start)) & (t < literal(end))).toArrow()
    (label,) = opened.labels.label_columns
    who = [*opened.labels.entity_keys, opened.labels.event_timestamp]
    scored = table.select([*who, label]).append_column("score", pa.array(model.scores(table)))
    request_id = F.concat(F.lit("flight-"), F.col("flight_id").cast("string"))
    return published.sparkSession.createDataFrame(scored).select(
        "score", F.col(label).cast("int").alias("label"), *map(column, who), request_id.alias("request_id")
    )


def online_predictions(log: DataFrame, opened: OpenedTrainingSet) -> DataFrame:
    """The logged predictions of flights whose outcome is known: score, label, keys, T, request id, what was logged."""
    (label,) = opened.labels.label_columns
    keys, time = opened.labels.entity_keys, opened.labels.event_timestamp
    outcomes = opened.events.select("flight_id", label).where(F.col(label).isNotNull())
    served = log.select(
        F.col("prediction").alias("score"),
        *[F.col("entity").getField(name).alias(name) for name in keys],
        F.col("event_timestamp").alias(time),
        "request_id",
        "model_version",
        F.col("tags").getField("release").alias("release"),
        "features.*",
    )
    known = served.join(outcomes, on="flight_id", how="inner")
    rest = [name for name in served.columns if name != "score"]
    return known.select("score", F.col(label).cast("int").alias("label"), *map(column, rest))


def write_predictions(rows: DataFrame, warehouse: str, name: str) -> str:
    """Replace one table of predictions; gives a line that says what is in it."""
    path = f"{warehouse.rstrip('/')}/{name}"
    rows.coalesce(1).write.format("delta").mode("overwrite").option("overwriteSchema", "true").save(path)
    found = rows.sparkSession.read.format("delta").load(path)
    return f"{name:<20}{found.count():>8,} rows, {found.where('label = 1').count():,} of them late"
