"""How many records of the feature log `skewless ingest-log` takes in a second.

    python bench/feature_log_ingest.py --records 200000

Writes log files of 20 features a record, ingests them into a new table, then a copy of the same files, whose records
are all there already. Prints a Markdown table; `--out` appends it to a file.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from bench.results import tell, title
from skewless import FeatureLog
from skewless.lake.session import get_spark, private_session
from skewless.parts.log import ingest, tables_at

BEGIN = datetime(2024, 1, 2, tzinfo=timezone.utc)
VECTOR: dict[str, Any] = {
    **{f"weather__measure_{i}": 1000 / (i + 7) for i in range(10)},
    **{f"aircraft__count_{i}": 37 * i for i in range(5)},
    "carrier": "UA",
    "dest": "IAH",
    "is_weekend": False,
    "weather__wind_gust": None,
    "aircraft__landed_at": datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
}


def write(folder: Path, records: int) -> float:
    """Log the records over three days; the megabytes that they take."""
    with FeatureLog(str(folder), model_version="7") as log:
        for number in range(records):
            moment = BEGIN + timedelta(days=3) * number / records
            log.write(
                entity={"tailnum": f"N{number % 5000}", "origin": "EWR"},
                event_timestamp=moment,
                features={**VECTOR, "weather__measure_0": number / 7},
                prediction=0.25,
                request_id=f"r-{number}",
            )
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    spark = private_session(get_spark("bench"))
    lines = ["| run | added | there already | seconds | records/s |", "| --- | --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as root:
        warm, logs, table = Path(root, "warm"), Path(root, "log"), f"{root}/table"
        write(warm, 1000)
        ingest(spark, str(warm), tables_at(spark, f"{root}/warm_table"), BEGIN)
        megabytes = write(logs, given.records)
        for name in ("new records", "a copy of the files"):
            begin = time.perf_counter()
            done = ingest(spark, str(logs), tables_at(spark, table), BEGIN)
            seconds = time.perf_counter() - begin
            cells = f"{done.records:,} | {done.duplicates:,} | {seconds:.1f} | {done.lines / seconds:,.0f}"
            lines.append(f"| {name} | {cells} |")
            for file in list(logs.iterdir()):
                shutil.copy(file, logs / f"copy-{file.name}")
    text = f"{title(f'{given.records:,} records of 20 features, {megabytes:.0f} MB')}\n\n" + "\n".join(lines)
    tell(text, given.out)


if __name__ == "__main__":
    main()
