"""A manifest as text: what was decided after it, its range, and what its audit has shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]


def facts_of(
    manifest: Facts, version: int | None, rejected_path: str | None = None, unchanged: bool = False
) -> Facts:
    """A manifest with what was decided after it was written: the version, whether it stood before, or the place of the
    rejected rows.
    """
    decided = {"version": version, "rejected_path": rejected_path, "unchanged": unchanged}
    return {**manifest, **decided, "range": range_of(manifest)}


def range_of(manifest: Facts) -> str | None:
    """The range of T that a run was about, half-open; None without one."""
    if not (manifest["start"] or manifest["end"]):
        return None
    return f"[{manifest['start'] or '…'}, {manifest['end'] or '…'})"


def audit_of(facts: Facts) -> str | None:
    """What replaying a sample through serving has shown, in a sentence; None where it was turned off."""
    parity, audit = facts["parity"], facts["audit"]
    if parity is None:
        return None
    left_out = (
        f"; {audit['left_out']:,} left out, their entities have too many rows" if audit["left_out"] else ""
    )
    replayed = f"{parity['rows']:,} label events replayed through serving"
    if parity["mismatches"]:
        return f"{parity['mismatches']:,} of {replayed} differ{left_out}"
    bound = f": under {audit['bound']:.2%} of rows, 95% confidence" if audit["bound"] else ""
    return f"{replayed}, no difference in {audit['by_chance']:,} chosen by hash{bound}{left_out}"
