"""Summaries for a terminal: the verdict first, then what was left out and why, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skewless.ground.run.manifest import Manifest
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.broken import broken_lines_of
from skewless.runs.build.told.log_sections import log_lines_of, log_notes_of
from skewless.runs.manifest_text import (
    audit_of,
    definitions_of,
    difference_lines_of,
    range_of,
    repeated_keys_of,
    table_lines_of,
)


def summary_of_build(built: Outcome, report: str | None = None, *, show_rows: bool = False) -> str:
    """A build in a screenful: published or refused, rows, what was left out, match rates, expectations, warnings.

    Values of rows that break an expectation stand in it with `show_rows` only: a terminal is often a shared log.
    """
    lines = list(_build_lines(built, show_rows=show_rows))
    return "\n".join([*lines, f"  {'report':<13} {report}"] if report else lines)


def verdict_of(built: Outcome) -> str:
    """What happened, in a sentence."""
    manifest = built.manifest
    rows = f"{manifest['rows']:,} label events, each exactly once, {len(manifest['columns'])} columns"
    if built.rejected_path:
        kept = f"the rows are kept in {built.rejected_path}"
        return f"{manifest['training_set']}: REFUSED, nothing published: {rows}; {kept}"
    if built.unchanged:
        return f"{manifest['training_set']}: unchanged, version {built.version} stands: {rows}"
    return f"{manifest['training_set']}: published version {built.version}: {rows}"


def output_of(manifest: Manifest) -> str:
    return str(manifest["spec"]["training_set"]["output"])


def left_out_of(manifest: Manifest) -> list[str]:
    """Each reason for which label events are not in the result, with their number."""
    where = manifest["spec"]["training_set"]["labels"].get("where")
    return left_out_lines(manifest["label_events"]["left_out"], where)


def left_out_lines(left_out: Mapping[str, int], where: str | None) -> list[str]:
    return [
        f"{count:,} label events: " + (f"not where {where}" if reason == "where" else reason)
        for reason, count in left_out.items()
    ]


def notes_of(manifest: Manifest) -> list[str]:
    """What somebody should know before using the rows."""
    at_t = [
        f"feature table '{name}': {use['at_t']:,} label events joined a row of exactly T, which may be what they wrote "
        "themselves, outcome included: strict: true leaves such rows out, a delay says how long serving waits for them"
        for name, use in manifest["feature_tables"].items()
        if use["at_t"]
    ]
    logged = manifest["log"]["features"] if "log" in manifest else {}
    failed = [
        f"feature '{name}': failed on {count:,} label events and is null there (on_error=null)"
        + (", where it was not logged" if name in logged else "")
        for name, count in manifest["failed"].items()
    ]
    mixed = definitions_of(manifest)
    return [
        *([mixed] if mixed else []),
        *manifest["warnings"],
        *at_t,
        *repeated_keys_of(manifest),
        *failed,
        *log_notes_of(manifest),
    ]


def _build_lines(built: Outcome, *, show_rows: bool) -> Iterator[str]:
    yield verdict_of(built)
    manifest, within = built.manifest, range_of(built.manifest)
    yield f"  {'output':<13} {output_of(manifest)}" + (f"  T in {within}" if within else "")
    for line in left_out_of(manifest):
        yield f"  {'left out':<13} {line}"
    yield from table_lines_of(manifest)
    for line in log_lines_of(manifest):
        yield f"  {'log':<13} {line}"
    if audit := audit_of(manifest):
        yield f"  {'parity':<13} {audit}"
    yield from difference_lines_of(manifest)
    if manifest["expectations"]:
        held = manifest["expectations"]["evaluated"] - manifest["expectations"]["failed"]
        yield f"  {'expectations':<13} {held} of {manifest['expectations']['evaluated']} hold"
    for failure in manifest["failures"]:
        yield f"  {failure['severity']:<13} {failure['text']}"
        yield from (f"  {'':<13}   {line}" for line in broken_lines_of(failure, show_rows=show_rows))
    for note in notes_of(manifest):
        yield f"  {'warning':<13} {note}"
