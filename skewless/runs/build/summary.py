"""Summaries for a terminal: the verdict first, then what was left out and why, then the tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from skewless.ground.run.manifest import Manifest, ValueDifference
from skewless.runs.build.log_sections import log_lines_of, log_notes_of
from skewless.runs.build.outcome import Outcome
from skewless.runs.manifest_text import audit_of, definitions_of, range_of

MOST_DIFFERENCES = 3


def summary_of_build(built: Outcome, report: str | None = None) -> str:
    """A build in a screenful: published or refused, rows, what was left out, match rates, expectations, warnings."""
    lines = list(_build_lines(built))
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


def differences_of(manifest: Manifest) -> Sequence[ValueDifference]:
    """The first values that serving does not make: column, both values, label event, inputs, rows near T."""
    return manifest["audit"]["differences"] if manifest["audit"] else ()


TABLE_HEADER = ("table", "version", "rows read", "null rows", "files", "MB", "matched", "at T")


def table_rows_of(manifest: Manifest) -> list[tuple[str, ...]]:
    """Per joined table: name, version, rows read, rows with a null key or time, files and megabytes read of those
    that there are, share of label events matched, number of those whose winning row is of exactly T."""
    rows: list[tuple[str, ...]] = []
    for name, use in manifest["feature_tables"].items():
        read = manifest["read"][name]
        rate = "-" if use["match_rate"] is None else f"{use['match_rate']:.1%}"
        files = f"{read['files']}/{read['of_files']}"
        megabytes = f"{read['bytes'] / 1e6:.1f}/{read['of_bytes'] / 1e6:.1f}"
        numbers = (
            f"{use['rows_read']:,}",
            f"{use['null_rows']:,}",
            files,
            megabytes,
            rate,
            f"{use['at_t']:,}",
        )
        rows.append((name, str(use["version"]), *numbers))
    return rows


def notes_of(manifest: Manifest) -> list[str]:
    """What somebody should know before using the rows."""
    at_t = [
        f"feature table '{name}': {use['at_t']:,} label events joined a row of exactly T, which may be what they wrote "
        "themselves, outcome included: strict: true leaves such rows out, a delay says how long serving waits for them"
        for name, use in manifest["feature_tables"].items()
        if use["at_t"]
    ]
    repeated = [
        f"feature table '{name}': {count:,} rows beside another of the same key; the greatest is used"
        for name, count in manifest["repeated_keys"].items()
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
        *repeated,
        *failed,
        *log_notes_of(manifest),
    ]


def _build_lines(built: Outcome) -> Iterator[str]:
    yield verdict_of(built)
    manifest, within = built.manifest, range_of(built.manifest)
    yield f"  {'output':<13} {output_of(manifest)}" + (f"  T in {within}" if within else "")
    for line in left_out_of(manifest):
        yield f"  {'left out':<13} {line}"
    if manifest["feature_tables"]:
        for row in [TABLE_HEADER, *table_rows_of(manifest)]:
            yield "  {:<20} {:>7} {:>11} {:>9} {:>9} {:>11} {:>7} {:>7}".format(*row)
    for line in log_lines_of(manifest):
        yield f"  {'log':<13} {line}"
    if audit := audit_of(manifest):
        yield f"  {'parity':<13} {audit}"
    for difference in differences_of(manifest)[:MOST_DIFFERENCES]:
        yield f"  {'':<13} {difference['column']}: published {difference['published']}, serving {difference['served']}"
        yield f"  {'':<13}   label event {difference['label_event']}"
        if difference["inputs"]:
            yield f"  {'':<13}   inputs {difference['inputs']}"
        yield from (f"  {'':<13}   row {row}" for row in difference["rows"])
    if manifest["expectations"]:
        held = manifest["expectations"]["evaluated"] - manifest["expectations"]["failed"]
        yield f"  {'expectations':<13} {held} of {manifest['expectations']['evaluated']} hold"
    for failure in manifest["failures"]:
        yield f"  {failure['severity']:<13} {failure['text']}"
        yield from (f"  {'':<13}   {row}" for row in failure["rows"])
    for note in notes_of(manifest):
        yield f"  {'warning':<13} {note}"
