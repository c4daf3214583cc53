"""What a task leaves in a Python worker: no importer that makes the next task read a zip again."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from skewless.ground.python_tasks import forget_zips


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A zip and a jar on Python's path, each with a package."""
    places = str(tmp_path / "zipped_tasks.zip"), str(tmp_path / "jarred_tasks.jar")
    for place, name in zip(places, ("zipped_tasks", "jarred_tasks"), strict=True):
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr(f"{name}/__init__.py", "")
            archive.writestr(f"{name}/inner/__init__.py", "VALUE = 1")
            archive.writestr(f"{name}/inner/later.py", "VALUE = 2")
        sys.path.append(place)
    yield places
    for place, name in zip(places, ("zipped_tasks", "jarred_tasks"), strict=True):
        sys.path.remove(place)
        for module in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[module]


def importers_of(place: str) -> set[str]:
    return {name.removeprefix(place) for name in sys.path_importer_cache if name.startswith(place)}


def test_importers_of_jars_and_of_folders_in_zips_go_and_what_is_imported_later_is_found(
    packages: tuple[str, str],
) -> None:
    zipped, jarred = packages
    for name in ("zipped_tasks.inner", "jarred_tasks.inner"):
        assert importlib.import_module(name).VALUE == 1
    assert importers_of(zipped) == {"", "/zipped_tasks"} and importers_of(jarred) == {"", "/jarred_tasks"}
    forget_zips()
    assert (importers_of(zipped), importers_of(jarred)) == ({""}, set())
    for name in ("zipped_tasks.inner.later", "jarred_tasks.inner.later"):
        assert importlib.import_module(name).VALUE == 2


def test_a_module_that_is_new_in_a_zip_is_found(packages: tuple[str, str]) -> None:
    zipped, _ = packages
    importlib.import_module("zipped_tasks.inner")
    forget_zips()
    with zipfile.ZipFile(zipped, "a") as archive:
        archive.writestr("zipped_tasks_new.py", "VALUE = 3")
    importlib.invalidate_caches()
    assert importlib.import_module("zipped_tasks_new").VALUE == 3
    del sys.modules["zipped_tasks_new"]
