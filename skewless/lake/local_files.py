"""Small files on this machine, written whole or not at all; Hadoop's own local file system does neither promise."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from skewless.ground.errors import afterwards


class FileEntry(NamedTuple):
    """What a folder says of a file or folder in it; `modified` is in milliseconds, by the file system's own clock."""

    name: str
    is_folder: bool
    length: int
    modified: int


def entries(folder: Path) -> list[FileEntry]:
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except OSError:  # removed meanwhile, or a link to nothing
            continue
        found.append(FileEntry(path.name, path.is_dir(), status.st_size, status.st_mtime_ns // 1_000_000))
    return sorted(found)


def texts(folder: Path, names: Sequence[str]) -> dict[str, str | OSError]:
    """Name → the text of a file in a folder, or why it cannot be read."""
    return {name: _text(folder / name) for name in names}


def _text(path: Path) -> str | OSError:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeError as error:
        return OSError(str(error))
    except OSError as error:
        return error


def replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with afterwards(lambda: part.unlink(missing_ok=True)):
        part.write_bytes(content)
        # Hadoop's sum of the former file would make the new one unreadable to it.
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
        part.replace(path)


def created(path: Path, content: bytes) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    return True
