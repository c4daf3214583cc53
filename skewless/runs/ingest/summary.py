"""What a run of `ingest-log` says on a terminal: what was added, and loudly what was not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def summary_of_ingestion(document: Mapping[str, Any], reason: str | None) -> str:
    """Two lines; where lines were rejected a third, with the reason of one of them."""
    lines = [
        f"{document['table']}: {document['records']:,} records added from {document['files']:,} files, "
        f"version {document['version']}",
        f"  {'duplicates':<13} {document['duplicates']:,} lines stood there already, or were read twice",
    ]
    if document["rejected"]:
        kept = f"kept whole with their reasons in {document['rejected_table']}"
        lines.append(
            f"  {'REJECTED':<13} {document['rejected']:,} lines are in no record; {kept}; one: {reason}"
        )
    return "\n".join(lines)
