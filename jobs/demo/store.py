"""The demo's online store: what serving fetches for a month's flights, as files of JSON lines.

`requests.jsonl` has one flight a line as the schedule announces it: the departure on New York's clock and without
a zone, the arrival as an instant. `<as-name>.jsonl` has the rows of one feature table near those T. Times are ISO
text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from skewless import ServingPlan
from skewless.ground.instants import literal, micros_of
from skewless.ground.spark_columns import column
from skewless.parts.parity.raw_rows import rows_within
from skewless.training_set.opened import OpenedTrainingSet

ORIGIN_ZONE = "America/New_York"
REQUESTS = "requests"
DEPARTS = "sched_dep_at"


def write_store(
    opened: OpenedTrainingSet, plan: ServingPlan, start: datetime, end: datetime, directory: Path
) -> int:
    """Write the requests with T in [start, end) and the feature rows near them; give the number of requests."""
    directory.mkdir(parents=True, exist_ok=True)
    requests = requests_of(opened, start, end)
    _write(directory / f"{REQUESTS}.jsonl", requests)
    moments = pa.array([micros_of(start), micros_of(end)])
    for side in opened.sides:
        needs = plan.needs()[side.name]
        names = dict.fromkeys([*needs.keys, *needs.row_columns, *needs.event_columns])
        rows = rows_within(side.rows, needs, moments).select(*map(column, names)).toArrow()
        _write(directory / f"{side.name}.jsonl", rows)
    return int(requests.num_rows)


def requests_of(opened: OpenedTrainingSet, start: datetime, end: datetime) -> pa.Table:
    """The label events in the order of T, without what is known only afterwards; cancelled flights too."""
    labels = opened.labels
    t = column(labels.event_timestamp)
    afterwards = {*labels.label_columns, labels.label_available_at}
    known = [name for name in opened.events.columns if name not in afterwards]
    in_range = opened.events.where((t >= literal(start)) & (t < literal(end)))
    ordered = in_range.select(*map(column, known)).orderBy(t, *[F.col(name) for name in labels.entity_keys])
    found = ordered.toArrow()
    departs = pc.local_timestamp(found[DEPARTS].cast(pa.timestamp("us", tz=ORIGIN_ZONE)))
    return found.set_column(found.column_names.index(DEPARTS), DEPARTS, departs)


def _write(file: Path, table: pa.Table) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(map(_line, table.to_pylist()))


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=datetime.isoformat) + "\n"
