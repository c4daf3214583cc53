"""What each commit was made from: kept in the commit, and beside it, since Delta's log forgets old commits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspark.sql import SparkSession

from skewless.ground.errors import InputError
from skewless.lake.sources import delta_table
from skewless.lake.storage import Hadoop
from skewless.parts.publish.places import Output

KIND = "skewless.manifest"
HISTORY = 200


@dataclass(frozen=True)
class Published:
    """A version of a training set with the manifest of the run that made it."""

    version: int
    manifest: Mapping[str, Any]


def text_of(manifest: Mapping[str, Any]) -> str:
    return json.dumps({"kind": KIND, **manifest}, ensure_ascii=False, sort_keys=True, default=str)


def read_manifests(spark: SparkSession, output: Output) -> tuple[list[Published], list[Mapping[str, Any]]]:
    """The versions that stand or stood, oldest first, and the manifests of refused runs, oldest first."""
    versions = {**_beside(spark, output), **committed(spark, output)}
    files = Hadoop(spark)
    refused = [json.loads(files.read(f"{output.refusals}/{name}")) for name in files.list(output.refusals)]
    return [Published(version, versions[version]) for version in sorted(versions)], refused


def committed(spark: SparkSession, output: Output) -> dict[int, Mapping[str, Any]]:
    """Version → manifest, of the commits that Delta's log still holds and that are ours."""
    table = delta_table(spark, output.location)
    if table is None:
        return {}
    commits = (
        table.history(HISTORY).select("version", "userMetadata").where("userMetadata IS NOT NULL").collect()
    )
    return {int(version): manifest for version, text in commits if (manifest := _ours(text)) is not None}


def write_beside(spark: SparkSession, output: Output) -> None:
    """Write down the manifest of every commit that has none beside it, so that a killed run is made up for."""
    files = Hadoop(spark)
    written = set(files.list(output.manifests))
    for version, manifest in committed(spark, output).items():
        if _file_name(version) not in written:
            files.write(f"{output.manifests}/{_file_name(version)}", text_of(manifest))


def _beside(spark: SparkSession, output: Output) -> dict[int, Mapping[str, Any]]:
    files = Hadoop(spark)
    names = [name for name in files.list(output.manifests) if name.endswith(".json")]
    return {
        int(name.partition(".")[0]): json.loads(files.read(f"{output.manifests}/{name}")) for name in names
    }


def _file_name(version: int) -> str:
    return f"{version:020d}.json"


def _ours(text: str) -> Mapping[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) and document.get("kind") == KIND else None


def manifest_of_version(name: str, versions: list[Published], version: int) -> Mapping[str, Any]:
    """The manifest of one version. Errors: InputError that names those there are."""
    for item in versions:
        if item.version == version:
            return {"version": version, **item.manifest}
    known = ", ".join(str(item.version) for item in versions) or "none"
    raise InputError(f"training set '{name}': no version {version} of skewless; there are {known}")
