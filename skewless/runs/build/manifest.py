"""What a build found → its manifest, made once: it is committed with the rows, kept, and printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pyspark.sql import DataFrame

from skewless.ground.names import EVENT_DATE
from skewless.ground.run.ranges import RunRange
from skewless.ground.version import package_version
from skewless.lake.session import written_run
from skewless.lake.sizes import Extent
from skewless.parts.parity import Parity
from skewless.parts.publish import Standing, after
from skewless.parts.publish.document import (
    AuditCounts,
    FailedExpectation,
    LogCounts,
    Manifest,
    ReadAmount,
    SuiteCounts,
    TableCounts,
    ValueDifference,
    WrittenDefinition,
)
from skewless.parts.spine import Census, published_time
from skewless.parts.validation import Failure, Verdict
from skewless.serving.replay.replay import Difference
from skewless.training_set.from_log.columns import LogUse
from skewless.training_set.opened import OpenedTrainingSet


@dataclass(frozen=True)
class TableUse:
    """How a joined table was used: rows read, rows of those with a null key or time, label events matched.

    `at_t` counts the label events whose winning row became true, or available, at exactly T.
    `read` is what was read of the files that the table has, `whole`.
    `repeated_keys` counts, for a static table, the rows beyond the first of their key; None otherwise.
    """

    version: int
    rows_read: int
    null_rows: int
    matched: int
    at_t: int
    read: Extent
    whole: Extent
    repeated_keys: int | None = None


@dataclass(frozen=True)
class Findings:
    """All that a manifest is made of: what was built, by what, and how it was judged.

    `failed` counts, per feature with `on_error="null"`, the label events on which it failed and is null.
    `rows` are those of this run, `standing` is what the output held when they were ready.
    `verdict` is None without a suite, `parity` without an audit, `log` where nothing is taken from one; `document` is
    that of the serving plan.
    """

    opened: OpenedTrainingSet
    run_range: RunRange
    census: Census
    run_id: str
    rows: DataFrame
    strategy: str
    tables: Mapping[str, TableUse]
    failed: Mapping[str, int]
    verdict: Verdict | None
    parity: Parity | None
    document: Mapping[str, Any]
    standing: Standing
    log: LogUse | None = None

    @property
    def passed(self) -> bool:
        """Whether neither the suite nor the audit refuses the rows."""
        return all(judgement is None or judgement.passed for judgement in (self.verdict, self.parity))


def manifest_of(found: Findings, checksum: str | None) -> Manifest:
    """All that it takes to say what a commit was made from: inputs with versions, the specs, the range, the counts.

    `checksum` is that of rows which passed, whatever their order.
    """
    opened, verdict, parity = found.opened, found.verdict, found.parity
    written, run = found.run_range.to_json(), written_run(found.rows.sparkSession)
    manifest: Manifest = {
        "training_set": opened.spec.training_set.name,
        "run_id": found.run_id,
        "rows": found.census.taken,
        "columns": opened.result_columns,
        "strategy": found.strategy,
        "feature_tables": {name: _counts(use, found.census.taken) for name, use in found.tables.items()},
        "parity": {"rows": parity.rows, "mismatches": parity.mismatches} if parity else None,
        "expectations": _suite(verdict) if verdict else None,
        "skewless": package_version(),
        "as_of": written["as_of"],
        "start": written["start"],
        "end": written["end"],
        "inputs": {
            name: {"location": source.location, "version": source.version}
            for name, source in opened.inputs.items()
        },
        "spec": opened.spec.to_document(),
        "features": {name: str(returns) for name, returns in opened.features.schema.items()},
        "failed": {name: count for name, count in found.failed.items() if count},
        "feature_fingerprints": dict(opened.features.fingerprints),
        "serving_plan": found.document,
        "checksum": checksum,
        "audit": _audit(parity) if parity else None,
        "label_events": {
            "in_range": found.census.in_range,
            "left_out": found.census.left_out,
            "null_times": found.census.null_times,
        },
        "read": {name: _amount(use) for name, use in found.tables.items()},
        "warnings": list(opened.spec.warnings),
        "repeated_keys": {name: use.repeated_keys for name, use in found.tables.items() if use.repeated_keys},
        "failures": [_failure(each) for each in (verdict.failures if verdict else ())],
        "definitions": _definitions(found),
        "follows": found.standing.version,
        "started_at": run["started_at"],
        "ended_at": run["ended_at"],
        "seconds": run["seconds"],
        "steps": run["steps"],
        "spark": run["spark"],
    }
    if found.run_range.without_times:
        manifest["without_times"] = True
    if found.log:
        manifest["log"] = cast(LogCounts, found.log.to_json())
    return manifest


def _definitions(found: Findings) -> list[WrittenDefinition]:
    """What the table's rows are of once this run is published; definitions that have no row left are forgotten."""
    standing, run_range, fingerprint = found.standing, found.run_range, found.document["fingerprint"]
    others = standing.others(fingerprint, run_range, published_time(found.opened.labels))
    own = [each for each in standing.definitions if each.fingerprint == fingerprint]
    stays = after([*own, *(definition for definition, _ in others)], run_range, fingerprint)
    if not others:
        return [each.to_json() for each in stays]
    days = {row[EVENT_DATE] for row in found.rows.select(EVENT_DATE).distinct().collect()}
    return [each.to_json(each.dates_of(standing.dates | days)) for each in stays]


def _counts(use: TableUse, label_events: int) -> TableCounts:
    return {
        "version": use.version,
        "rows_read": use.rows_read,
        "null_rows": use.null_rows,
        "match_rate": use.matched / label_events if label_events else None,
        "at_t": use.at_t,
    }


def _amount(use: TableUse) -> ReadAmount:
    return {
        "files": use.read.files,
        "of_files": use.whole.files,
        "bytes": use.read.bytes,
        "of_bytes": use.whole.bytes,
    }


def _suite(verdict: Verdict) -> SuiteCounts:
    return {"evaluated": verdict.evaluated, "failed": len(verdict.failures)}


def _failure(failure: Failure) -> FailedExpectation:
    return {"text": str(failure), "severity": failure.severity, "rows": [dict(row) for row in failure.rows]}


def _audit(parity: Parity) -> AuditCounts:
    return {
        "bound": parity.bound,
        "by_chance": parity.by_chance,
        "left_out": parity.left_out,
        "differences": [_difference(each) for each in parity.differences],
    }


def _difference(each: Difference) -> ValueDifference:
    return {
        "column": each.column,
        "published": each.published,
        "served": each.served,
        "label_event": each.label_event,
        "inputs": each.inputs,
        "rows": each.rows,
    }
