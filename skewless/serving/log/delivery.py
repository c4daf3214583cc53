"""Encoded records on their way out: to files, until they take them, and to a sink, once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from time import monotonic
from typing import NamedTuple

from skewless.serving.errors import one_line, raised
from skewless.serving.log.disk.files import LogFiles

Sink = Callable[[bytes], object]

LOGGER = "skewless.serving.log"
"""The name under which failures are reported."""

_FIRST_DELAY, _LONGEST_DELAY = 0.05, 5.0


class LogCounts(NamedTuple):
    """What became of the records that this process gave to `write`.

    `written` to their file, or handed to the sink; `dropped`, the queue being full; `failed`: the sink
    raised, or the log was closed while its files could not be written; `queued`: still in memory. `errors`
    counts failed attempts, which cost no record as long as they are repeated.
    """

    written: int
    dropped: int
    failed: int
    queued: int
    errors: int


class Flush:
    """A place in the queue: everything before it is delivered, or given up, once it is reached."""

    def __init__(self) -> None:
        self.reached = Event()
        self.delivered = False

    def reach(self, delivered: bool) -> None:
        self.delivered = delivered
        self.reached.set()


class Delivery:
    """Delivers one batch of lines at a time, and counts what became of them.

    Files that fail keep the batch: `attempt` is called again, after `delay` seconds, until it succeeds or
    `abandon` gives the batch up. A sink that raises has had its record: it is not called again with it. The
    first failure is reported to the logger "skewless.serving.log", further ones when there has been a success.
    """

    def __init__(self, name: str, files: LogFiles | None, sink: Sink | None) -> None:
        self.name = name
        self._files, self._sink = files, sink
        self.begin_anew()

    def begin_anew(self) -> None:
        """Without a batch, a growing file or anything counted, as in a new process."""
        self.written = self.failed = self.errors = 0
        self.delay = 0.0
        self._batch: list[bytes] = []
        self._for_files: list[bytes] = []
        self._sink_failed = False
        if self._files is not None:
            self._files.forsake()

    @property
    def pending(self) -> int:
        """How many records of the batch are still to be delivered."""
        return len(self._batch)

    def due_in(self) -> float | None:
        """Seconds until `attempt` has something to do even without a batch; None for never."""
        return None if self._files is None else self._files.due_in()

    def take(self, lines: list[bytes]) -> None:
        """Begin the next batch; the one before has been delivered."""
        self._batch = lines
        self._for_files = lines[:] if self._files is not None else []

    def attempt(self) -> bool:
        """Deliver the batch, and do what the files have due; whether both succeeded."""
        if not self._succeeds(lambda files: files.append(self._for_files)):
            return False
        self._hand_over(0)
        return True

    def finish(self) -> bool:
        """Finish the growing file after the last batch; whether that succeeded."""
        return self._succeeds(LogFiles.finish)

    def abandon(self, queued: int) -> None:
        """Give up what the files have not taken, the batch and as many more that are still queued."""
        lost = 0
        if self._files is not None:
            lost = len(self._for_files) + self._files.unwritten
            with suppress(OSError):
                self._files.forsake()
        self._hand_over(lost)
        self.failed += queued
        if lost or queued:
            self.report(f"gave up {lost + queued} records that could not be written")

    def report(self, problem: str) -> None:
        """Say in one line of the log "skewless.serving.log" what went wrong; never raises."""
        with suppress(Exception):
            logging.getLogger(LOGGER).error(one_line(f"feature log '{self.name}': {problem}"))

    def refuse(self, error: Exception) -> None:
        """Count and report a record that could not be encoded, which nothing that `write` accepts is."""
        self.failed += 1
        self.errors += 1
        self.report(f"a record could not be encoded and is lost: {raised(error)}")

    def _succeeds(self, action: Callable[[LogFiles], None]) -> bool:
        if self._files is None:
            return True
        try:
            action(self._files)
        except Exception as error:  # whatever it was, the records are kept and it is tried again
            self._failed_to_write(error)
            return False
        if self.delay:
            self.report(f"can be written again, after {self.errors} failed attempts")
            self.delay = 0.0
        return True

    def _failed_to_write(self, error: Exception) -> None:
        self.errors += 1
        if not self.delay:
            self.report(f"cannot be written: {raised(error)}; records wait in memory, it is tried again")
        self.delay = min(_LONGEST_DELAY, self.delay * 2 or _FIRST_DELAY)

    def _hand_over(self, lost: int) -> None:
        """The batch to the sink, and counted; `lost` of it the files have not taken."""
        missed = 0 if self._sink is None else sum(not self._sent(line, self._sink) for line in self._batch)
        failed = max(lost, missed)
        self.failed += failed
        self.written += len(self._batch) - failed
        self._batch, self._for_files = [], []

    def _sent(self, line: bytes, sink: Sink) -> bool:
        try:
            sink(line[:-1])
        except (Exception, SystemExit) as error:
            self.errors += 1
            if not self._sink_failed:
                self.report(f"the sink raised {raised(error)}; its record is lost, and counted as failed")
            self._sink_failed = True
            return False
        self._sink_failed = False
        return True


class Patience:
    """Runs out after so many seconds in which nothing was delivered and nothing failed for good."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._before, self._since = -1, 0.0

    def is_over(self, limit: float | None) -> bool:
        """Whether there was no progress for that long; never where there is no limit."""
        now, done = monotonic(), self._delivery.written + self._delivery.failed
        if done != self._before:
            self._before, self._since = done, now
        return limit is not None and now - self._since >= limit
