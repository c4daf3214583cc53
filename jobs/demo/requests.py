"""What the demo's serving process is asked: some days' flights, as a file of JSON lines.

One flight a line as the schedule announces it: the departure on New York's clock and without a zone, the arrival as an
instant. Times are ISO text.
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

from skewless.ground.instants import literal
from skewless.ground.spark_columns import column
from skewless.training_set.opened import OpenedTrainingSet

ORIGIN_ZONE = "America/New_York"
DEPARTS = "sched_dep_at"


def write_requests(opened: OpenedTrainingSet, start: datetime, end: datetime, file: Path) -> int:
    """Write the requests with T in [start, end); give their number."""
    requests = requests_of(opened, start, end)
    with file.open("w", encoding="utf-8") as out:
        out.writelines(map(_line, requests.to_pylist()))
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


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, default=datetime.isoformat) + "\n"
