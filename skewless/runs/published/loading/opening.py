"""A training set's name or path → the version that is meant, with the manifest of the build whose rows it holds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from skewless.config import LocalFiles, is_path, load
from skewless.ground.errors import InputError, NoTableError
from skewless.ground.names import nearest
from skewless.ground.run.commits import (
    MANIFESTS,
    OWNER,
    Published,
    built_by,
    manifest_beside,
    manifest_files,
    manifest_of_version,
)
from skewless.ground.run.half_open import HalfOpen
from skewless.ground.run.manifest import Manifest
from skewless.lake.delta_rs import DeltaRsTable
from skewless.lake.storage import is_local, local_path
from skewless.runs.published.loading.loaded import LoadedTrainingSet
from skewless.runs.published.loading.reading import Slice


def opened(
    given: str | os.PathLike[str],
    version: int | None,
    bounds: tuple[int | None, int | None],
    columns: Sequence[str] | None,
    conf_dir: Any,
) -> LoadedTrainingSet:
    name = given if isinstance(given, str) and not is_path(given) else None
    location = os.fspath(given) if name is None else _output_of(name, conf_dir)
    table = _own_table(location, name)
    held = str(table.property_of(OWNER))
    build = _build(table, held, version)
    if version is not None and version != table.version:
        table = DeltaRsTable.at(location, version)
    there = table.columns
    if unknown := [_unknown(held, each, there) for each in columns or () if each not in there]:
        raise InputError(unknown)
    manifest = build.numbered
    labels = manifest["spec"]["training_set"]["labels"]
    rows = Slice(table, tuple(there if columns is None else columns), labels, HalfOpen(*bounds))
    return LoadedTrainingSet(held, location, table.version, manifest, rows.columns, rows.read)


def _output_of(name: str, conf_dir: Any) -> str:
    """Where the configuration says that a training set is published."""
    folder = os.fspath(conf_dir)
    if not is_local(folder):
        raise InputError(f"conf_dir '{folder}' is not on this machine; give the path of the published table")
    files = LocalFiles(local_path(folder))
    output = load(files, {}, os.environ).output_of(name)
    if not is_path(output):
        raise InputError(
            f"training set '{name}': its output '{output}' is a name in a catalog of Spark; give the path of the table"
        )
    return output


def _own_table(location: str, name: str | None) -> DeltaRsTable:
    """The newest version of a table that holds a training set, and the one of that name where one is given."""
    try:
        table = DeltaRsTable.at(location)
    except NoTableError as error:
        if name is None:
            raise
        raise InputError(
            f"training set '{name}': nothing is published in {location}; build it first"
        ) from error
    held = table.property_of(OWNER)
    if held is None:
        raise InputError(
            f"'{location}' holds a table that is no training set of skewless; give one that skewless built"
        )
    if name not in (None, held):
        raise InputError(f"output '{location}' holds training set '{held}', not '{name}'; give its path")
    return table


def _build(table: DeltaRsTable, name: str, version: int | None) -> Published:
    """The build that made a version; without one, the build whose rows stand."""
    kept = manifest_files(table.names_in(MANIFESTS))

    def beside(number: int) -> Manifest | None:
        if number not in kept:
            return None
        path = f"{MANIFESTS}/{kept[number]}"
        return manifest_beside(path, _text(table, path))

    if version is None:
        standing = built_by(table.commits, beside)
        if standing is None:
            raise InputError(f"training set '{name}': no manifest in {table.location}; build it again")
        return standing
    committed = {each.version: each.manifest for each in table.commits}
    if version not in committed and (old := beside(version)):
        committed[version] = old
    versions = [Published(number, committed[number]) for number in sorted(committed) if committed[number]]  # type: ignore[arg-type]
    return Published(version, manifest_of_version(name, versions, version))


def _text(table: DeltaRsTable, path: str) -> str | OSError:
    try:
        return table.text(path)
    except OSError as error:
        return error


def _unknown(name: str, column: str, there: Sequence[str]) -> str:
    match = nearest(column, there)
    hint = f"did you mean '{match}'?" if match else f"it has {', '.join(there)}"
    return f"training set '{name}': no column '{column}'; {hint}"
