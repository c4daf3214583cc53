"""What a run of `rebuild` says on a terminal: whether the rows are identical, of which inputs, and where they are."""

from __future__ import annotations

from collections.abc import Iterator

from skewless.ground.version import package_version
from skewless.runs.manifest_text import range_of
from skewless.runs.rebuild.rebuild import Rebuilt


def summary_of_rebuild(found: Rebuilt) -> str:
    """The verdict, then what was built again, by which versions, and what became of it."""
    return "\n".join(_lines(found))


def verdict_of(found: Rebuilt) -> str:
    """Whether the rows are those of the version, in a sentence."""
    subject = f"{found.recorded.name}: version {found.recorded.version}"
    if found.identical:
        return f"{subject} rebuilt: identical, {found.recorded.rows:,} rows, every value the same"
    difference = found.difference
    if difference is None:
        return f"{subject} DIFFERS when rebuilt: {found.recorded.rows:,} rows of another checksum"
    in_columns = f", in columns {', '.join(difference.columns)}" if difference.columns else ""
    return (
        f"{subject} DIFFERS when rebuilt: of {found.recorded.rows:,} rows "
        f"{difference.only_in_first:,} are only published, "
        f"{difference.only_in_second:,} are only rebuilt{in_columns}"
    )


def _lines(found: Rebuilt) -> Iterator[str]:
    yield verdict_of(found)
    manifest = found.recorded.manifest
    span = range_of(manifest)
    with_t_in = f"  T in {span}" if span else ""
    yield f"  {'of run':<13} {found.recorded.run_id}  as of {manifest['as_of']}{with_t_in}"
    for name, source in manifest["inputs"].items():
        yield f"  {'input':<13} {name}: version {source['version']} of {source['location']}"
    if found.gone:
        reason = f"the version can no longer be read: {found.gone}"
        yield f"  {'compared with':<13} the checksum that the manifest keeps, since {reason}"
    then, now = manifest["skewless"], package_version()
    if then != now:
        yield f"  {'warning':<13} built by skewless {then}, rebuilt by {now}"
    if found.output:
        yield f"  {'output':<13} {found.output}"
    elif found.rejected_path:
        yield f"  {'output':<13} nothing published; the rebuilt rows are kept in {found.rejected_path}"
    elif not found.identical:
        yield f"  {'output':<13} nothing is kept; with --output PATH the rebuilt rows are kept beside it"
