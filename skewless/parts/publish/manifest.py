"""What each commit was made from: kept in the commit, and beside it, since Delta's log forgets old commits."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
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


def read_manifests(spark: SparkSession, output: Output) -> tuple[list[Published], list[Manifest]]:
    """The versions that stand or stood, oldest first, and the manifests of refused runs, oldest first."""
    # Both, since Delta's log forgets old commits and a killed run leaves no file; where both are, the commit is what
    # stands.
    versions = committed(spark, output)
    versions |= beside(spark, output, versions)
    files = Hadoop(spark)
    refused = [_read(files, f"{output.refusals}/{name}") for name in files.list(output.refusals)]
    return [Published(version, versions[version]) for version in sorted(versions)], refused


def committed(spark: SparkSession, output: Output) -> dict[int, Manifest]:
    """Version → manifest, of the commits that Delta's log still holds and that are ours."""
    table = delta_table(spark, output.location)
    if table is None:
        return {}
    commits = (
        table.history(HISTORY).select("version", "userMetadata").where("userMetadata IS NOT NULL").collect()
    )
    return {
        int(version): manifest for version, text in commits if (manifest := manifest_in(text)) is not None
    }


def write_beside(spark: SparkSession, output: Output) -> None:
    """Write down the manifest of every commit that has none beside it, so that a killed run is made up for."""
    files = Hadoop(spark)
    written = set(files.list(output.manifests))
    for version, manifest in committed(spark, output).items():
        if _file_name(version) not in written:
            files.write(f"{output.manifests}/{_file_name(version)}", text_of(manifest))


def beside(spark: SparkSession, output: Output, known: Collection[int] = ()) -> dict[int, Manifest]:
    """Version → manifest, of those that are kept beside the commits, but for versions that are known."""
    files = Hadoop(spark)
    found = (_FILE_NAME.fullmatch(name) for name in files.list(output.manifests))
    paths = {int(name[1]): f"{output.manifests}/{name[0]}" for name in found if name}
    return {version: _read(files, path) for version, path in paths.items() if version not in known}


def _read(files: Hadoop, path: str) -> Manifest:
    try:
        document = json.loads(files.read(path))
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
