"""The ends of a process that a log has to survive: a fork, after which two go on, and the exit."""

from __future__ import annotations

import atexit
import os
import sys
from typing import Protocol

_STALL_AT_EXIT = 5.0
_open: set[Log] = set()
_is_child_watched = False


class Log(Protocol):
    """What hears of forks and exits."""

    def begin_anew(self) -> None:
        """Runs in a child that was just forked."""

    def close(self, timeout: float | None) -> None:
        """Runs at the end of the process."""


def stay(log: Log) -> None:
    """Tell the log of forks, and close it at exit, until it leaves."""
    _open.add(log)


def leave(log: Log) -> None:
    """The log is closed and need not hear of anything."""
    _open.discard(log)


def watch_child() -> None:
    """In a child of multiprocessing, which ends without an exit: close the logs when its work is done."""
    global _is_child_watched  # noqa: PLW0603  (a fact about the process)
    util = sys.modules.get("multiprocessing.util")
    if _is_child_watched or util is None:
        return
    from multiprocessing import parent_process

    _is_child_watched = True
    if parent_process() is not None:
        util.Finalize(None, _close_all, exitpriority=0)


def _close_all() -> None:
    for log in list(_open):
        log.close(_STALL_AT_EXIT)


def _begin_anew() -> None:
    global _is_child_watched  # noqa: PLW0603
    _is_child_watched = False
    for log in list(_open):
        log.begin_anew()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
