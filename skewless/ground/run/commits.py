"""Commits of a training set's table → the manifests in them, read the same with Spark and without."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, cast

from skewless.ground.errors import InputError
from skewless.ground.run.manifest import Manifest
from skewless.serving.errors import first_line
from skewless.serving.values.instants import micros

KIND = "skewless.manifest"
OWNER = "skewless.training_set"
"""The property of a table that names the training set in it."""

SCORES = "skewless.scores"
"""The property of a table that names the training set by which its rows were scored."""

MANIFESTS = "_skewless/manifests"
"""The folder, inside a table's, of the manifests that are kept beside its commits."""

# Each commit's JSON is read for it; what is older stands beside the table.
HISTORY = 200
RESTORE = "RESTORE"
_FILE_NAME = re.compile(r"(\d+)\.json")
_CHECKPOINT = re.compile(r"(\d+)\.checkpoint\..+")

EMPTY = "the file is empty, and the rows of its commit are missing"
RESTORED = "restore the file, or the table"
"""What is to be done about a file of a table that cannot be read."""


@dataclass(frozen=True)
class Published:
    """A version of a training set with the manifest of the run that made it."""

    version: int
    manifest: Manifest

    @property
    def numbered(self) -> Manifest:
        """The manifest with its version, which is decided after it is written."""
        return {"version": self.version, **self.manifest}


@dataclass(frozen=True)
class Commit:
    """A commit as Delta's log tells of it; `at` is its time in microseconds, `metadata` what its writer put into it."""

    version: int
    operation: str
    parameters: Mapping[str, Any]
    metadata: str | None
    at: int

    @property
    def manifest(self) -> Manifest | None:
        return None if self.metadata is None else manifest_in(self.metadata)

    def restored(self, commits: Iterable[Commit]) -> int | None:
        """The version that the commit brought back, None where it is no RESTORE."""
        if self.operation != RESTORE:
            return None
        version = self.parameters.get("version")
        if version is not None:
            return int(version)
        moment = micros(datetime.fromisoformat(self.parameters["timestamp"]).replace(tzinfo=timezone.utc))
        return max((each.version for each in commits if each.at <= moment), default=None)


def built_by(
    commits: Collection[Commit], beside: Callable[[int], Manifest | None], version: int | None = None
) -> Published | None:
    """The build whose rows stand after a version, by default the newest of the commits, through RESTOREs and commits
    that only move rows.

    `beside` gives the manifest that is kept beside a commit which the log has forgotten.
    """
    by_version = {each.version: each for each in commits}
    at = max(by_version, default=-1) if version is None else version
    while at >= 0:
        commit = by_version.get(at)
        restored = None if commit is None else commit.restored(commits)
        manifest = beside(at) if commit is None else commit.manifest
        if restored is None and manifest is not None:
            return Published(at, manifest)
        at = at - 1 if restored is None else restored
    return None


def text_of(manifest: Mapping[str, Any]) -> str:
    return json.dumps({"kind": KIND, **manifest}, ensure_ascii=False, sort_keys=True, default=str)


def manifest_in(text: str) -> Manifest | None:
    """The manifest in a commit's user metadata, None where that is somebody else's."""
    # Other writers put into it what they like, so that it may be no JSON.
    try:
        document = json.loads(text)
    except ValueError:
        return None
    is_ours = isinstance(document, dict) and document.get("kind") == KIND
    return cast(Manifest, document) if is_ours else None


def manifest_beside(path: str, text: str | OSError) -> Manifest:
    """The manifest in the text of a file. Errors: InputError where it could not be read, or holds none."""
    try:
        if isinstance(text, OSError):
            raise text
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("expected a JSON object")
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"manifest {path}: cannot be read: {first_line(error)}; restore or remove it"
        ) from error
    return cast(Manifest, document)


def manifest_files(names: Iterable[str]) -> dict[int, str]:
    """Version → file, of the names of what lies in the folder of manifests."""
    found = (_FILE_NAME.fullmatch(name) for name in names)
    return {int(name[1]): name[0] for name in found if name}


def empty_commit(sizes: Mapping[str, int], version: int) -> str | None:
    """The first file of a Delta log that holds nothing, of the commits that a version is read from: those after the
    last checkpoint. Readers take one for a commit of nothing, so that its rows are missing without a word.

    >>> empty_commit({"01.json": 0, "01.checkpoint.parquet": 9, "02.json": 0, "03.json": 0}, 2)
    '02.json'
    """
    checkpoints = (int(match[1]) for match in map(_CHECKPOINT.fullmatch, sizes) if match)
    since = max((each for each in checkpoints if each <= version), default=-1)
    commits = manifest_files(sizes)
    return next(
        (commits[at] for at in sorted(commits) if since < at <= version and not sizes[commits[at]]), None
    )


def is_torn_commit(text: str | OSError) -> bool:
    """Whether the text of a commit's file is no JSON, a line an action, or none at all."""
    try:
        if isinstance(text, OSError):
            raise text
        return not [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError, RecursionError):
        return True


def file_name(version: int) -> str:
    return f"{version:020d}.json"


def manifest_of_version(name: str, versions: Sequence[Published], version: int) -> Manifest:
    """The manifest of one version. Errors: InputError that names those there are."""
    for item in versions:
        if item.version == version:
            return item.numbered
    known = ", ".join(str(item.version) for item in versions) or "none"
    raise InputError(f"training set '{name}': no version {version} of skewless; there are {known}")
