"""Feature functions run in a process apart, so that one that ends it, or never comes back, is named.

An exception is told by whoever catches it. `os._exit`, a crash in a C library, the kernel's end of a process that takes
too much memory, and an endless loop tell nothing: what is left is a note, in memory that two processes share, of the
call that was the last.
"""

from __future__ import annotations

import mmap
import os
import signal
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from skewless.serving.errors import FeatureError, failure, raised
from skewless.serving.sets.feature_set import FeatureSet

LONGEST_CALL = 60.0
"""Seconds that one call of one feature function may take where nobody says otherwise."""

_NOWHERE = -1
_LAYOUT = struct.Struct("<qq?300s")


class LastCall(NamedTuple):
    """The call in which a process ended: the row and the feature by their places, -1 outside any; and how it ended."""

    row: int
    feature: int
    how: str


class Note:
    """Which call is under way, for which row: written by one process and read by another.

    A call that takes longer than `longest` seconds ends the process, by a signal that no code can miss.
    """

    def __init__(self, longest: float = 0.0) -> None:
        self.row = _NOWHERE
        self._longest = longest
        self._memory = mmap.mmap(-1, _LAYOUT.size)
        self._write(_NOWHERE)

    def call(self, place: int, function: Callable[..., Any], values: Sequence[Any]) -> Any:
        """Call a function, the feature's at this place, and have it noted as long as it goes on."""
        self._write(place)
        signal.setitimer(signal.ITIMER_REAL, self._longest)
        try:
            result = function(*values)
        except KeyboardInterrupt:  # what ends the work, and so is noted
            raise
        except BaseException:
            self._leave()
            raise
        self._leave()
        return result

    def finish(self, error: BaseException | None = None) -> None:
        """Say that the work came to its end, or what it raised instead."""
        place = self.read()[1] if error is not None else _NOWHERE
        self._write(place, error is None, "" if error is None else raised(error))

    def read(self) -> tuple[int, int, bool, str]:
        """The row, the feature, whether the work is done, and what it raised."""
        row, place, is_done, text = _LAYOUT.unpack(self._memory[:])
        return row, place, is_done, text.rstrip(b"\0").decode("utf-8", "ignore")

    def _leave(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._write(_NOWHERE)

    def _write(self, place: int, is_done: bool = False, text: str = "") -> None:
        self._memory[:] = _LAYOUT.pack(self.row, place, is_done, text.encode("utf-8", "replace"))


def last_call(work: Callable[[Note], None], longest: float) -> LastCall | None:
    """Do the work in a forked process; None where it came to its end, else the call that it ended in, and how.

    A call may take `longest` seconds.
    """
    note = Note(longest)
    child = os.fork()
    if child == 0:
        _work_and_leave(work, note)
    _, status = os.waitpid(child, 0)
    row, place, is_done, text = note.read()
    how = f"raised {text}" if text else _how(os.waitstatus_to_exitcode(status), longest)
    return None if is_done else LastCall(row, place, how)


def failure_of(
    call: LastCall, features: FeatureSet, row: Mapping[str, Any], label_event: Mapping[str, Any] | None
) -> FeatureError:
    """The error of a feature whose call was the last, with its inputs; those that are features are computed again."""
    definition = features.features[call.feature]
    names = [parameter.name for parameter in definition.parameters]
    upstream = features.subset(name for name in names if name in features.schema).compute(row, label_event)
    inputs = {name: upstream[name] if name in upstream else row[name] for name in names}
    return failure(definition.name, call.how, inputs, label_event)


def _work_and_leave(work: Callable[[Note], None], note: Note) -> None:
    """Never returns: what the forked process has in mind to do at its end is not this one's to do."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        work(note)
        note.finish()
    except BaseException as error:  # a feature's KeyboardInterrupt too
        note.finish(error)
    finally:
        os._exit(0)


def _how(code: int, longest: float) -> str:
    if code == -signal.SIGALRM:
        return f"did not come back within {longest:g} s"
    if code >= 0:
        return f"ended its process with exit code {code}"
    hint = ", as the system does where memory runs out" if -code == signal.SIGKILL else ""
    return f"crashed its process with {signal.Signals(-code).name}{hint}"
