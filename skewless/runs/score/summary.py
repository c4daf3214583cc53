"""What a run of `score` says on a terminal: where the rows are, by which definition, of which tables."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.runs.manifest_text import audit_of, difference_lines_of, repeated_keys_of, table_lines_of
from skewless.runs.score.score import Scored


def summary_of_scores(scored: Scored) -> str:
    """The verdict, then inputs, tables, what the audit has shown, and what somebody should know."""
    return "\n".join(_lines(scored))


def verdict_of(scored: Scored) -> str:
    """What happened, in a sentence."""
    made = scored.manifest
    name, rows = (
        made["training_set"],
        f"{made['rows']:,} rows, each exactly once, {len(made['columns'])} columns",
    )
    if scored.rejected_path:
        return f"{name}: REFUSED, nothing published: {rows}; the rows are kept in {scored.rejected_path}"
    return f"{name}: scored by version {made['definition']['version']}: {rows}"


def _lines(scored: Scored) -> Iterator[str]:
    yield verdict_of(scored)
    made = scored.manifest
    source = made["inputs"]["entities"]
    yield f"  {'entities':<13} {source['location']}, version {source['version']}"
    yield f"  {'as of':<13} {made['at'] or 'column ' + made['event_timestamp'] + ' of the entities'}"
    if scored.output_version is not None:
        yield f"  {'output':<13} {scored.to}, version {scored.output_version}"
    yield from table_lines_of(made)
    if audit := audit_of(made, "rows"):
        yield f"  {'parity':<13} {audit}"
    yield from difference_lines_of(made, "entity")
    for note in [*made["warnings"], *repeated_keys_of(made), *_failed(scored)]:
        yield f"  {'warning':<13} {note}"


def _failed(scored: Scored) -> Iterator[str]:
    for name, count in scored.manifest["failed"].items():
        yield f"feature '{name}': failed on {count:,} rows and is null there (on_error=null)"
