"""What each commit was made from: kept in the commit, and beside it, since Delta's log forgets old commits."""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import SparkSession

from skewless.ground.run.commits import (
    HISTORY,
    Published,
    file_name,
    manifest_beside,
    manifest_files,
    manifest_in,
    text_of,
)
from skewless.ground.run.manifest import Manifest
from skewless.lake.sources import delta_table
from skewless.lake.storage import Hadoop
from skewless.parts.publish.places import Output


def read_manifests(spark: SparkSession, output: Output) -> tuple[list[Published], list[Manifest]]:
    """The versions that stand or stood, oldest first, and the manifests of refused runs, oldest first."""
    # Both, since Delta's log forgets old commits and a killed run leaves no file; where both are, the commit is what
    # stands.
    versions = committed(spark, output)
    versions |= beside(spark, output, versions)
    files = Hadoop(spark)
    refused = [
        manifest_beside(f"{output.refusals}/{name}", files.read) for name in files.list(output.refusals)
    ]
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
        if file_name(version) not in written:
            files.write(f"{output.manifests}/{file_name(version)}", text_of(manifest))


def beside(spark: SparkSession, output: Output, known: Collection[int] = ()) -> dict[int, Manifest]:
    """Version → manifest, of those that are kept beside the commits, but for versions that are known."""
    files = Hadoop(spark)
    found = manifest_files(files.list(output.manifests))
    return {
        version: manifest_beside(f"{output.manifests}/{name}", files.read)
        for version, name in found.items()
        if version not in known
    }
