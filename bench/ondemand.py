"""All feature functions in one Arrow pass inside Spark, beside one process that does the same without Spark.

    python -m bench.ondemand --rows 1000000

The vector is `bench/card_features.py`: twenty functions over fifteen inputs. `bare` is one process that reads the same
Arrow batches from a file, converts each column to Python values, calls the functions in a plain loop with the null rule
and no checks, and converts back. The pass is `skewless.parts.functions.with_features` on one core.

Measured is CPU time, user and system: of Spark's Python workers during the pass (also what they spend on taking batches
from the JVM and giving them back), of the process, and of the JVM during the pass less the JVM's during a scan alone.
`in the kernel` is the pass's own Python code run on the file by the bare process: what is ours to improve. The pass
makes instants faster than Arrow's `to_pylist` does, so a second loop that borrows this conversion shows the rest alone.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from bench import bare, card_features
from bench.card_rows import payments
from bench.results import tell
from skewless import FeatureSet
from skewless.ground.arrow_values import python_list
from skewless.parts.functions import Inputs, schema_of, with_features
from skewless.parts.functions.arrow_pass import features_of_batch

BATCH = 10_000  # as Spark's own
TICKS = os.sysconf("SC_CLK_TCK")
MODULE = "bench.card_features"


def make_data(spark: SparkSession, place: Path, rows: int) -> None:
    """The same payments as Parquet for Spark and as Arrow batches in a file, `rows` of them in repeated blocks."""
    block = pa.Table.from_pylist(payments(min(rows, 10 * BATCH)))
    frame = spark.createDataFrame(block)
    copies = max(1, rows // len(block))
    frame.crossJoin(spark.range(copies).select()).coalesce(1).write.parquet(str(place / "rows"))
    table = block.cast(to_arrow_schema(frame.schema))
    with pa.ipc.new_file(place / "rows.arrow", table.schema) as file:
        for _ in range(copies):
            for batch in table.to_batches(max_chunksize=BATCH):
                file.write_batch(batch)


def batches(place: Path) -> Iterator[pa.RecordBatch]:
    with pa.ipc.open_file(place / "rows.arrow") as file:
        for number in range(file.num_record_batches):
            yield file.get_batch(number)


def run_bare(place: Path, convert: Callable[[pa.Array], list[Any]] = pa.Array.to_pylist) -> None:
    steps = bare.steps_of(card_features)
    schema = to_arrow_schema(schema_of(FeatureSet.from_module(MODULE)))
    for batch in batches(place):
        columns = {name: convert(batch.column(name)) for name in batch.schema.names}
        results = bare.of_columns(steps, columns)
        pa.StructArray.from_arrays(
            [pa.array(results[field.name], field.type) for field in schema], fields=list(schema)
        )


def run_quick(place: Path) -> None:
    run_bare(place, python_list)


def run_kernel(place: Path) -> None:
    features = FeatureSet.from_module(MODULE)
    for batch in batches(place):
        features_of_batch(features, {name: batch.column(name) for name in features.inputs}, {}, len(batch))


def run_nothing(place: Path) -> None:
    """What both processes spend before the first row: imports and the file."""
    steps = bare.steps_of(card_features)
    assert steps and sum(len(batch) for batch in batches(place)) > 0


def sink(frame: DataFrame) -> None:
    frame.write.format("noop").mode("overwrite").save()


def cpu_of(pids: list[int]) -> float:
    """Seconds of CPU, user and system, of these processes and of their children that have ended."""
    taken = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        taken += sum(int(field) for field in fields[11:15])
    return taken / TICKS


def python_workers(jvm: int) -> list[int]:
    """Spark's Python daemon and its workers."""
    found = [jvm]
    for pid in found:
        children = Path(f"/proc/{pid}/task").glob("*/children")
        found += [int(child) for file in children for child in file.read_text().split()]
    return found[1:]


def spark_cpu(frame: DataFrame, jvm: int) -> tuple[float, float]:
    """Seconds of CPU of the Python workers and of the JVM while the frame is computed."""
    python, java = cpu_of(python_workers(jvm)), cpu_of([jvm])
    sink(frame)
    return cpu_of(python_workers(jvm)) - python, cpu_of([jvm]) - java


def process_cpu(name: str, place: Path) -> float:
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "bench.ondemand", "--process", name, "--place", str(place)], check=True
    )
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def measured(place: Path, rows: int, rounds: int) -> dict[str, float]:
    os.environ["SKEWLESS_MASTER"] = "local[1]"
    from skewless.lake.session import get_spark

    spark = get_spark("bench ondemand")
    make_data(spark, place, rows)
    scan = spark.read.parquet(str(place / "rows"))
    features = FeatureSet.from_module(MODULE)
    types = {field.name: field.dataType for field in scan.schema}
    inputs = Inputs({name: F.col(name) for name in types}, types, {})
    passed = with_features(scan, features, inputs, {}).select("features")
    jvm = int(spark._jvm.java.lang.ProcessHandle.current().pid())  # type: ignore[union-attr]
    sink(passed)  # starts the workers and compiles, once
    sink(scan)
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        python, java = spark_cpu(passed, jvm)
        taken = {"Python workers": python, "JVM": java - spark_cpu(scan, jvm)[1]}
        start = process_cpu("nothing", place)
        taken |= {name: process_cpu(name, place) - start for name in ("bare", "quick", "kernel")}
        for name, seconds in taken.items():
            found.setdefault(name, []).append(seconds)
        print({name: round(values[-1], 2) for name, values in found.items()}, file=sys.stderr, flush=True)
    spark.stop()
    return {name: statistics.median(values) for name, values in found.items()}


def report(found: Mapping[str, float], rows: int, rounds: int) -> str:
    functions = len(FeatureSet.from_module(MODULE).names)
    named = {
        "one process, plain loop (bare)": found["bare"],
        "the same with the pass's conversion of instants": found["quick"],
        "the pass: Python workers": found["Python workers"],
        "of these, in the kernel": found["kernel"],
        "the pass: JVM, less its scan": found["JVM"],
    }
    lines = [
        f"{rows:,} rows, {functions} functions; {datetime.now(timezone.utc):%Y-%m-%d}, one core, Python "
        f"{platform.python_version()}, pyarrow {pa.__version__}; CPU, medians of {rounds} rounds\n\n"
        f"    python -m bench.ondemand --rows {rows}\n",
        "| CPU of | s | µs a row and function | to bare |\n| --- | --- | --- | --- |",
    ]
    for name, seconds in named.items():
        each = seconds / rows / functions * 1e6
        lines.append(f"| {name} | {seconds:.2f} | {each:.3f} | {seconds / found['bare']:.2f}x |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--process", choices=["bare", "quick", "kernel", "nothing"], help=argparse.SUPPRESS)
    parser.add_argument("--place", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    processes: dict[str, Callable[[Path], None]] = {
        "bare": run_bare,
        "quick": run_quick,
        "kernel": run_kernel,
        "nothing": run_nothing,
    }
    if given.process:
        processes[given.process](given.place)
        return
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        text = report(measured(Path(folder), given.rows, given.rounds), given.rows, given.rounds)
    print(text, f"({time.monotonic() - begin:.0f} s)", sep="\n", file=sys.stderr)
    tell(text, given.out)


if __name__ == "__main__":
    main()
