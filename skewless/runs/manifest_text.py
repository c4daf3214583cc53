"""A manifest as text: its range, and what its audit has shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from skewless.ground.run.manifest import WrittenDefinition
from skewless.ground.run.ranges import RunRange
from skewless.parts.publish import Manifest, runs_of


def range_of(manifest: Manifest) -> str | None:
    """The range of T that a run was about, half-open; None without one."""
    run_range = RunRange.written(manifest)
    return str(run_range) if run_range.is_range else None


def audit_of(manifest: Manifest) -> str | None:
    """What replaying a sample through serving has shown, in a sentence; None where it was turned off."""
    parity, audit = manifest["parity"], manifest["audit"]
    if parity is None or audit is None:
        return None
    left_out = (
        f"; {audit['left_out']:,} left out, their entities have too many rows" if audit["left_out"] else ""
    )
    replayed = f"{parity['rows']:,} label events replayed through serving"
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
