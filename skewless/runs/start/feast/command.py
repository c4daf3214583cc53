"""`skewless import-feast`: a repository's definitions → configuration in a folder, nothing of which is overwritten."""

from __future__ import annotations

from pathlib import Path

from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.lake.local_files import created
from skewless.lake.storage import is_local, local_path
from skewless.runs.execution import Result
from skewless.runs.start.feast import tables, training_sets
from skewless.runs.start.feast.definitions import read_definitions
from skewless.runs.start.feast.notes import by_hand, notes_of, shown
from skewless.runs.start.feast.registry import registry_of
from skewless.runs.start.feast.training_sets import tables_and_sets

NOTES = "NOTES.md"


def import_feast(repo: str, target: str, python: str | None) -> Result:
    """Errors: InputError where the repository cannot be read, holds no view, or a file is there already."""
    if not is_local(target):
        raise InputError(f"--to '{target}' is not on this machine; give a folder")
    with step("reading Feast's definitions"):
        registry, root = registry_of(repo, python)
    found = read_definitions(registry)
    if not found.views:
        raise InputError(f"REPO '{repo}': no feature view in it; nothing to import")
    planned_tables, planned_sets = tables_and_sets(found)
    files = {each.file: tables.text_of(each, root) for each in planned_tables}
    files |= {each.file: training_sets.text_of(each) for each in planned_sets}
    files[NOTES] = notes_of(found, planned_tables, planned_sets, root)
    _write(local_path(target), files)
    left = [shown(each) for each in by_hand(found, planned_sets)]
    lines = [
        f"{target}: {len(planned_tables)} feature tables and {len(planned_sets)} training sets from {repo}"
    ]
    lines += [f"  written  {file}" for file in files]
    lines += [f"  by hand  {each}" for each in left]
    lines.append(f"  next     {NOTES}, then skewless check --conf-dir {target}/conf, which names each TODO")
    document = {
        "repo": repo,
        "feature_tables": [each.name for each in planned_tables],
        "training_sets": [each.name for each in planned_sets],
        "files": list(files),
        "by_hand": left,
    }
    return Result(document, "\n".join(lines))


def _write(folder: Path, files: dict[str, str]) -> None:
    """All of them or none: what is there already was perhaps changed since, and is nobody's to overwrite."""
    there = [file for file in files if (folder / file).exists()]
    if there:
        raise InputError(
            f"{folder / file}: is there already and is not overwritten; give another --to, or move it away"
            for file in there
        )
    for file, text in files.items():
        if not created(folder / file, text.encode()):
            raise InputError(f"{folder / file}: was written by somebody else meanwhile; look at it")
