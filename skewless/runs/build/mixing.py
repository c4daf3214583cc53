"""Rows of two definitions in one training set: refused by name before anything runs, unless the run says otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql.types import StructType

from skewless.ground.errors import InputError, PublishConflictError
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.parts.publish import (
    Definition,
    Output,
    SparkHistory,
    Standing,
    changes,
    read_manifests,
    runs_of,
    standing_of,
)
from skewless.parts.spine import published_time
from skewless.training_set.ahead.preparation import Prepared
from skewless.training_set.rows import joined_rows, select_result, spine_for

ALLOW = "--allow-mixed"


@step("comparing definitions")
def refuse_mixed(
    spark: SparkSession, output: Output, ready: Prepared, run_range: RunRange, *, allow_mixed: bool = False
) -> Standing:
    """What stands where it goes together with the run: InputError where rows outside the range are of another
    definition than those of this run would be.

    `run_range` is what is built by this definition in the end, of which a run may be a piece. What is allowed to be
    mixed has to fit one table all the same: no column may be of two types.
    """
    standing, fingerprint = standing_of(spark, output), ready.document["fingerprint"]
    time = published_time(ready.all.labels)
    others = standing.others(fingerprint, run_range, time)
    if others and not allow_mixed:
        raise InputError(_refusals(spark, output, ready, standing, others))
    if standing.others(fingerprint, ready.run_range, time):
        problems = list(_retyped(output, standing.rows.schema, ready))
        if problems:
            raise InputError(problems)
    return standing


def refuse_mixed_meanwhile(
    spark: SparkSession, ready: Prepared, whole: RunRange, known: Standing, *, allow_mixed: bool
) -> None:
    """PublishConflictError where another run has since published rows of another definition outside the whole range.

    Delta sees no conflict between two runs of different dates. `known` is what stood when the run was let through. What
    another commits while this run's files are written, in seconds, is not seen: `refuse_mixed` of the next run tells.
    """
    standing = standing_of(spark, known.output, known)
    if allow_mixed or standing is known:
        return
    others = standing.others(ready.document["fingerprint"], whole, published_time(ready.all.labels))
    if others:
        dates = ", ".join(runs_of({day for _, held in others for day in held}))
        raise PublishConflictError(
            f"output '{known.output.location}': another run published rows of another definition meanwhile ({dates}); "
            "nothing of this run is visible, run it again"
        )


def _refusals(
    spark: SparkSession,
    output: Output,
    ready: Prepared,
    standing: Standing,
    others: Iterable[tuple[Definition, list[date | None]]],
) -> Iterator[str]:
    versions = {each.version: each.manifest for each in read_manifests(SparkHistory(spark, output))[0]}
    name = ready.all.spec.training_set.name
    for definition, dates in others:
        manifest: Mapping[str, Any] = versions.get(definition.version or 0, {})
        plan = manifest.get("serving_plan")
        told = "; ".join(changes(plan, ready.document)) if plan else "no plan of it is kept"
        yield (
            f"training set '{name}': {', '.join(runs_of(dates))}: the rows are of another definition, that of version "
            f"{definition.version}; changed since: {told}; build them again too with "
            f"{_backfill(name, ready.run_range, standing)}, or publish beside them with {ALLOW}"
        )


def _backfill(name: str, run_range: RunRange, standing: Standing) -> str:
    """The command that builds all standing rows, and those of the run, by today's definition."""
    command = f"skewless build {name} --each month"
    if None in standing.dates or run_range.start is None or run_range.end is None:
        return command
    days = [day for day in standing.dates if day is not None]
    start = min([*days, run_range.start.date()])
    end = max([*(day + timedelta(days=1) for day in days), _day_after(run_range)])
    return f"{command} --start {start} --end {end}"


def _day_after(run_range: RunRange) -> date:
    assert run_range.end is not None, "asked of ranges that end"
    return (run_range.end - timedelta(microseconds=1)).date() + timedelta(days=1)


def _retyped(output: Output, schema: StructType, ready: Prepared) -> Iterator[str]:
    """Columns of another type than in the standing rows that stay."""
    rows = joined_rows(ready.recomputed, spine_for(ready.recomputed, ready.run_range))
    new = _types(select_result(ready.recomputed, rows).schema)
    standing = _types(schema)
    for name, kind in new.items():
        if standing.get(name, kind) != kind:
            yield (
                f"output '{output.location}': column '{name}' is {standing[name]} in the rows that stay and would be "
                f"{kind} in those of this run, which one table cannot hold; build once without a range and without "
                "--each, or give the column another name"
            )


def _types(schema: StructType) -> dict[str, str]:
    return {field.name.casefold(): field.dataType.simpleString() for field in schema}
