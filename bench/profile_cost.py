"""What a profile of all features costs, beside a plain scan with as many simple aggregates.

python -m bench.profile_cost                       # 10,000,000 rows of 200 features, made first if not there
python -m bench.profile_cost --rows 400000 --rounds 1 --out bench/RESULTS.md
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyspark
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bench.results import tell
from skewless.lake.jvm.listed_files import spread_files
from skewless.lake.session import get_spark, private_session
from skewless.parts.profile.bins import Bins
from skewless.runs.watch.monitor.profile.counting import Subject, counted, laid_out

FILE_ROWS = 100_000
TEXTS = 20
"""Of the features, so many are texts; the others are doubles, one in ten with nulls."""


def write_rows(folder: Path, rows: int, features: int) -> None:
    """Files of equal size, each with numbers of its own."""
    for number, first in enumerate(range(0, rows, FILE_ROWS)):
        rng, size = np.random.default_rng(number), min(FILE_ROWS, rows - first)
        columns = {}
        for place in range(features):
            if place < TEXTS:
                columns[f"f{place}"] = pa.array(rng.zipf(1.7, size) % 500).cast(pa.string())
            else:
                mask = rng.random(size) < 0.05 if place % 10 == 0 else None
                columns[f"f{place}"] = pa.array(rng.normal(size=size), mask=mask)
        pq.write_table(pa.table(columns), folder / f"{number:05d}.parquet")


def plain(rows: DataFrame) -> object:
    return rows.agg(
        *[F.avg(name) if kind == "double" else F.max(name) for name, kind in rows.dtypes]
    ).collect()


def four(rows: DataFrame) -> object:
    names = rows.columns
    return rows.agg(*[of(name) for name in names for of in (F.count, F.min, F.max, F.first)]).collect()


def median_time(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def table(folder: str, rows: int, features: int, rounds: int) -> str:
    spark = private_session(get_spark("bench profile_cost"))
    frame = spark.read.parquet(folder)
    subject = Subject(frame, {name: F.col(name) for name in frame.columns})

    def bins_of_a_version() -> dict[str, Bins]:
        return laid_out(Subject(spread_files(frame), subject.features), lambda _: 10, lambda _: 20)

    bins = bins_of_a_version()
    works: dict[str, Callable[[], object]] = {
        "one aggregate a feature (mean, or the greatest text)": lambda: plain(frame),
        "four (count, least, greatest, first)": lambda: four(frame),
        "a log's profile": lambda: counted(subject, bins, rows),
        "a version's profile: the pass": lambda: counted(subject, bins, rows, known=1000),
        "a version's profile: the sample for its bins": bins_of_a_version,
    }
    plain(frame)
    times = {name: median_time(work, rounds) for name, work in works.items()}
    base = next(iter(times.values()))
    lines = [f"| {name} | {spent:.1f} s | {spent / base:.2f}x |" for name, spent in times.items()]
    day = datetime.now(timezone.utc).date()
    return "\n".join(
        [
            "## Profiles",
            "",
            f"{rows:,} rows, {features} features, {TEXTS} of them texts; {day}, {os.cpu_count()} cores, Python "
            f"{platform.python_version()}, Spark {pyspark.__version__}; medians of {rounds} rounds",
            "",
            f"    python -m bench.profile_cost --rows {rows} --rounds {rounds}",
            "",
            "| over all features | | to one aggregate |",
            "| --- | --- | --- |",
            *lines,
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="append the table to this file")
    options = parser.parse_args()
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = Path(tempfile.mkdtemp(prefix="profile_cost-"))
    try:
        write_rows(folder, options.rows, options.features)
        text = table(str(folder), options.rows, options.features, options.rounds)
    finally:
        shutil.rmtree(folder)
    tell(text, options.out)


if __name__ == "__main__":
    main()
