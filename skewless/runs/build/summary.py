"""Summaries for a terminal: the verdict first, then what was left out and why, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skewless.runs.build.log_sections import log_lines_of, log_notes_of
from skewless.runs.manifest_text import audit_of

Facts = Mapping[str, Any]
MOST_DIFFERENCES = 3


def summary_of_build(facts: Facts, report: str | None = None) -> str:
    """A build in a screenful: published or refused, rows, what was left out, match rates, expectations, warnings."""
    lines = list(_build_lines(facts))
    return "\n".join([*lines, f"  {'report':<13} {report}"] if report else lines)


def verdict_of(facts: Facts) -> str:
    """What happened, in a sentence."""
    rows = f"{facts['rows']:,} label events, each exactly once, {len(facts['columns'])} columns"
    if facts["rejected_path"]:
        kept = f"the rows are kept in {facts['rejected_path']}"
        return f"{facts['training_set']}: REFUSED, nothing published: {rows}; {kept}"
    if facts["unchanged"]:
        return f"{facts['training_set']}: unchanged, version {facts['version']} stands: {rows}"
    return f"{facts['training_set']}: published version {facts['version']}: {rows}"


def output_of(facts: Facts) -> str:
    return str(facts["spec"]["training_set"]["output"])


def left_out_of(facts: Facts) -> list[str]:
    """Each reason for which label events are not in the result, with their number."""
    where = facts["spec"]["training_set"]["labels"].get("where")
    return left_out_lines(facts["label_events"]["left_out"], where)


def left_out_lines(left_out: Mapping[str, int], where: str | None) -> list[str]:
    return [
        f"{count:,} label events: " + (f"not where {where}" if reason == "where" else reason)
        for reason, count in left_out.items()
    ]


def differences_of(facts: Facts) -> list[Facts]:
    """The first values that serving does not make: column, both values, label event, inputs, rows near T."""
    return list(facts["audit"]["differences"]) if facts["audit"] else []


TABLE_HEADER = ("table", "version", "rows read", "null rows", "files", "MB", "matched")


def table_rows_of(facts: Facts) -> list[tuple[str, ...]]:
    """Per joined table: name, version, rows read, rows with a null key or time, files and megabytes read of those
    that there are, share of label events matched."""
    rows: list[tuple[str, ...]] = []
    for name, use in facts["feature_tables"].items():
        read = facts["read"][name]
        rate = "-" if use["match_rate"] is None else f"{use['match_rate']:.1%}"
        files = f"{read['files']}/{read['of_files']}"
        megabytes = f"{read['bytes'] / 1e6:.1f}/{read['of_bytes'] / 1e6:.1f}"
        numbers = (f"{use['rows_read']:,}", f"{use['null_rows']:,}", files, megabytes, rate)
        rows.append((name, str(use["version"]), *numbers))
    return rows


def notes_of(facts: Facts) -> list[str]:
    """What somebody should know before using the rows."""
    repeated = [
        f"feature table '{name}': {count:,} rows beside another of the same key; the greatest is used"
        for name, count in facts["repeated_keys"].items()
    ]
    logged = facts["log"]["features"] if facts.get("log") else {}
    failed = [
        f"feature '{name}': failed on {count:,} label events and is null there (on_error=null)"
        + (", where it was not logged" if name in logged else "")
        for name, count in facts["failed"].items()
    ]
    return [*facts["warnings"], *repeated, *failed, *log_notes_of(facts)]


def _build_lines(facts: Facts) -> Iterator[str]:
    yield verdict_of(facts)
    yield f"  {'output':<13} {output_of(facts)}" + (f"  T in {facts['range']}" if facts["range"] else "")
    for line in left_out_of(facts):
        yield f"  {'left out':<13} {line}"
    if facts["feature_tables"]:
        for row in [TABLE_HEADER, *table_rows_of(facts)]:
            yield "  {:<20} {:>7} {:>11} {:>9} {:>9} {:>11} {:>7}".format(*row)
    for line in log_lines_of(facts):
        yield f"  {'log':<13} {line}"
    if audit := audit_of(facts):
        yield f"  {'parity':<13} {audit}"
    for difference in differences_of(facts)[:MOST_DIFFERENCES]:
        yield f"  {'':<13} {difference['column']}: published {difference['published']}, serving {difference['served']}"
        yield f"  {'':<13}   label event {difference['label_event']}"
        if difference["inputs"]:
            yield f"  {'':<13}   inputs {difference['inputs']}"
        yield from (f"  {'':<13}   row {row}" for row in difference["rows"])
    if facts["expectations"]:
        held = facts["expectations"]["evaluated"] - facts["expectations"]["failed"]
        yield f"  {'expectations':<13} {held} of {facts['expectations']['evaluated']} hold"
    for failure in facts["failures"]:
        yield f"  {failure['severity']:<13} {failure['text']}"
        for row in failure["rows"]:
            yield f"  {'':<13}   {row}"
    for note in notes_of(facts):
        yield f"  {'warning':<13} {note}"
