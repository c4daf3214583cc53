"""What `show` prints: a line for each version and refused run, or one manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

from skewless.ground.run.manifest import WrittenDefinition
from skewless.parts.publish import Manifest, changes
from skewless.runs.manifest_text import audit_of, mixed_text, range_of


def summary_of_versions(
    name: str,
    versions: Sequence[Manifest],
    refused: Sequence[Manifest],
    definitions: Sequence[WrittenDefinition] = (),
) -> str:
    """The versions and refused runs of a training set, a line each; and, where rows of several definitions stand, which
    dates hold which, with what changed from one to the next.
    """
    lines = [f"{name}: {len(versions)} versions, {len(refused)} refused runs"]
    lines += [f"  version {each['version']:<5} {_run_line(each)}" for each in versions]
    lines += [f"  refused       {_run_line(each)}: {'; '.join(_reasons(each))}" for each in refused]
    lines += [f"  definition    {line}" for line in _definitions(versions, definitions)]
    return "\n".join(lines)


def _definitions(versions: Sequence[Manifest], definitions: Sequence[WrittenDefinition]) -> Iterator[str]:
    if len(definitions) < 2:
        return
    yield mixed_text(definitions)
    plans = {each["version"]: each["serving_plan"] for each in versions if "serving_plan" in each}
    numbers = sorted(each["version"] for each in definitions if each["version"] in plans)
    for old, new in pairwise(numbers):
        yield f"from version {old} to {new}: {'; '.join(changes(plans[old], plans[new]))}"


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
