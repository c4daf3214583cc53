"""What `show` prints: a line for each version and refused run, or one manifest."""

from __future__ import annotations

import json
from collections.abc import Sequence

from skewless.parts.publish import Manifest
from skewless.runs.manifest_text import audit_of, range_of


def summary_of_versions(name: str, versions: Sequence[Manifest], refused: Sequence[Manifest]) -> str:
    """The versions and refused runs of a training set, a line each."""
    lines = [f"{name}: {len(versions)} versions, {len(refused)} refused runs"]
    lines += [f"  version {each['version']:<5} {_run_line(each)}" for each in versions]
    lines += [f"  refused       {_run_line(each)}: {'; '.join(_reasons(each))}" for each in refused]
    return "\n".join(lines)


def summary_of_version(manifest: Manifest) -> str:
    """One manifest whole."""
    return json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True)


def _reasons(manifest: Manifest) -> list[str]:
    audit = audit_of(manifest) if manifest["parity"] and manifest["parity"]["mismatches"] else None
    return [*([audit] if audit else []), *(failure["text"] for failure in manifest["failures"])]


def _run_line(manifest: Manifest) -> str:
    span = range_of(manifest)
    with_t_in = f", T in {span}" if span else ""
    return f"{manifest['run_id']}  {manifest['rows']:,} rows as of {manifest['as_of']}{with_t_in}"
