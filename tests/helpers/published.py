"""Training sets as a build publishes them, without Spark: rows, the manifest in the commit, the table's owner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake

from skewless.ground.run.commits import OWNER, text_of

NAME = "late_flights"


def manifest_of(columns: Sequence[str], **labels: Any) -> dict[str, Any]:
    """What `load` reads of a manifest."""
    return {
        "training_set": NAME,
        "run_id": "1",
        "columns": list(columns),
        "spec": {"training_set": {"labels": {"label_columns": ["late"], **labels}}},
        "serving_plan": {"columns": [name for name in columns if "__" in name or name == "is_hot"]},
    }


def publish(path: Path, rows: pa.Table, manifest: dict[str, Any] | None, **options: Any) -> None:
    """A commit that puts these rows in the place of all; without a manifest as somebody else's writer would."""
    metadata = {} if manifest is None else {"userMetadata": text_of(manifest)}
    write_deltalake(
        str(path),
        rows,
        partition_by=["event_date"],
        mode="overwrite",
        commit_properties=CommitProperties(custom_metadata=metadata),
        **options,
    )
    _own(path)


def _own(path: Path) -> None:
    """Name the training set among the table's properties; delta-rs writes none that it does not know."""
    for log in (path / "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in log.read_text().splitlines()]
        for action in actions:
            if "metaData" in action:
                action["metaData"]["configuration"][OWNER] = NAME
        log.write_text("".join(json.dumps(action) + "\n" for action in actions))
