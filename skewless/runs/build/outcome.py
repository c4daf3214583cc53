"""What a build did: the `--json` object, the manifest, and the facts that summaries and reports print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skewless.ground.run_range import RunRange
from skewless.ground.version import package_version
from skewless.lake.sources import Extent
from skewless.parts.parity import Parity
from skewless.parts.spine import Census
from skewless.parts.validation import Verdict
from skewless.training_set.from_log.columns import LogUse
from skewless.training_set.opened import OpenedTrainingSet


@dataclass(frozen=True)
class TableUse:
    """How a joined table was used: rows read, rows of those with a null key or time, label events matched.

    `read` is what was read of the files that the table has, `whole`.
    `repeated_keys` counts, for a static table, the rows beyond the first of their key; None otherwise.
    """

    version: int
    rows_read: int
    null_rows: int
    matched: int
    read: Extent
    whole: Extent
    repeated_keys: int | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished build. It is published if it has a version, else rejected; `unchanged` if that version stood before.

    `failed` counts, per feature with `on_error="null"`, the label events on which it failed and is null.
    `verdict` is None without a suite, `parity` without an audit, `log` where nothing is taken from one; `document` is
    that of the serving plan. `checksum` is that of rows which passed, whatever their order.
    """

    opened: OpenedTrainingSet
    run_range: RunRange
    census: Census
    run_id: str
    strategy: str
    tables: Mapping[str, TableUse]
    failed: Mapping[str, int]
    verdict: Verdict | None
    parity: Parity | None
    document: Mapping[str, Any]
    version: int | None = None
    unchanged: bool = False
    rejected_path: str | None = None
    log: LogUse | None = None
    checksum: str | None = None

    @property
    def passed(self) -> bool:
        """Whether neither the suite nor the audit refuses the rows."""
        return all(judgement is None or judgement.passed for judgement in (self.verdict, self.parity))

    @property
    def status(self) -> str:
        if self.rejected_path:
            return "rejected"
        return "unchanged" if self.unchanged else "published"

    @property
    def name(self) -> str:
        return self.opened.spec.training_set.name

    def to_json(self) -> dict[str, Any]:
        """The contract's `--json` object of `build`; `log` stands beside it where something is taken from one."""
        rows = self.census.taken
        return {
            "training_set": self.name,
            "run_id": self.run_id,
            "status": self.status,
            "version": self.version,
            "rejected_path": self.rejected_path,
            "rows": rows,
            "columns": self.opened.result_columns,
            "strategy": self.strategy,
            "feature_tables": {
                name: {
                    "version": use.version,
                    "rows_read": use.rows_read,
                    "null_rows": use.null_rows,
                    "match_rate": use.matched / rows if rows else None,
                }
                for name, use in self.tables.items()
            },
            "parity": self.parity and {"rows": self.parity.rows, "mismatches": self.parity.mismatches},
            "expectations": self.verdict
            and {"evaluated": self.verdict.evaluated, "failed": len(self.verdict.failures)},
            **({"log": self.log.to_json()} if self.log else {}),
        }


def manifest_of(outcome: Outcome) -> dict[str, Any]:
    """All that it takes to say what a commit was made from: inputs with versions, the specs, the range, the counts."""
    run_range, opened, verdict = outcome.run_range, outcome.opened, outcome.verdict
    facts = outcome.to_json()
    for decided_later in ("status", "version", "rejected_path"):
        facts.pop(decided_later)
    return {
        **facts,
        "skewless": package_version(),
        "as_of": run_range.as_of.isoformat(),
        "start": run_range.start and run_range.start.isoformat(),
        "end": run_range.end and run_range.end.isoformat(),
        "inputs": {
            name: {"location": source.location, "version": source.version}
            for name, source in opened.inputs.items()
        },
        "spec": opened.spec.to_document(),
        "features": {name: str(returns) for name, returns in opened.features.schema.items()},
        "failed": {name: count for name, count in outcome.failed.items() if count},
        "feature_fingerprints": dict(opened.features.fingerprints),
        "serving_plan": outcome.document,
        "checksum": outcome.checksum,
        "audit": _audit_of(outcome.parity),
        "label_events": {
            "in_range": outcome.census.in_range,
            "left_out": outcome.census.left_out,
            "null_times": outcome.census.null_times,
        },
        "read": {
            name: {
                "files": use.read.files,
                "of_files": use.whole.files,
                "bytes": use.read.bytes,
                "of_bytes": use.whole.bytes,
            }
            for name, use in outcome.tables.items()
        },
        "warnings": list(opened.spec.warnings),
        "repeated_keys": {
            name: use.repeated_keys for name, use in outcome.tables.items() if use.repeated_keys
        },
        "failures": [
            {"text": str(failure), "severity": failure.severity, "rows": [dict(row) for row in failure.rows]}
            for failure in (verdict.failures if verdict else ())
        ],
    }


def _audit_of(parity: Parity | None) -> dict[str, Any] | None:
    if parity is None:
        return None
    return {
        "bound": parity.bound,
        "by_chance": parity.by_chance,
        "left_out": parity.left_out,
        "differences": [difference._asdict() for difference in parity.differences],
    }
