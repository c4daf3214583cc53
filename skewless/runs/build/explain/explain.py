"""What a build would do and why, told before it is done: the label events are counted, nothing else is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pyspark.sql import DataFrame, SparkSession

from skewless.config import EXCHANGE, PublishableTrainingSet, ResolvedTrainingSet, durations
from skewless.ground.instants import utc
from skewless.ground.run.ranges import RunRange
from skewless.lake.session import private_session
from skewless.lake.sizes import Extent, extent_of, row_count, whole_extent
from skewless.lake.sources import delta_table, latest_version
from skewless.parts.publish import Output
from skewless.parts.spine import within_range
from skewless.runs.build.explain.plan import (
    Amount,
    Plan,
    PlannedFreshness,
    PlannedJoin,
    PlannedLabelEvents,
    PlannedLog,
    PlannedOutput,
    PlannedSuite,
    PlannedTable,
)
from skewless.runs.build.mixing import refuse_mixed
from skewless.training_set.ahead.freshness import Freshness, freshness_of
from skewless.training_set.ahead.preparation import Prepared, open_all, prepare
from skewless.training_set.ahead.pruning import reach_of
from skewless.training_set.from_log.columns import recomputed_part
from skewless.training_set.opened import OpenedTrainingSet

WHY = "what tables share is moved once: label events meet all tables of the same keys in one exchange and one pass"
NOTHING_JOINED = "no feature table is read"


def explain(
    spark: SparkSession,
    spec: PublishableTrainingSet,
    run_range: RunRange,
    *,
    allow_empty: bool = False,
    allow_mixed: bool = False,
) -> Plan:
    """The `--json` object of `build --explain`: what is read, how it is joined, and what is replaced.

    Reads the columns that decide about label events, the tables' logs, and what `require_fresh` needs; calls no feature
    function and writes nothing. A table that is not fresh is told of. Errors: InputError for whatever a build refuses
    before it runs.
    """
    own = private_session(spark)
    output, opened = open_all(own, spec)
    fresh = freshness_of(recomputed_part(opened), run_range)
    ready = prepare(opened, run_range, allow_empty)
    refuse_mixed(own, output, ready, run_range, allow_mixed=allow_mixed)
    sides = ready.pruned.sides
    return {
        "training_set": spec.training_set.name,
        **run_range.to_json(),
        "ready": all(each.is_ready for each in fresh.values()),
        "columns": opened.result_columns,
        "strategy": ready.pruned.strategy,
        "why": WHY if sides else NOTHING_JOINED,
        "label_events": _label_events(ready),
        "feature_tables": dict(_feature_tables(ready, fresh)),
        "joins": list(_joins(ready.pruned)),
        "log": _log(ready),
        "features": {
            "modules": list(spec.training_set.features),
            "functions": len(ready.recomputed.features.names),
            "inputs": len(ready.recomputed.features.inputs),
        },
        "parity_sample": ready.recomputed.parity_sample,
        "expectations": _expectations(spec),
        "output": _output(own, output, ready.slice),
    }


def _label_events(ready: Prepared) -> PlannedLabelEvents:
    opened, census = ready.all, ready.census
    sources = {name: source for name, source in opened.inputs.items() if name.partition(".")[0] == "labels"}
    return {
        "sources": {
            name: {"location": source.location, "version": source.version} for name, source in sources.items()
        },
        **_to_read(within_range(opened.events, opened.labels, ready.run_range), extent_of(opened.events)),
        "in_range": census.in_range,
        "taken": census.taken,
        "left_out": census.left_out,
        "null_times": census.null_times,
        "first": None if census.first is None else utc(census.first),
        "last": None if census.last is None else utc(census.last),
        "where": opened.labels.where,
    }


def _feature_tables(ready: Prepared, fresh: Mapping[str, Freshness]) -> Iterator[tuple[str, PlannedTable]]:
    joins = {join.name: join for join in ready.all.spec.joins}
    for side in ready.pruned.sides:
        source = ready.all.inputs[f"feature_tables.{side.name}"]
        reach, join = reach_of(side, ready.census), joins[side.name]
        yield (
            side.name,
            {
                "table": join.table.name,
                "location": source.location,
                "version": source.version,
                **_to_read(side.rows, whole_extent(source.rows)),
                "since": None if reach.since is None else utc(reach.since),
                "since_because": reach.since_because,
                "until": None if reach.until is None else utc(reach.until),
                "until_because": reach.until_because,
                "join_keys": dict(side.keys),
                "columns": list(side.columns),
                "windows": [each["name"] for each in join.table.aggregations],
                "fresh": _fresh(fresh.get(side.name)),
                "warnings": list(join.table.warnings),
            },
        )


def _to_read(rows: DataFrame, all_: Extent) -> Amount:
    """Files and bytes that are read of those that there are, and the rows in these files; None where no log says it."""
    read = extent_of(rows)
    return {
        "files": read.files,
        "of_files": all_.files,
        "bytes": read.bytes,
        "of_bytes": all_.bytes,
        "rows": row_count(rows),
    }


def _fresh(found: Freshness | None) -> PlannedFreshness | None:
    if found is None:
        return None
    return {
        "require_fresh": durations.shortest(found.require_fresh),
        "since": utc(found.since),
        "visible_at": utc(found.latest),
        "ready": found.is_ready,
        "problem": None if found.is_ready else str(found),
    }


def _joins(opened: OpenedTrainingSet) -> Iterator[PlannedJoin]:
    """One for each set of keys and way."""
    for each in opened.plan:
        sides = [side for side in opened.sides if side.name in each.sides]
        yield {
            "keys": list(each.keys),
            "feature_tables": list(each.sides),
            "strategy": each.way,
            "why": each.why,
            "bytes": each.bytes,
            "exchanges": int(each.way == EXCHANGE),
            "partitions": each.partitions,
            "winners": [side.name for side in sides if side.competes],
            "windows": [side.name for side in sides if side.reduction is not None],
        }


def _log(ready: Prepared) -> PlannedLog | None:
    """What is taken from the log, and which tables are not read since the log has all that is published of them."""
    log = ready.pruned.log
    if log is None:
        return None
    source = ready.all.inputs["log"]
    by = {"request_id": log.request_id is not None, "keys": log.is_keyed}
    return {
        "location": source.location,
        "version": source.version,
        **_to_read(log.rows, whole_extent(source.rows)),
        "taken": list(log.taken),
        "missing": log.spec.missing,
        "matched_by": [way for way, is_taken in by.items() if is_taken],
        "not_read": _left_to_the_log(ready.all, ready.recomputed),
    }


def _left_to_the_log(opened: OpenedTrainingSet, part: OpenedTrainingSet) -> list[str]:
    read = {side.name for side in part.sides}
    return [side.name for side in opened.sides if side.name not in read]


def _expectations(spec: ResolvedTrainingSet) -> PlannedSuite | None:
    if spec.suite is None:
        return None
    return {
        "suite": spec.training_set.expectations,
        "expectations": len(spec.suite.expectations),
    }


def _output(spark: SparkSession, output: Output, predicate: str | None) -> PlannedOutput:
    """Where the rows go, the version that stands there, and which of its rows are replaced: None for all."""
    table = delta_table(spark, output.location)
    return {
        "location": output.location,
        "version": None if table is None else latest_version(table),
        "replaces": predicate,
    }
