"""What a run of `ingest-log` says on a terminal: what was added, and loudly what was not."""

from __future__ import annotations

from skewless.runs.watch.ingest.ingested import Ingested


def summary_of_ingestion(ingested: Ingested) -> str:
    """Two lines; where lines were rejected a third, with the reason of one of them."""
    done = ingested.done
    lines = [
        f"{ingested.table}: {done.records:,} records added from {done.files:,} files, version {ingested.version}",
        f"  {'duplicates':<13} {done.duplicates:,} lines stood there already, or were read twice",
    ]
    if done.rejected:
        kept = f"kept whole with their reasons in {ingested.rejected_table}"
        lines.append(
            f"  {'REJECTED':<13} {done.rejected:,} lines are in no record; {kept}; one: {done.reason}"
        )
    return "\n".join(lines)
