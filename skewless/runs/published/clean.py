"""`skewless clean`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from skewless.config import durations
from skewless.ground.errors import MachineError
from skewless.ground.run.commits import SCORES
from skewless.lake.session import private_session
from skewless.lake.storage import Hadoop
from skewless.parts.publish import (
    Leftover,
    Leftovers,
    Output,
    SparkHistory,
    read_manifests,
    refuse_foreign_table,
    remove,
)
from skewless.parts.publish.leases import now_of
from skewless.runs.execution import Result, Run, refuse_no_location
from skewless.serving.errors import first_line


class Sized(NamedTuple):
    """What a dead run left, and its bytes."""

    leftover: Leftover
    size: int


def clean_training_set(
    run: Run, name: str, older_than: timedelta, scores: Sequence[str], *, dry_run: bool
) -> Result:
    """`skewless clean`: what dead runs left of a training set and of its scores, removed, or with `dry_run` only told.

    `scores` are the places that `skewless score --to` writes: no configuration names them. Errors: InputError, before
    anything is removed, where a place is not this training set's or its scores'; MachineError, after all else is
    removed, with a line for each that cannot be.
    """
    for each in scores:
        refuse_no_location("--scores", each)
    configuration = run.configuration()
    location, watch = configuration.output_of(name), configuration.monitoring(name)
    spark = private_session(run.spark())
    output = Output.at(spark, location)
    outputs = [output, *(Output.at(spark, each, "--scores", SCORES) for each in scores)]
    for place in outputs:
        refuse_foreign_table(spark, place, name)
    kept = {version for version in (watch.reference_version, _newest(spark, output)) if version is not None}
    found = [
        each
        for place in outputs  # only the training set's has profiles
        for each in Leftovers(spark, place, _now(spark, place, dry_run), kept).older_than(older_than)
    ]
    sized = _sized(spark, found)
    if not dry_run:
        _remove(Hadoop(spark), sized)
    return Result(_document(name, sized, older_than, dry_run), _summary(name, sized, older_than, dry_run))


def _newest(spark: SparkSession, output: Output) -> int | None:
    versions, _ = read_manifests(SparkHistory(spark, output), 1)
    return versions[-1].version if versions else None


def _now(spark: SparkSession, output: Output, dry_run: bool) -> int:
    """The time where the files are; a dry run writes nothing there, and so has to go by this machine's clock."""
    files = Hadoop(spark)
    if dry_run or not files.is_folder(output.stagings):
        return int(time.time() * 1000)
    return now_of(files, output.stagings)


def _sized(spark: SparkSession, found: Sequence[Leftover]) -> list[Sized]:
    files = Hadoop(spark)
    return [Sized(each, sum(map(files.size, each.paths))) for each in found]


def _remove(files: Hadoop, found: Sequence[Sized]) -> None:
    problems = []
    for each, _ in found:
        try:
            remove(files, each)
        except OSError as error:
            problems.append(f"{each.kind} {each.paths[0]}: cannot be removed: {first_line(error)}")
    if problems:
        raise MachineError(problems)


def _document(name: str, found: Sequence[Sized], older_than: timedelta, dry_run: bool) -> dict[str, Any]:
    return {
        "training_set": name,
        "dry_run": dry_run,
        "older_than": durations.shortest(older_than),
        "removed": [
            {"kind": each.kind, "paths": list(each.paths), "since": each.since.isoformat(), "bytes": size}
            for each, size in found
        ],
        "bytes": sum(size for _, size in found),
    }


def _summary(name: str, found: Sequence[Sized], older_than: timedelta, dry_run: bool) -> str:
    age = durations.shortest(older_than)
    if not found:
        return f"{name}: nothing older than {age} is left of dead runs"
    verb = "would be removed" if dry_run else "removed"
    total = sum(size for _, size in found)
    lines = [f"{name}: {len(found)} {verb}, {total:,} bytes, older than {age}"]
    lines += [
        f"  {each.kind:<18} {each.since:%Y-%m-%dT%H:%M:%SZ}  {size:>14,} bytes  {each.paths[0]}"
        for each, size in found
    ]
    return "\n".join(lines)
