"""What a build found → its manifest, made once: it is committed with the rows, kept, and printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from pyspark.sql import DataFrame

from skewless.ground.names import EVENT_DATE
from skewless.ground.run.manifest import (
    FailedExpectation,
    LogCounts,
    Manifest,
    SuiteCounts,
    WrittenDefinition,
)
from skewless.ground.run.ranges import RunRange
from skewless.lake.session import written_run
from skewless.parts.parity import Parity
from skewless.parts.publish import Standing, after
from skewless.parts.spine import Census, published_time
from skewless.parts.validation import Failure, Verdict
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.staging.staged import Staged
from skewless.training_set.staging.written import computed_part


@dataclass(frozen=True)
class Findings:
    """All that a manifest is made of: what was built, by what, and how it was judged.

    `rows` are those of this run, `standing` is what the output held when they were ready.
    `verdict` is None without a suite, `parity` without an audit; `document` is that of the serving plan.
    """

    opened: OpenedTrainingSet
    run_range: RunRange
    census: Census
    run_id: str
    rows: DataFrame
    strategy: str
    staged: Staged
    verdict: Verdict | None
    parity: Parity | None
    document: Mapping[str, Any]
    standing: Standing

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
    taken = found.census.taken
    part = computed_part(opened, found.run_id, taken, found.strategy, found.staged, parity)
    manifest: Manifest = {
        # mypy fears that the part may hold keys that some manifests lack, as something else.
        **part,  # type: ignore[typeddict-item]
        "expectations": _suite(verdict) if verdict else None,
        "as_of": written["as_of"],
        "start": written["start"],
        "end": written["end"],
        "spec": opened.spec.to_document(),
        "feature_fingerprints": dict(opened.features.fingerprints),
        "serving_plan": found.document,
        "checksum": checksum,
        "label_events": {
            "in_range": found.census.in_range,
            "left_out": found.census.left_out,
            "null_times": found.census.null_times,
        },
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
    if found.staged.log:
        manifest["log"] = cast(LogCounts, found.staged.log.to_json())
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


def _suite(verdict: Verdict) -> SuiteCounts:
    return {"evaluated": verdict.evaluated, "failed": len(verdict.failures)}


def _failure(failure: Failure) -> FailedExpectation:
    return {
        "text": str(failure),
        "severity": failure.severity,
        "columns": list(failure.columns),
        "rows": [{"key": key, "values": values} for key, values in failure.rows],
        "values": [{"value": value, "count": count} for value, count in failure.values],
        "spread": failure.spread,
    }
