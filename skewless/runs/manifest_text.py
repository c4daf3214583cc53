"""A manifest as text: its range, its tables, and what its audit has shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from skewless.ground.run.manifest import ComputedPart, ValueDifference, WrittenDefinition
from skewless.ground.run.ranges import RunRange
from skewless.parts.publish import Manifest, runs_of


def range_of(manifest: Manifest) -> str | None:
    """The range of T that a run was about, half-open; None without one."""
    run_range = RunRange.written(manifest)
    return str(run_range) if run_range.is_range else None


def audit_of(manifest: ComputedPart, rows: str = "label events") -> str | None:
    """What replaying a sample through serving has shown, in a sentence; None where it was turned off.

    `rows` is what they are called.
    """
    parity, audit = manifest["parity"], manifest["audit"]
    if parity is None or audit is None:
        return None
    left_out = (
        f"; {audit['left_out']:,} left out, their entities have too many rows" if audit["left_out"] else ""
    )
    replayed = f"{parity['rows']:,} {rows} replayed through serving"
    if parity["mismatches"]:
        return f"{parity['mismatches']:,} of {replayed} differ{left_out}"
    bound = f": under {audit['bound']:.2%} of rows, 95% confidence" if audit["bound"] else ""
    return f"{replayed}, no difference in {audit['by_chance']:,} chosen by hash{bound}{left_out}"


def definitions_of(manifest: Manifest) -> str | None:
    """Which dates hold the rows of which definition, in a sentence; None where all are of one."""
    written = manifest.get("definitions", ())
    return mixed_text(written, manifest.get("version")) if len(written) > 1 else None


def mixed_text(definitions: Sequence[WrittenDefinition], own: int | None = None) -> str:
    """Definitions with the dates of their rows, each known by the newest version that it built, `own` where it is that
    of the manifest itself.
    """
    held = "; ".join(_held(each, own) for each in definitions)
    return f"rows of {len(definitions)} definitions, until they are built again (--each): {held}"


def _held(definition: WrittenDefinition, own: int | None) -> str:
    days = [date.fromisoformat(day) for day in definition["dates"] or ()]
    dates = runs_of([*days, None] if definition["null_times"] else days)
    version = own if definition["version"] is None else definition["version"]
    return f"{'this version' if version is None else f'version {version}'}: {', '.join(dates) or 'no rows'}"


MOST_DIFFERENCES = 3
TABLE_HEADER = ("table", "version", "rows read", "null rows", "files", "MB", "matched", "at T")


def differences_of(manifest: ComputedPart) -> Sequence[ValueDifference]:
    """The first values that serving does not make: column, both values, label event, inputs, rows near T."""
    return manifest["audit"]["differences"] if manifest["audit"] else ()


def difference_lines_of(manifest: ComputedPart, row: str = "label event") -> Iterator[str]:
    """The very first of them for a terminal; `row` is what a row is called."""
    for difference in differences_of(manifest)[:MOST_DIFFERENCES]:
        yield f"  {'':<13} {difference['column']}: published {difference['published']}, serving {difference['served']}"
        yield f"  {'':<13}   {row} {difference['label_event']}"
        if difference["inputs"]:
            yield f"  {'':<13}   inputs {difference['inputs']}"
        yield from (f"  {'':<13}   row {each}" for each in difference["rows"])


def table_rows_of(manifest: ComputedPart) -> list[tuple[str, ...]]:
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


def table_lines_of(manifest: ComputedPart) -> Iterator[str]:
    """The same as a table for a terminal, none where nothing is joined."""
    if manifest["feature_tables"]:
        for row in [TABLE_HEADER, *table_rows_of(manifest)]:
            yield "  {:<20} {:>7} {:>11} {:>9} {:>9} {:>11} {:>7} {:>7}".format(*row)


def repeated_keys_of(manifest: ComputedPart) -> list[str]:
    """The static tables that have several rows of a key, a line each."""
    return [
        f"feature table '{name}': {count:,} rows beside another of the same key; the greatest is used"
        for name, count in manifest["repeated_keys"].items()
    ]
