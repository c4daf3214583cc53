"""A monitoring's findings → rows of a Delta table beside the training set, for dashboards and trends over runs."""

from __future__ import annotations

from datetime import datetime, timezone

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from skewless.config import Monitoring, PublishableTrainingSet, is_path
from skewless.ground.errors import InputError
from skewless.lake.tables import Place
from skewless.runs.watch.monitor.drift.outcome import Monitored

OWNER = "skewless.monitoring"
COLUMNS = (
    "run_at timestamp, training_set string, version bigint, log string, span string, feature string, kind string, "
    "dimension string, value string, reference_rows bigint, current_rows bigint, psi double, kl double, "
    "kl_reverse double, js double, ks double, chi_square double, chi_square_freedom int, p_value double, "
    "null_rate_reference double, null_rate_current double, nan_rate_reference double, nan_rate_current double, "
    "zero_rate_reference double, zero_rate_current double, new_rate_reference double, new_rate_current double, "
    "alert boolean, reason string"
)


def history_location(spec: PublishableTrainingSet, watch: Monitoring) -> str:
    """Where the history is: as configured, else beside the training set."""
    if watch.history is not None:
        return watch.history
    output = spec.output
    if output.endswith("`") and not is_path(output):
        return f"{output[:-1]}_monitoring`"
    return f"{output.rstrip('/')}_monitoring"


def add_history(spark: SparkSession, location: str, log: str, run_at: datetime, found: Monitored) -> str:
    """Append a row for each finding; says where. Errors: InputError where something else is there."""
    schema = StructType.fromDDL(COLUMNS)
    assert isinstance(schema, StructType), "columns are those of a struct"
    rows = list(found.history({"run_at": run_at.astimezone(timezone.utc), "log": log}))
    arrow = to_arrow_schema(schema)
    table = pa.Table.from_pylist([{name: row[name] for name in schema.names} for row in rows], schema=arrow)
    frame = spark.createDataFrame(table, schema).coalesce(1)
    place = Place.at(spark, location)
    there = place.found(spark, OWNER)
    if there.is_foreign:
        raise InputError(
            f"history {location}: holds {there.what} that skewless did not make; give another place"
        )
    if there.holds is None:
        place.create(frame, OWNER, "findings", "training_set")
    else:
        frame.writeTo(place.sql_name).append()
    return f"history {location}: {len(rows):,} rows"
