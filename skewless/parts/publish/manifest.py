"""What each commit was made from: kept in the commit, and beside it, since Delta's log forgets old commits."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pyspark.sql import SparkSession

from skewless.ground.errors import InputError, first_line
from skewless.lake.sources import delta_table
from skewless.lake.storage import Hadoop
from skewless.parts.publish.document import Manifest
from skewless.parts.publish.places import Output

KIND = "skewless.manifest"
# Each commit's JSON is read for it; what is older stands beside the table.
HISTORY = 200


@dataclass(frozen=True)
class Published:
    """A version of a training set with the manifest of the run that made it."""

    version: int
    manifest: Manifest

    @property
    def numbered(self) -> Manifest:
        """The manifest with its version, which is decided after it is written."""
        return {"version": self.version, **self.manifest}


def text_of(manifest: Mapping[str, Any]) -> str:
    return json.dumps({"kind": KIND, **manifest}, ensure_ascii=False, sort_keys=True, default=str)


def read_manifests(
    spark: SparkSession, output: Output, limit: int | None = None
) -> tuple[list[Published], list[Manifest]]:
    """The versions that stand or stood, oldest first, and the manifests of refused runs, oldest first; of each the
    newest so many.
    """
    # Both, since Delta's log forgets old commits and a killed run leaves no file; where both are, the commit is what
    # stands.
    files = Hadoop(spark)
    newest = slice(None if limit is None else -limit, None)
    versions = committed(spark, output, HISTORY if limit is None else min(limit, HISTORY))
    wanted = sorted({*versions, *_kept(files, output)})[newest]
    versions |= _read_kept(files, output, [version for version in wanted if version not in versions])
    names = [name for name in files.list(output.refusals) if name.endswith(".json")][newest]
    refused = [
        _parsed(f"{output.refusals}/{name}", text) for name, text in _texts(files, output.refusals, names)
    ]
    return [Published(version, versions[version]) for version in wanted], refused


def committed(spark: SparkSession, output: Output, most: int = HISTORY) -> dict[int, Manifest]:
    """Version → manifest, of the newest commits that Delta's log still holds and that are ours."""
    table = delta_table(spark, output.location)
    if table is None:
        return {}
    commits = (
        table.history(most).select("version", "userMetadata").where("userMetadata IS NOT NULL").collect()
    )
    return {
        int(version): manifest for version, text in commits if (manifest := manifest_in(text)) is not None
    }


def write_beside(spark: SparkSession, output: Output) -> None:
    """Write down the manifest of every commit that has none beside it, or half a one: a killed run is made up for."""
    files = Hadoop(spark)
    written = {entry.name: entry.length for entry in files.entries(output.manifests)}
    for version, manifest in committed(spark, output).items():
        text = text_of(manifest)
        if written.get(_file_name(version)) != len(text.encode()):
            files.write(f"{output.manifests}/{_file_name(version)}", text)


def beside(spark: SparkSession, output: Output, known: Collection[int] = ()) -> dict[int, Manifest]:
    """Version → manifest, of those that are kept beside the commits, but for versions that are known."""
    files = Hadoop(spark)
    return _read_kept(files, output, [each for each in _kept(files, output) if each not in known])


def _kept(files: Hadoop, output: Output) -> list[int]:
    found = (_FILE_NAME.fullmatch(name) for name in files.list(output.manifests))
    return [int(match[1]) for match in found if match]


def _read_kept(files: Hadoop, output: Output, versions: Sequence[int]) -> dict[int, Manifest]:
    """Version → manifest from beside the commits; one that is torn comes from its commit, as long as that is there."""
    names = {_file_name(version): version for version in versions}
    found = {}
    for name, text in _texts(files, output.manifests, list(names)):
        try:
            found[names[name]] = _parsed(f"{output.manifests}/{name}", text)
        except InputError:
            recovered = _in_commit(files, output, names[name])
            if recovered is None:
                raise
            found[names[name]] = recovered
    return found


def _texts(files: Hadoop, folder: str, names: Sequence[str]) -> Iterable[tuple[str, str | OSError]]:
    return files.read_all(folder, names).items() if names else ()


def _in_commit(files: Hadoop, output: Output, version: int) -> Manifest | None:
    """The manifest in a commit's own file, which Delta keeps for a month unless told otherwise."""
    try:
        lines = files.read(f"{output.folder}/_delta_log/{_file_name(version)}").splitlines()
        infos = [action["commitInfo"] for action in map(json.loads, lines) if "commitInfo" in action]
    except (OSError, ValueError, TypeError):
        return None
    return next((manifest_in(info["userMetadata"]) for info in infos if "userMetadata" in info), None)


def _parsed(path: str, text: str | OSError) -> Manifest:
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


_FILE_NAME = re.compile(r"(\d+)\.json")


def _file_name(version: int) -> str:
    return f"{version:020d}.json"


def manifest_in(text: str) -> Manifest | None:
    """The manifest in a commit's user metadata, None where that is somebody else's."""
    # Other writers put into it what they like, so that it may be no JSON.
    try:
        document = json.loads(text)
    except ValueError:
        return None
    is_ours = isinstance(document, dict) and document.get("kind") == KIND
    return cast(Manifest, document) if is_ours else None


def manifest_of_version(name: str, versions: list[Published], version: int) -> Manifest:
    """The manifest of one version. Errors: InputError that names those there are."""
    for item in versions:
        if item.version == version:
            return item.numbered
    known = ", ".join(str(item.version) for item in versions) or "none"
    raise InputError(f"training set '{name}': no version {version} of skewless; there are {known}")
