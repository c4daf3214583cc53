"""Small files on this machine, written whole or not at all; Hadoop's own local file system does neither promise."""

from __future__ import annotations

import os
import uuid
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


def replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    with afterwards(lambda: part.unlink(missing_ok=True)):
        part.write_text(text, encoding="utf-8")
        # Hadoop's sum of the former file would make the new one unreadable to it.
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
        part.replace(path)


def created(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return True
