"""Standard output kept for the result of a command: what feature code and libraries print is no part of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

_OUT, _ERR = 1, 2


@contextmanager
def kept_for_the_result() -> Iterator[None]:
    """Send to standard error whatever is printed meanwhile, by Python, by compiled code or by a process it starts."""
    with redirect_stdout(sys.stderr), _descriptor_sent_to_standard_error():
        yield


def end_standard_output() -> None:
    """The result is out: what exit hooks and lingering threads still print goes to standard error."""
    _flush()
    with suppress(OSError):  # one of them was closed by whoever started this process
        os.dup2(_ERR, _OUT)


@contextmanager
def _descriptor_sent_to_standard_error() -> Iterator[None]:
    try:
        kept = os.dup(_OUT)
    except OSError:  # closed, so that nothing can reach it
        yield
        return
    end_standard_output()
    try:
        yield
    finally:
        _flush()
        os.dup2(kept, _OUT)
        os.close(kept)


def _flush() -> None:
    """Let Python's own buffer for the descriptor run out before the descriptor leads elsewhere."""
    if sys.__stdout__ is not None:
        with suppress(OSError, ValueError):
            sys.__stdout__.flush()
