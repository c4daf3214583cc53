"""What `show` prints: a line for each version and refused run, or one manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from skewless.runs.manifest_text import audit_of, facts_of

Facts = Mapping[str, Any]


def summary_of_versions(name: str, document: Facts, whole: bool = False) -> str:
    """The versions and refused runs of a training set, a line each, or one manifest whole."""
    if whole:
        return json.dumps(document["versions"][0], indent=2, ensure_ascii=False, sort_keys=True)
    lines = [f"{name}: {len(document['versions'])} versions, {len(document['refused'])} refused runs"]
    for item in document["versions"]:
        lines.append(f"  version {item['version']:<5} {_run_line(item)}")
    for item in document["refused"]:
        lines.append(f"  refused       {_run_line(item)}: {'; '.join(_reasons(item))}")
    return "\n".join(lines)


def _reasons(manifest: Facts) -> list[str]:
    audit = audit_of(manifest) if manifest["parity"] and manifest["parity"]["mismatches"] else None
    return [*([audit] if audit else []), *(failure["text"] for failure in manifest["failures"])]


def _run_line(manifest: Facts) -> str:
    span = facts_of(manifest, None)["range"]
    within = f", T in {span}" if span else ""
    return f"{manifest['run_id']}  {manifest['rows']:,} rows as of {manifest['as_of']}{within}"
