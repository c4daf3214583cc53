"""Feature modules, imported from wherever they may lie, and held to do nothing else while they are imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, TextIO

from skewless.serving.errors import FeatureError, raised

_REMEDY = "move that into a function, or under if __name__ == '__main__'"


def imported(name: str) -> ModuleType:
    """A feature module by its name, from the import path or the working directory, which is put at its end.

    The working directory stays on the path: functions may import from it when they are called. FeatureError says
    where a module was looked for that is not there, why one does not import, and that one prints, reads the command
    line or exits while it is imported: whatever imports it next would end or garble its own output. What it prints
    goes to standard error. A module that this process has imported before is taken as it is.
    """
    if name in sys.modules:
        return import_module(name)
    sys.path += _missing(working_directory())
    invalidate_caches()  # a notebook may have written the file a moment ago
    before = set(sys.modules)
    with _watched(name.partition(".")[0]) as acts:
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            raise FeatureError(_not_found(name, error)) from error
        except SystemExit:
            acts["exits"] = None
        except Exception as error:  # a module runs whatever was written in it
            raise FeatureError(f"feature module '{name}' does not import: {raised(error)}") from error
    if acts:
        _forget(name, before)
        raise FeatureError(f"feature module '{name}' {' and '.join(acts)} while it is imported; {_REMEDY}")
    return module


class Lent(str):
    """An entry of the import path that is there while one configuration is at work, and that modules may not need."""

    def is_used(self) -> bool:
        """Whether something that is loaded was found here."""
        return any(str(place).startswith(f"{self}{os.sep}") for place in _places_of_modules())


@contextmanager
def importable_from(folders: Iterable[str | Path]) -> Iterator[None]:
    """Let modules be imported from these folders too, behind all else on the import path, for as long as this lasts."""
    added = [Lent(folder) for folder in _missing(folders)]
    sys.path += added
    try:
        yield
    finally:
        for folder in added:
            if folder in sys.path:
                sys.path.remove(folder)


def working_directory() -> list[Path]:
    """The working directory, none where it has been removed."""
    try:
        return [Path.cwd()]
    except FileNotFoundError:
        return []


class _Watch:
    """What the modules of one top-level name do while they are imported, each act once.

    A library that they import may greet on standard output or look at the command line: that is nothing which their
    author can mend.
    """

    def __init__(self, top: str) -> None:
        self._top = top
        self.acts: dict[str, None] = {}
        self.is_over = False

    def sees(self, act: str) -> bool:
        """Whether a module is being imported right here, by this thread; if it is one of them, it did this."""
        module = None if self.is_over else _module_under_import()
        if module is not None and module.partition(".")[0] == self._top:
            self.acts[act] = None
        return module is not None


class _Output:
    """Standard output in the meantime: what is printed by an import goes to standard error.

    Whoever keeps it, as a logging handler does, has the former standard output from then on.
    """

    def __init__(self, former: TextIO, watch: _Watch) -> None:
        self._former, self._watch = former, watch

    def write(self, text: str) -> int:
        return (sys.stderr if self._watch.sees("prints") else self._former).write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._former if self._watch.is_over else sys.stderr, name)


class _Arguments(list[str]):
    """The command line in the meantime; the program's name alone may be read."""

    watch: _Watch

    def __getitem__(self, place: Any) -> Any:
        if place != 0:
            self.watch.sees("reads the command line")
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[str]:
        self.watch.sees("reads the command line")
        return super().__iter__()

    def __reduce__(self) -> tuple[type[list[str]], tuple[list[str]]]:
        return list, (list.__getitem__(self, slice(None)),)


@contextmanager
def _watched(top: str) -> Iterator[dict[str, None]]:
    watch = _Watch(top)
    former, arguments = sys.stdout, getattr(sys, "argv", [])  # an embedded Python may have none
    watched = _Arguments(list.__getitem__(arguments, slice(None)))
    watched.watch = watch
    sys.stdout, sys.argv = _Output(former, watch), watched
    try:
        yield watch.acts
    finally:
        watch.is_over = True
        sys.stdout, sys.argv = former, arguments


def _module_under_import() -> str | None:
    """The module whose top-level code this thread is in, the innermost one; None where it is in none."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return None if frame is None else str(frame.f_globals.get("__name__"))


def _places_of_modules() -> Iterator[object]:
    for module in list(sys.modules.values()):
        yield getattr(module, "__file__", None)
        yield from getattr(module, "__path__", ())  # a package without __init__.py has no file


def _not_found(name: str, error: ModuleNotFoundError) -> str:
    """Where a module was looked for that is not there, and what hides it; or which other one it lacks."""
    missing = error.name or ""
    if missing != name and not name.startswith(f"{missing}."):
        return f"feature module '{name}' does not import: {raised(error)}"
    places = ", ".join(_folders_of_the_path()) or "nothing: the import path is empty"
    parent = missing.rpartition(".")[0]
    return f"feature module '{name}' not found: looked in {places}{_what_is(parent)}"


def _what_is(parent: str) -> str:
    """What was found under the name of a package that lacks a module."""
    package = sys.modules.get(parent)
    if package is None:
        return ""
    folders = list(getattr(package, "__path__", []))
    if not folders:
        return f"; '{parent}' is {getattr(package, '__file__', None) or 'built in'}, which is no package"
    if getattr(package, "__file__", None) is None:
        return f"; '{parent}' is {', '.join(folders)}"
    return f"; '{parent}' is {folders[0]}, whose __init__.py makes it hide any other '{parent}'"


def _folders_of_the_path() -> list[str]:
    """The import path without the standard library."""
    library = Path(os.__file__).parent
    archive = f"python{sys.version_info[0]}{sys.version_info[1]}.zip"
    own = {library, library / "lib-dynload", library.parent / archive}
    return [str(folder) for folder in _absolute(sys.path) if folder not in own]


def _missing(folders: Iterable[str | Path]) -> list[str]:
    """Those that are not on the import path, each once."""
    known = {*_absolute(sys.path)}
    return [str(folder) for folder in dict.fromkeys(_absolute(folders)) if folder not in known]


def _absolute(folders: Iterable[str | Path]) -> list[Path]:
    """Folders from the root on; an empty entry of the import path is the working directory."""
    here = next(iter(working_directory()), Path())
    return [here / folder for folder in folders]


def _forget(name: str, before: set[str]) -> None:
    """As Python does with a module that fails: the next import runs it again, and refuses it again."""
    top = name.partition(".")[0]
    for each in set(sys.modules) - before:
        if each.partition(".")[0] == top:
            del sys.modules[each]
