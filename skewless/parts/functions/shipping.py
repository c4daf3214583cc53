"""The driver's code on a cluster's executors: what features need, zipped and sent along before a plan is made.

Functions reach Python workers by the name of their module, so the workers have to find the same modules. Sent are
`skewless`, the top-level packages (or single files) that define the features, and those that they import in
turn. Not sent is what the executors have of their own: the standard library, pyspark, and whatever is installed in the
driver's site-packages, except skewless itself, so that both ends run the same version of it.
"""

from __future__ import annotations

import ast
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pyspark import SparkContext

from skewless.serving.sets.importing import Lent

SKEWLESS = ("skewless",)
PLATFORM = {*sys.stdlib_module_names, "pyspark", "py4j", "__main__"}
COMPILED = {".so", ".pyd"}
PREFIX = "skewless-code-"
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)


class Code(NamedTuple):
    """Source files by their path on the import path, and archives that hold more of it as they are."""

    files: dict[str, bytes]
    archives: list[Path]


def ship_code(context: SparkContext, modules: Iterable[str]) -> None:
    """Make the modules, and skewless, importable in the Python workers of whatever is planned from here on.

    In local mode workers get the driver's import path, which may have grown since the session began, without folders of
    a configuration that hold no feature module: another path means other workers, each of which begins by importing for
    two seconds of processor time. Elsewhere code is sent, and again only when it has changed: workers are then new
    ones, since those that run hold the modules that they have imported.
    """
    if _is_local(context.master):
        context.environment["PYTHONPATH"] = os.pathsep.join(_needed_path())
        return
    code = code_of(modules)
    includes = context._python_includes
    assert includes is not None, "a running context has a list"
    for archive in code.archives:
        if archive.name not in includes:  # those of --py-files are there
            context.addPyFile(str(archive))
    # addPyFile would also put the copy on the driver's own path, where a notebook's reload would find it.
    sent = _send(context, zipped(code.files)) if code.files else ""
    includes[:] = [other for other in includes if not other.startswith(PREFIX)] + [sent] * bool(sent)
    context.environment["SKEWLESS_CODE"] = sent


def _send(context: SparkContext, content: bytes) -> str:
    """Hand the zip to the executors, once; the name that they know it by."""
    name = f"{PREFIX}{hashlib.sha256(content).hexdigest()[:16]}.zip"
    if name not in {PurePosixPath(uri).name for uri in context.listFiles}:
        place = Path(context._temp_dir, name)
        place.write_bytes(content)
        context.addFile(str(place))
    return name


def code_of(modules: Iterable[str]) -> Code:
    """The code that the modules need beside what is installed, with skewless's own."""
    code = Code({}, [])
    seen = set(PLATFORM)
    waiting = [*SKEWLESS, *(_top(module) for module in modules)]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for location in _locations(name):
            if archive := _archive_around(location):
                code.archives.append(archive)
            elif name in SKEWLESS or not _is_installed(location):
                code.files.update(_sources(location))
                waiting += () if name in SKEWLESS else _imported_by(name)
    return code


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of the files, the same bytes for the same files."""
    folders = {f"{folder}/" for file in files for folder in PurePosixPath(file).parents if folder.name}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        # A package without __init__.py is found by its folder's entry.
        for name in sorted({*files, *folders}):
            archive.writestr(zipfile.ZipInfo(name, _FIRST_DATE), files.get(name, b""))
    return buffer.getvalue()


def _needed_path() -> Iterator[str]:
    for entry in sys.path:
        if not isinstance(entry, Lent) or entry.is_used():
            yield str(Path(entry).absolute())


def _is_local(master: str | None) -> bool:
    return master is None or master == "local" or master.startswith("local[")


def _top(module: str) -> str:
    return module.partition(".")[0]


def _locations(name: str) -> list[Path]:
    """The folders of a package, or the file of a module; none where there is no source of it."""
    try:
        spec = find_spec(name)
    except ValueError:  # a module made by hand
        spec = None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return [Path(folder).absolute() for folder in spec.submodule_search_locations]
    return [Path(spec.origin).absolute()] if spec.origin and spec.origin.endswith(".py") else []


def _archive_around(location: Path) -> Path | None:
    """The zip that the location is in."""
    return next((parent for parent in location.parents if parent.is_file()), None)


def _is_installed(location: Path) -> bool:
    """Whether a package manager brought it: compiled parts and package folders are for the platform to bring."""
    if {"site-packages", "dist-packages"} & {*location.parts}:
        return True
    return location.is_dir() and any(file.suffix in COMPILED for file in location.rglob("*"))


def _sources(location: Path) -> Iterator[tuple[str, bytes]]:
    """Python files as they lie, by their path from the folder on the import path; hidden folders are left out."""
    files = location.rglob("*.py") if location.is_dir() else [location]
    for file in files:
        inside = file.relative_to(location.parent)
        if not any(part.startswith(".") for part in inside.parts):
            yield inside.as_posix(), file.read_bytes()


def _imported_by(package: str) -> set[str]:
    """The top-level names that the package's loaded modules import, also inside functions."""
    names: set[str] = set()
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if _top(name) != package or not file or not file.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(Path(file).read_bytes())):
            if isinstance(node, ast.Import):
                names.update(_top(alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(_top(node.module))
    return names
