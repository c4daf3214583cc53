"""Who takes part without Spark: the same Parquet in a process of its own, which can be stopped by itself."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from bench.asof.cases import MAX_AGE, Case
from bench.asof.patience import Stopped
from bench.measure import Taken

STARTING = 30
"""Seconds for a new interpreter and its imports, which are not counted."""


def taken_aside(side: str, place: Path, case: Case, patience: float, result: Path | None) -> Taken:
    """What a side takes; its result is then written to `result` as Parquet, which is not counted.

    Errors: Stopped; RuntimeError where the process did not end well.
    """
    begin = time.monotonic()
    spawned = multiprocessing.get_context("spawn")
    ours, theirs = spawned.Pipe(duplex=False)
    process = spawned.Process(target=_run, args=(theirs, side, place, case, result), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(patience + STARTING):
            raise Stopped(time.monotonic() - begin)
        taken: Taken | None = ours.recv()
        process.join()  # it writes its result
    except EOFError:
        process.join()
        taken = None
    finally:
        process.kill()
    if taken is None or process.exitcode:
        raise RuntimeError(f"its process ended with {process.exitcode}")
    return taken


def _run(answer: Connection, side: str, place: Path, case: Case, result: Path | None) -> None:
    work = {"duckdb": in_duckdb, "polars": in_polars}[side]
    import_module(side)
    begin, processor = time.monotonic(), time.process_time()
    write = work(place, case)
    seconds, cpu = time.monotonic() - begin, time.process_time() - processor
    answer.send(Taken(seconds, cpu, 0, _most_memory()))
    if result:
        write(result)


def _most_memory() -> int:
    """The most bytes that this process has had in memory. Not `ru_maxrss`, which begins with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def in_duckdb(place: Path, case: Case) -> Callable[[Path], object]:
    """The result as a table in memory, and what writes it."""
    import duckdb

    since, until = (
        f"TIMESTAMPTZ '{moment:%Y-%m-%d %H:%M:%S}+00'" for moment in (case.first - MAX_AGE, case.end)
    )
    joins = " ".join(
        f"""ASOF LEFT JOIN (SELECT * FROM '{place}/{table.name}/*.parquet' WHERE ts >= {since} AND ts < {until})
              {table.name} ON l.{table.key} = {table.name}.{table.key} AND l.ts >= {table.name}.ts"""
        for table in case.tables
    )
    fresh = ", ".join(
        f"""CASE WHEN l.ts - {table.name}.ts <= INTERVAL {MAX_AGE.days} DAY THEN {table.name}.{value} END
              AS {table.name}__{value}"""
        for table in case.tables
        for value in table.values
    )
    of_labels = ", ".join(f"l.{name}" for name in ("id", *case.entities, "ts"))
    connection = duckdb.connect(config={"temp_directory": str(place / "duckdb")})
    connection.execute("SET enable_progress_bar = false")
    connection.execute(
        f"CREATE TEMP TABLE result AS SELECT {of_labels}, {fresh} FROM '{place}/labels/*.parquet' l {joins}"
    )
    return lambda file: connection.execute(f"COPY result TO '{file}' (FORMAT parquet)")


def in_polars(place: Path, case: Case) -> Callable[[Path], object]:
    """The result as a frame in memory, and what writes it."""
    import polars as pl

    joined = pl.scan_parquet(f"{place}/labels/*.parquet").sort("ts")
    for table in case.tables:
        in_time = pl.col("ts").is_between(case.first - MAX_AGE, case.end, closed="left")
        rows = pl.scan_parquet(f"{place}/{table.name}/*.parquet").filter(in_time).sort("ts")
        named = rows.rename({value: f"{table.name}__{value}" for value in table.values})
        # That both are sorted by key and time cannot be seen from the time alone, and is warned of for each table.
        joined = joined.join_asof(named, on="ts", by=table.key, tolerance=MAX_AGE, check_sortedness=False)
    write: Callable[[Path], object] = joined.select(case.result_columns).collect().write_parquet
    return write
