"""A configuration directory's files → one checked spec for each, read when first asked for."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol

from skewless.config.documents import Document, Problem, Variables, from_yaml
from skewless.config.refusals import SpecT, spec_of

_SUFFIXES = (".yml", ".yaml")
MOST_BYTES = 2**24
"""Of a file: configuration is far below, and what is above may be any length."""


class ConfFiles(Protocol):
    """A configuration directory wherever it is; `root` is its name in messages."""

    @property
    def root(self) -> str: ...

    def list(self, folder: str) -> list[str]:
        """The names of the files in a folder of the directory, [] where there is no such folder."""

    def read(self, path: str) -> str:
        """The text of a file, its path relative to the directory.

        Errors: OSError where it cannot be read or is over `MOST_BYTES`, UnicodeError where it is no text.
        """


@dataclass(frozen=True)
class LocalFiles:
    """A configuration directory on this machine."""

    directory: Path

    @property
    def root(self) -> str:
        return str(self.directory)

    def list(self, folder: str) -> list[str]:
        path = self.directory / folder
        return [entry.name for entry in path.iterdir() if entry.is_file()] if path.is_dir() else []

    def read(self, path: str) -> str:
        with (self.directory / path).open("rb") as file:
            return as_text(file.read(MOST_BYTES + 1))


def shown(files: ConfFiles, path: str) -> str:
    """A file's path as messages give it."""
    return f"{files.root.rstrip('/')}/{path}"


def read_text(files: ConfFiles, path: str) -> str | Problem:
    """The text of a file, or why there is none."""
    try:
        return files.read(path)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return Problem(shown(files, path), 0, "", f"cannot be read: {reason}")


def as_text(content: bytes) -> str:
    """A file's text. Errors: OSError where it is longer than any configuration, UnicodeError where it is none."""
    if len(content) > MOST_BYTES:
        raise OSError(f"over {MOST_BYTES // 2**20} MiB; a configuration is smaller: shorten or split it")
    return content.decode("utf-8-sig")


@dataclass(frozen=True)
class Entry(Generic[SpecT]):
    """One spec as written, the spec itself unless something is wrong with it, and what is."""

    document: Document
    spec: SpecT | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Folder(Generic[SpecT]):
    """The specs of one folder by name, which is a file's name without its suffix.

    Files that are not YAML and hidden files are no specs.
    """

    files: ConfFiles
    folder: str
    model: type[SpecT]
    variables: Variables
    _read: dict[str, Entry[SpecT]] = field(default_factory=dict)

    @functools.cached_property
    def names(self) -> dict[str, list[str]]:
        """The file names of each spec; more than one is a problem."""
        found: dict[str, list[str]] = {}
        for file in sorted(self.files.list(self.folder)):
            if file.endswith(_SUFFIXES) and not file.startswith("."):
                found.setdefault(file.rpartition(".")[0], []).append(file)
        return found

    def entry(self, name: str) -> Entry[SpecT] | None:
        """The spec of that name, None where no file has it."""
        if name in self.names and name not in self._read:
            self._read[name] = self._entry(name)
        return self._read.get(name)

    def entries(self) -> list[Entry[SpecT]]:
        return [entry for entry in map(self.entry, self.names) if entry]

    def _entry(self, name: str) -> Entry[SpecT]:
        file, *others = self.names[name]
        path = f"{self.folder}/{file}"
        text = read_text(self.files, path)
        if isinstance(text, Problem):
            return Entry(Document(text.origin), None, (text,))
        document = from_yaml(shown(self.files, path), text, self.variables)
        spec, problems = spec_of(document, self.model)
        problems += [document.problem((), f"{other} has the same name; remove one") for other in others]
        problems += _name_problems(document, name)
        return Entry(document, None if problems else spec, tuple(sorted(problems)))


def _name_problems(document: Document, name: str) -> list[Problem]:
    written = document.content.get("name") if isinstance(document.content, dict) else None
    if not isinstance(written, str) or written == name or document.is_unresolved(("name",)):
        return []
    return [document.problem(("name",), f"'{written}' is not the file's name, '{name}'; rename one of them")]
