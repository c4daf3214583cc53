"""The files of a feature log: one growing file per process, finished by an atomic rename.

    .20240102T030405.678901-1091be57-web_1-4711-9f86d081884c7d65.jsonl.open   growing, or left behind
    20240102T030405.678901-1091be57-web_1-4711-9f86d081884c7d65.jsonl         finished, never touched again

A name says when the file was begun (UTC), on which boot of which host, and by which process.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from math import inf
from pathlib import Path

from skewless.serving.errors import FeatureError, raised
from skewless.serving.log.disk.ownership import CAN_RENAME_OPEN, adopt, create, finished


class LogFiles:
    """Appends lines to files in one directory, for one process; not safe across threads.

    A file is finished once the next line would carry it over `rotate_bytes`, or `rotate_seconds` after its
    first line. Every OSError leaves what was not written for the next call of `append`, so that a line is
    neither lost nor written twice. `fsync`: "never", "rotate" (before a file is finished), "batch" (after
    each `append`), or a number of seconds between two of them.
    """

    def __init__(
        self,
        directory: Path,
        rotate_bytes: int,
        rotate_seconds: float,
        fsync: str | float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self.rotate_bytes, self.rotate_seconds, self.fsync = rotate_bytes, rotate_seconds, fsync
        self._clock = clock
        self._path: Path | None = None
        self._descriptor = -1
        self._size = 0
        self._rest = b""  # of a line or more that the system took only in part
        self._begun = self._synced = 0.0
        self._is_unsynced = False

    @property
    def unwritten(self) -> int:
        """How many lines the system has not, or not wholly, taken."""
        return self._rest.count(b"\n")

    def prepare(self) -> None:
        """Create the directory, write to it and take over what dead processes left; FeatureError if it cannot be."""
        probe = self.directory / f".probe-{os.urandom(8).hex()}"
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"\n")
            probe.unlink()
            adopt(self.directory)
        except OSError as error:
            raise FeatureError(
                f"feature log '{self.directory}': cannot write there: {raised(error)}; "
                "give a directory that this process may create and fill"
            ) from error

    def append(self, lines: list[bytes]) -> None:
        """Write whole lines, removing them from the list, then finish or store the file if either is due.

        After an OSError, call it again with what the list still holds.
        """
        self._push()
        while lines:
            if self._path is not None and self._is_full(len(lines[0])):
                self.finish()
            if self._path is None:
                self._begin()
            taken = self._fitting(lines)
            self._rest = b"".join(lines[:taken])
            del lines[:taken]
            self._push()
        if self._path is not None and self._clock() >= self._finish_at():
            self.finish()
        elif self._is_unsynced and self._clock() >= self._sync_at():
            self._sync()

    def due_in(self) -> float | None:
        """Seconds until `append`, even of nothing, has something to do; None while no file grows."""
        if self._path is None:
            return None
        due = min(self._finish_at(), self._sync_at()) if self._is_unsynced else self._finish_at()
        return max(0.0, due - self._clock())

    def _finish_at(self) -> float:
        return self._begun + self.rotate_seconds

    def _sync_at(self) -> float:
        if isinstance(self.fsync, str):
            return 0.0 if self.fsync == "batch" else inf
        return self._synced + self.fsync

    def finish(self) -> None:
        """Give the growing file, if there is one, its finished name."""
        if self._path is None:
            return
        self._push()
        if self.fsync != "never":
            self._sync()
        if not CAN_RENAME_OPEN:
            self._close()
        try:
            os.rename(self._path, finished(self._path))  # noqa: PTH104  (it may not replace anything)
        except OSError as error:
            if isinstance(error, FileNotFoundError) or not CAN_RENAME_OPEN:
                self.forsake()  # somebody took it away; the next line begins another one
            raise
        self._path, self._is_unsynced = None, False
        self._close()
        if self.fsync != "never":
            _sync_directory(self.directory)

    def forsake(self) -> None:
        """Forget the growing file without touching it: it belongs to the process that this one was forked from."""
        self._close()
        self._path, self._rest, self._is_unsynced = None, b"", False

    def _begin(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        adopt(self.directory)
        self._path, self._descriptor = create(self.directory)
        self._size = 0
        self._begun = self._synced = self._clock()

    def _is_full(self, added: int) -> bool:
        return self._size > 0 and self._size + added > self.rotate_bytes

    def _fitting(self, lines: list[bytes]) -> int:
        """How many of the lines the file takes; the first one always, however long it is."""
        size, taken = self._size + len(lines[0]), 1
        while taken < len(lines) and size + len(lines[taken]) <= self.rotate_bytes:
            size += len(lines[taken])
            taken += 1
        return taken

    def _push(self) -> None:
        while self._rest:
            written = os.write(self._descriptor, self._rest)
            self._rest = self._rest[written:]
            self._size += written
            self._is_unsynced = True

    def _sync(self) -> None:
        if self._is_unsynced:
            os.fsync(self._descriptor)
            self._synced = self._clock()
            self._is_unsynced = False

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    """Have a rename stored; where directories cannot be opened, on Windows, the system does so itself."""
    if not CAN_RENAME_OPEN:
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
