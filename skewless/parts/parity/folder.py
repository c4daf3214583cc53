"""The audit's folder on this machine: it holds rows of the inputs, and so stays behind for no longer than its run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PREFIX = "skewless-audit-"
LOCK = "lock"
UNLOCKED_FOR = 3600.0
"""Seconds for which a folder without a lock is left alone: its run may be about to take it."""


class AuditFolder:
    """A new folder, locked by this process until `cleanup` or its end; those of dead processes are removed first."""

    def __init__(self) -> None:
        place = Path(tempfile.gettempdir())
        for left in place.glob(f"{PREFIX}*"):
            _remove_if_dead(left)
        self.name = tempfile.mkdtemp(prefix=PREFIX)
        self._lock = os.open(Path(self.name, LOCK), os.O_RDWR | os.O_CREAT, 0o600)
        if fcntl is not None:
            fcntl.flock(self._lock, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        """Remove it; once more does no harm."""
        shutil.rmtree(self.name, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _remove_if_dead(folder: Path) -> None:
    # Another user's, or one that another run is removing just now.
    with contextlib.suppress(OSError):
        if folder.stat().st_uid == os.getuid() and _is_dead(folder):
            shutil.rmtree(folder)


def _is_dead(folder: Path) -> bool:
    """Whether nobody holds it. A lock and no lease: the kernel lets go of it the moment that its process is gone."""
    if fcntl is None:
        return False
    if not (folder / LOCK).exists():
        return time.time() - folder.stat().st_mtime > UNLOCKED_FOR
    lock = os.open(folder / LOCK, os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
