"""Staged rows and their audit → what every manifest says of them, whatever kind of run made them."""

from __future__ import annotations

from skewless.ground.run.manifest import AuditCounts, ComputedPart, ValueDifference
from skewless.ground.version import package_version
from skewless.parts.parity import Parity
from skewless.serving.replay.replay import Difference
from skewless.training_set.opened import OpenedTrainingSet
from skewless.training_set.staging.staged import Staged


def computed_part(
    opened: OpenedTrainingSet, run_id: str, rows: int, strategy: str, staged: Staged, parity: Parity | None
) -> ComputedPart:
    """Inputs with their versions, columns, counts and the audit of a run that computed so many rows."""
    return {
        "training_set": opened.spec.training_set.name,
        "run_id": run_id,
        "rows": rows,
        "columns": opened.result_columns,
        "strategy": strategy,
        "feature_tables": {name: use.counts(rows) for name, use in staged.tables.items()},
        "parity": {"rows": parity.rows, "mismatches": parity.mismatches} if parity else None,
        "skewless": package_version(),
        "inputs": {
            name: {"location": source.location, "version": source.version}
            for name, source in opened.inputs.items()
        },
        "features": {name: str(returns) for name, returns in opened.features.schema.items()},
        "failed": {name: count for name, count in staged.failed.items() if count},
        "audit": _audit(parity) if parity else None,
        "read": {name: use.amount for name, use in staged.tables.items()},
        "warnings": list(opened.spec.warnings),
        "repeated_keys": {
            name: use.repeated_keys for name, use in staged.tables.items() if use.repeated_keys
        },
    }


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
