"""What each commit was made from: kept in the commit, and beside it, since Delta's log forgets old commits."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.errors import InputError
from skewless.ground.run.commits import (
    HISTORY,
    Published,
    file_name,
    manifest_beside,
    manifest_files,
    manifest_in,
    manifest_of_version,
    text_of,
)
from skewless.ground.run.manifest import Manifest
from skewless.lake.storage import Hadoop
from skewless.parts.publish.history import History
from skewless.parts.publish.places import Output


def read_manifests(history: History, limit: int | None = None) -> tuple[list[Published], list[Manifest]]:
    """The versions that stand or stood, oldest first, and the manifests of refused runs, oldest first; of each the
    newest so many.
    """
    # Both, since Delta's log forgets old commits and a killed run leaves no file; where both are, the commit is what
    # stands.
    output = history.output
    newest = slice(None if limit is None else -limit, None)
    versions = committed(history, HISTORY if limit is None else min(limit, HISTORY))
    wanted = sorted({*versions, *_kept(history)})[newest]
    versions |= _read_kept(history, [version for version in wanted if version not in versions])
    names = [name for name in history.names(output.refusals) if name.endswith(".json")][newest]
    refused = [
        manifest_beside(f"{output.refusals}/{name}", text)
        for name, text in _texts(history, output.refusals, names)
    ]
    return [Published(version, versions[version]) for version in wanted], refused


def published_manifest(history: History, name: str, version: int | None = None) -> Manifest:
    """The manifest of a version, by default of the newest build. Errors: InputError where there is none."""
    versions, _ = read_manifests(history)
    if not versions:
        raise InputError(f"training set '{name}': nothing is published; build it first")
    return manifest_of_version(name, versions, versions[-1].version if version is None else version)


def plan_in(manifest: Manifest, name: str, version: int) -> Mapping[str, Any]:
    """The document of the serving plan that a version was built by. Errors: InputError for one of before plans."""
    plan = manifest.get("serving_plan")
    if plan is None:
        raise InputError(f"training set '{name}': version {version} has no serving plan; build it again")
    return plan


def committed(history: History, most: int = HISTORY) -> dict[int, Manifest]:
    """Version → manifest, of the newest commits that Delta's log still holds and that are ours."""
    found = ((commit.version, commit.manifest) for commit in history.commits(most))
    return {version: manifest for version, manifest in found if manifest is not None}


def write_beside(spark: SparkSession, output: Output, manifests: Mapping[int, Manifest]) -> None:
    """Write down each of these, by version, that is not kept yet, or half kept: a killed run is made up for."""
    files = Hadoop(spark)
    written = {entry.name: entry.length for entry in files.entries(output.manifests)}
    for version, manifest in manifests.items():
        text = text_of(manifest)
        if written.get(file_name(version)) != len(text.encode()):
            files.write(f"{output.manifests}/{file_name(version)}", text)


def beside(history: History, known: Collection[int] = ()) -> dict[int, Manifest]:
    """Version → manifest, of those that are kept beside the commits, but for versions that are known."""
    return _read_kept(history, [each for each in _kept(history) if each not in known])


def _kept(history: History) -> list[int]:
    return list(manifest_files(history.names(history.output.manifests)))


def _read_kept(history: History, versions: Sequence[int]) -> dict[int, Manifest]:
    """Version → manifest from beside the commits; one that is torn comes from its commit, as long as that is there."""
    folder = history.output.manifests
    names = {file_name(version): version for version in versions}
    found = {}
    for name, text in _texts(history, folder, list(names)):
        try:
            found[names[name]] = manifest_beside(f"{folder}/{name}", text)
        except InputError:
            recovered = _in_commit(history, names[name])
            if recovered is None:
                raise
            found[names[name]] = recovered
    return found


def _texts(history: History, folder: str, names: Sequence[str]) -> Iterable[tuple[str, str | OSError]]:
    return history.texts(folder, names).items() if names else ()


def _in_commit(history: History, version: int) -> Manifest | None:
    """The manifest in a commit's own file, which Delta keeps for a month unless told otherwise."""
    folder, name = f"{history.output.folder}/_delta_log", file_name(version)
    text = history.texts(folder, [name])[name]
    if isinstance(text, OSError):
        return None
    try:
        infos = [
            action["commitInfo"] for action in map(json.loads, text.splitlines()) if "commitInfo" in action
        ]
    except (ValueError, TypeError):
        return None
    return next((manifest_in(info["userMetadata"]) for info in infos if "userMetadata" in info), None)
