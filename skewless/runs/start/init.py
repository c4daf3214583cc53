"""The files of a project to begin with → a folder, all of them or none, without Spark."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from shlex import quote

from skewless.ground.errors import InputError, afterwards
from skewless.ground.run.steps import step
from skewless.lake.storage import is_local, local_path
from skewless.runs.execution import Result, Run

TEMPLATE = Path(__file__).parent / "project"
NOT_OURS = "__pycache__"
"""What pip leaves beside the modules of a package that it installs."""

MOST_NAMED = 3


def write_project(run: Run, folder: str) -> Result:
    """`skewless init`: the project in a folder, which is made if it is not there; no file is ever overwritten.

    Errors: InputError where a file of the project, or something else in its place, is there: nothing is written.
    MachineError where the folder may not be written.
    """
    place = _place(folder)
    files = _files()
    _refuse_what_is_there(place, files)
    try:
        with step("writing the project"):
            _write(place, files)
    except OSError as error:
        from skewless.lake.failures import as_unwritable

        raise as_unwritable(error, f"{place}: cannot be written") from error
    return Result({"project": str(place), "files": [str(file) for file in files]}, _summary(place, files))


def _place(folder: str) -> Path:
    if not folder:
        raise InputError("DIR is empty; give a folder, such as shop, or leave it out for this one")
    if not is_local(folder):
        raise InputError(f"DIR {folder}: a project is written on this machine; give a folder's path")
    return local_path(folder)


def _files() -> list[Path]:
    """The project's files, relative to it, by path."""
    found = (path.relative_to(TEMPLATE) for path in TEMPLATE.rglob("*") if path.is_file())
    return sorted(path for path in found if NOT_OURS not in path.parts)


def _refuse_what_is_there(place: Path, files: list[Path]) -> None:
    """InputError naming the first of the files that are there, and whatever is no folder where one is needed."""
    targets = [place / file for file in files]
    needed = {parent for target in targets for parent in target.parents if parent.is_relative_to(place)}
    there = [path for path in sorted(needed) if _is_there(path) and not path.is_dir()]
    there += [target for target in targets if _is_there(target)]
    if there:
        named = ", ".join(map(str, there[:MOST_NAMED]))
        more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
        remedy = "nothing is written; give another DIR, or move what is there away"
        raise InputError(f"init {place}: already there: {named}{more}; {remedy}")


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()  # a link to nothing is something too


def _write(place: Path, files: list[Path]) -> None:
    """Write beside where it belongs, then move it there: a disk that fills up meanwhile leaves nothing behind."""
    beside = next(path for path in (place, *place.absolute().parents) if path.is_dir())
    staged = beside / f".skewless-init-{uuid.uuid4().hex}"
    with afterwards(lambda: shutil.rmtree(staged, ignore_errors=True)):
        for file in files:
            target = staged / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((TEMPLATE / file).read_bytes())
        place.parent.mkdir(parents=True, exist_ok=True)
        moved: list[Path] = []
        try:
            _move(staged, place, moved)
        except BaseException:
            for path in moved:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            raise


def _move(source: Path, target: Path, moved: list[Path]) -> None:
    """Move what is not there as a whole, and into a folder that is there what it lacks."""
    if target.is_dir():
        for child in sorted(source.iterdir()):
            _move(child, target / child.name, moved)
    else:
        source.rename(target)
        moved.append(target)


def _summary(place: Path, files: list[Path]) -> str:
    there = "" if place.samefile(".") else f"cd {quote(str(place))} && "
    return "\n".join(
        [
            f"{place}: a shop's project of {len(files)} files; README.md says what is where. Next:",
            f"  {there}make demo   # sample data, a published training set, its report; needs Java 17 or 21",
            "  make test   # the feature functions without Spark, a join with it",
        ]
    )
