"""What is settled before a run computes anything → its rows, computed once into the run's own place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from pyspark.sql import DataFrame, Observation
from pyspark.sql import functions as F

from skewless.ground.errors import LostRowsError
from skewless.ground.run.ranges import RunRange
from skewless.parts.functions import failures_of
from skewless.parts.publish import Output, stage
from skewless.parts.spine import Census
from skewless.training_set.from_log.columns import LogUse, log_counts, log_use
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.rows import feature_failures, joined_rows, select_result, spine_for
from skewless.training_set.staging.auditing import audit_columns
from skewless.training_set.staging.table_use import TableUse, counting, matches_of, use_of


class Staged(NamedTuple):
    """Rows in the run's own place, how its tables and its log were used, how often a feature failed and is null."""

    rows: DataFrame
    tables: Mapping[str, TableUse]
    failed: Mapping[str, int]
    log: LogUse | None


def staged_rows(
    opened: OpenedTrainingSet, run_range: RunRange, census: Census, output: Output, run_id: str
) -> Staged:
    """Compute the rows into the run's own place, once, counting on the way what was read and what matched, and
    noting in the column `AUDIT` which rows are worth an audit.

    Errors: InputError with a feature function's own error, LostRowsError.
    """
    # Counted while they are read: a count of its own would read each table a second time. Those that are sent tell it
    # with the joined rows.
    observed = {side.name: Observation() for side in opened.sides if not side.broadcast}
    audited = bool(audit_columns(opened))
    sides = [replace(counting(side, observed.get(side.name)), audited=audited) for side in opened.sides]
    counted = replace(opened, sides=tuple(sides))
    spine = spine_for(counted, run_range)
    joined = joined_rows(counted, spine)
    result = Observation()
    matches = [count for side in opened.sides for count in matches_of(side)]
    failures = [
        F.sum(F.col("features").getField(counted)).alias(counted)
        for counted in failures_of(opened.features).values()
    ]
    counts = [*matches, *failures, *log_counts(opened.log)]
    joined = joined.observe(result, F.count(F.lit(1)).alias("rows"), *counts)
    with feature_failures(opened, spine):
        staged = stage(select_result(counted, joined, *audit_columns(counted)), output, run_id)
    # Before anything judges values: rows that a join lost or doubled would pass an audit of those that are there.
    totals = result.get
    if totals["rows"] != census.taken:
        raise LostRowsError(
            f"{census.taken} label events were to be joined, {totals['rows']} came out; nothing is published"
        )
    read = {name: each.get for name, each in observed.items()}
    used = {side.name: use_of(opened, side, read.get(side.name, {}), totals) for side in opened.sides}
    failed = {name: totals[counted] or 0 for name, counted in failures_of(opened.features).items()}
    return Staged(staged, used, failed, log_use(opened, totals))
