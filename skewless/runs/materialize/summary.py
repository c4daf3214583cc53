"""What a run of `materialize` says on a terminal: what was written, from where, and what the audit found."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.runs.materialize.materialize import Materialized

SHOWN = 5


def summary_of_materialization(found: Materialized) -> str:
    """The verdict, a line for each table, the audit."""
    return "\n".join(_lines(found))


def _lines(found: Materialized) -> Iterator[str]:
    verdict = "REJECTED, nothing of it is seen" if found.state is None else "published"
    yield f"{found.plan.name}: version {found.plan.version} in {found.store}: {verdict}"
    yield f"  from {found.materialized_at:%Y-%m-%dT%H:%M:%SZ} on"
    for work, written in found.works:
        keys = "" if found.state is None else f" of {found.state.tables[work.table.name].keys:,}"
        done = f"{written.rows:,} rows, {written.keys:,}{keys} keys written"
        yield f"  {work.table.name:<24} {work.mode:<11} {done}, version {work.table.source.version} ({work.why})"
    audit = found.audit
    yield f"  {'audit':<24} {audit.keys:,} keys at {audit.instants:,} instants, {len(audit.differences)} differences"
    yield from (f"    {each}" for each in audit.differences[:SHOWN])
    if len(audit.differences) > SHOWN:
        yield f"    and {len(audit.differences) - SHOWN:,} more"
