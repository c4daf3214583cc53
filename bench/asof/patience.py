"""A run that takes too long is stopped."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LEAST_FREE = 8 * 2**30
"""Bytes of the disk that a run has to leave: what looks at all pairs of a hot key spills them."""


class Stopped(Exception):
    """A run was ended after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"stopped after {seconds:,.0f} s")
        self.seconds = seconds


def within(patience: float, run: Callable[[], T], stop: Callable[[], object], every: float = 1.0) -> T:
    """What `run` gives; from `patience` seconds on, `stop` is called again and again until it ends.

    Again, since what is stopped is one job of Spark, and a query that is being planned has none yet. Errors: Stopped,
    also where the run came to its end all the same; else the run's own.
    """
    begin = time.monotonic()
    is_over, is_late = threading.Event(), threading.Event()

    def watch() -> None:
        while not is_over.wait(every):
            is_full = shutil.disk_usage(tempfile.gettempdir()).free < LEAST_FREE
            if is_full or time.monotonic() - begin > patience:
                is_late.set()
                stop()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        found = run()
    except Exception:
        if is_late.is_set():
            raise Stopped(time.monotonic() - begin) from None
        raise
    finally:
        is_over.set()
        watcher.join()
    if is_late.is_set():
        raise Stopped(time.monotonic() - begin)
    return found
