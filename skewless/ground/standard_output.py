"""Standard output kept for the result of a command, and lines that are written whatever a terminal can show.

What feature code and libraries print is no part of the result.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TextIO

_IN, _OUT, _ERR = range(3)


@contextmanager
def kept_for_the_result() -> Iterator[None]:
    """Send to standard error whatever is printed meanwhile, by Python, by compiled code or by a process it starts."""
    with redirect_stdout(sys.stderr), _descriptor_sent_to_standard_error():
        yield


def make_streams_safe() -> None:
    """Escape what a stream's encoding lacks, and occupy the descriptors of streams that are closed.

    Else a text with an umlaut ends a command on an ASCII terminal; and the first file or socket that is opened gets the
    descriptor of a closed stream, where whatever libraries print would reach it.
    """
    for descriptor in (_IN, _OUT, _ERR):
        try:
            os.fstat(descriptor)
        except OSError:  # the lowest one that is free is the one that is opened
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str, stream: TextIO | None) -> OSError | None:
    """Print a line; why that failed where nobody reads any more, or a disk is full: the stream then takes no more.

    Else what is left in its buffer would end the interpreter with a stack and another exit code. A stream that is None
    was closed before Python began, by somebody who wants nothing of it.
    """
    try:
        if stream is not None:
            print(text, file=stream, flush=True)
    except OSError as error:
        _shut(stream)
        return error
    return None


def tell(line: str) -> None:
    """A line for a person on standard error; where it cannot be written there is nobody to tell so."""
    say(f"skewless: {line}", sys.stderr)


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
        with suppress(OSError):
            os.dup2(kept, _OUT)
        os.close(kept)


def _flush() -> None:
    """Let Python's own buffer for the descriptor run out before the descriptor leads elsewhere."""
    if sys.__stdout__ is not None:
        try:
            sys.__stdout__.flush()
        except (OSError, ValueError):
            _shut(sys.__stdout__)


def _shut(stream: TextIO | None) -> None:
    """Lead a stream's descriptor nowhere, and what is in its buffer with it."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # type: ignore[union-attr]
        os.close(nowhere)
        stream.flush()  # type: ignore[union-attr]
