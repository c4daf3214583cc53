"""A manifest as text: its range, and what its audit has shown."""

from __future__ import annotations

from skewless.ground.run_range import RunRange
from skewless.parts.publish import Manifest


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
