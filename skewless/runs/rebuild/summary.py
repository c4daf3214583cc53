"""What a run of `rebuild` says on a terminal: whether the rows are identical, of which inputs, and where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from skewless.runs.manifest_text import range_of

Facts = Mapping[str, Any]


def summary_of_rebuild(facts: Facts) -> str:
    """The verdict, then what was built again, by which versions, and what became of it."""
    return "\n".join(_lines(facts))


def verdict_of(facts: Facts) -> str:
    """Whether the rows are those of the version, in a sentence."""
    subject = f"{facts['training_set']}: version {facts['version']}"
    if facts["identical"]:
        return f"{subject} rebuilt: identical, {facts['rows']:,} rows, every value the same"
    columns = ", ".join(facts["columns"])
    within = f", in columns {columns}" if columns else ""
    if facts["only_published"] is None:
        return f"{subject} DIFFERS when rebuilt: {facts['rows']:,} rows of another checksum"
    return (
        f"{subject} DIFFERS when rebuilt: of {facts['rows']:,} rows {facts['only_published']:,} are only published, "
        f"{facts['only_rebuilt']:,} are only rebuilt{within}"
    )


def _lines(facts: Facts) -> Iterator[str]:
    yield verdict_of(facts)
    span = range_of(facts)
    within = f"  T in {span}" if span else ""
    yield f"  {'of run':<13} {facts['rebuild_of']}  as of {facts['as_of']}{within}"
    for name, source in facts["inputs"].items():
        yield f"  {'input':<13} {name}: version {source['version']} of {source['location']}"
    if facts["gone"]:
        reason = f"the version can no longer be read: {facts['gone']}"
        yield f"  {'compared with':<13} the checksum that the manifest keeps, since {reason}"
    if facts["skewless"]:
        then, now = facts["skewless"]
        yield f"  {'warning':<13} built by skewless {then}, rebuilt by {now}"
    if facts["output"]:
        yield f"  {'output':<13} {facts['output']}"
    elif facts["rejected_path"]:
        yield f"  {'output':<13} nothing published; the rebuilt rows are kept in {facts['rejected_path']}"
    elif not facts["identical"]:
        yield f"  {'output':<13} nothing is kept; with --output PATH the rebuilt rows are kept beside it"
