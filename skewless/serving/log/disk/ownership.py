"""Whose a growing file of the feature log is: its owner holds a lock on it until it ends, however it ends.

Whoever gets the lock of another's growing file knows that the owner is dead, and finishes the file. A lock
says nothing about the processes of other machines that share a directory over a network, so only files
begun on this boot of this machine, or under its host name, are taken over.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from enum import Enum
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

CAN_RENAME_OPEN = fcntl is not None
"""Whether an open file can be renamed. On Windows it cannot, and that tells that its owner is alive."""

OPEN, FINISHED = ".jsonl.open", ".jsonl"
_UNLOCKED = ".jsonl.unlocked"
_NAME = re.compile(r"\.(\d{8}T\d{6}\.\d{6})-([0-9a-z]+)-([A-Za-z0-9._]+)-(\d+)-([0-9a-f]{16})\.jsonl\.open")
_ATTEMPTS = 100


class _Lock(Enum):
    OURS = 1
    HELD = 2
    UNSUPPORTED = 3


def create(directory: Path) -> tuple[Path, int]:
    """A new growing file and its descriptor, locked.

    Between creation and lock, `adopt` in another process can take the file for one of a dead owner; then
    another one is made. On a file system without locks the name ends otherwise, and nobody ever adopts it.
    """
    for _ in range(_ATTEMPTS):
        begun = dt.datetime.now(dt.timezone.utc)
        path = (
            directory / f".{begun:%Y%m%dT%H%M%S.%f}-{_BOOT}-{_HOST}-{os.getpid()}-{os.urandom(8).hex()}{OPEN}"
        )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        lock = _lock(descriptor)
        if lock is _Lock.UNSUPPORTED and CAN_RENAME_OPEN:
            return path.rename(path.with_name(path.name.removesuffix(OPEN) + _UNLOCKED)), descriptor
        if lock is not _Lock.HELD and _is_at(path, descriptor):
            return path, descriptor
        os.close(descriptor)
    raise OSError(f"no new file in {directory} after {_ATTEMPTS} attempts")


def finished(path: Path) -> Path:
    """The finished name of a growing file.

    >>> finished(Path("log/.20240102T030405.678901-1091be57-web_1-4711-9f86d081884c7d65.jsonl.open")).name
    '20240102T030405.678901-1091be57-web_1-4711-9f86d081884c7d65.jsonl'
    """
    return path.with_name(path.name.removeprefix(".").partition(FINISHED)[0] + FINISHED)


def adopt(directory: Path) -> list[Path]:
    """Finish the files that dead processes of this machine left growing; the finished paths.

    Nothing is cut from them, since readers tell torn lines; only files without a byte are removed.
    """
    left = (path for path in sorted(directory.iterdir()) if _could_be_left(path.name))
    return [taken for path in left if (taken := _adopted(path)) is not None]


def _could_be_left(name: str) -> bool:
    parts = _NAME.fullmatch(name)
    return parts is not None and (parts[2] == _BOOT != _NO_BOOT or parts[3] == _HOST)


def _adopted(path: Path) -> Path | None:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # finished in the meantime, or not ours to write
        return None
    try:
        is_left = _owner_is_dead(path, descriptor)
        is_empty = os.fstat(descriptor).st_size == 0
        if CAN_RENAME_OPEN and is_left:
            return _settled(path, is_empty)
    finally:
        os.close(descriptor)
    return _settled(path, is_empty) if is_left else None


def _owner_is_dead(path: Path, descriptor: int) -> bool:
    if not CAN_RENAME_OPEN:
        return True  # else the renaming fails
    return _lock(descriptor) is _Lock.OURS and _is_at(path, descriptor)


def _settled(path: Path, is_empty: bool) -> Path | None:
    try:
        if is_empty:
            path.unlink()
            return None
        return path.rename(finished(path))
    except OSError:
        return None


def _lock(descriptor: int) -> _Lock:
    if fcntl is None:
        return _Lock.UNSUPPORTED
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _Lock.HELD
    except OSError:
        return _Lock.UNSUPPORTED
    return _Lock.OURS


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one of this name: nobody has finished or removed it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))  # noqa: PTH116  (a pair with fstat)
    except FileNotFoundError:
        return False


def host_name() -> str:
    """The name of this host.

    >>> host_name().encode().decode() == host_name()
    True
    """
    name = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes()[:8].decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return _NO_BOOT


# Once, at import: were a module or a codec loaded by the log's thread, a fork in the middle would leave it
# half loaded in the child for good.
_NO_BOOT = "0"
_BOOT = _boot_id()
_HOST = re.sub(r"[^A-Za-z0-9.]", "_", host_name())[:64] or "_"
