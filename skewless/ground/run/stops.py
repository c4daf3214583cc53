"""A run that is stopped, by SIGTERM, by SIGINT or since its time is over: its work is cut off, its clean-up is not.

A stop is an exception in the main thread. It is raised at once where Python works or waits, but not in these places,
where it is raised as soon as they are left:

- in a call into the JVM, since an answer that nobody reads would be taken for that of the next call. Spark's jobs are
  cancelled meanwhile, again and again, so that the call ends; one that does not within `GRACE` seconds is left, and its
  connection with it;
- while another exception is on its way, or `undisturbed`: what cleans up would be cut off.

A run that has begun to publish is `decided`: it goes on to its end, so that what was published is told as published.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from datetime import timedelta
from types import FrameType

from skewless.ground.run.steps import current_step
from skewless.ground.standard_output import tell

SIGNALS = (signal.SIGTERM, signal.SIGINT)
EVERY = 0.2
"""Seconds between two tries to end the work."""
GRACE = 20.0
"""Seconds for which a call into the JVM is waited for once it was to end: half of what most schedulers wait."""
MOST_SIGNALS = 2
"""So many are a stop, since some send one to the process and one to its group; the next ends the process as it is."""


class Stopped(KeyboardInterrupt):
    """The run is to end. A KeyboardInterrupt, which libraries, and our own code around feature functions, let pass."""


class Stop:
    """Whether a run is to be stopped, by what, and at which step it was then."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.step: str | None = None
        self.stands = "nothing is published"
        self.is_decided = False
        self._signals = 0
        self._since = 0.0
        self._held = 0
        self._is_again = False
        self._asked, self._over = threading.Event(), threading.Event()
        self._main = threading.get_ident()
        self._cancel: Callable[[], object] = lambda: None
        self._leave_call: Callable[[], object] = lambda: None

    def listen(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._on_signal)

    def watch(self, timeout: timedelta | None) -> None:
        """Wait for the stop, in a thread of its own, and then press for it until the run is over."""
        if not self._asked.wait(None if timeout is None else timeout.total_seconds()):
            self._ask("--timeout")
        if not self._over.is_set():
            tell(f"to be stopped by {self.reason}: what was begun is cancelled and removed")
        while not self._over.is_set():
            # A real signal, which ends the waiting for a socket or a process; it is told from others by the flag.
            self._is_again = True
            signal.pthread_kill(self._main, signal.SIGTERM)
            if self._may_be_cut:
                with suppress(Exception):  # whatever Py4J raises, such as of a JVM that is gone
                    self._cancel()
            self._over.wait(EVERY)

    def over(self) -> None:
        """The command has ended, by itself or not: what is left to do is to say so."""
        self._held += 1

    def end(self) -> None:
        self._over.set()
        self._asked.set()

    def work_with(self, cancel: Callable[[], object], leave_call: Callable[[], object]) -> None:
        self._cancel, self._leave_call = cancel, leave_call
        self.listen()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1

    def refuse_if_asked(self) -> None:
        if self.reason is not None:
            raise Stopped(self.reason)

    @property
    def is_due(self) -> bool:
        """Whether what ends the command now is the stop, and not what it has done."""
        return self.reason is not None and not self.is_decided

    @property
    def _may_be_cut(self) -> bool:
        return not self._held and not self.is_decided

    def _ask(self, reason: str) -> None:
        if self.reason is None:
            self._since = time.monotonic()
            self.reason = reason
        self._asked.set()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._is_again:
            self._is_again = False
        else:
            self._signals += 1
            self._ask(signal.Signals(number).name)
        if self._signals > MOST_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        self.step = self.step or current_step()  # here, in the thread that knows it, before it is left
        if not self._may_be_cut or sys.exc_info()[1] is not None:
            return
        if _is_in_the_jvm(frame):
            if time.monotonic() - self._since < GRACE:
                return
            self._leave_call()
        raise Stopped(self.reason)


# Of the thread that runs the command: what others do, such as the batches of a stream, ends with Spark's jobs.
_RUN: ContextVar[Stop | None] = ContextVar("stop of this run", default=None)


@contextmanager
def stoppable(timeout: timedelta | None = None) -> Iterator[Stop]:
    """Let what is done inside be stopped by SIGTERM, by SIGINT and after `timeout`; what signals did before, they do
    again afterwards.

    Only a process's main thread gets signals: in any other nothing is installed, and `timeout` is without effect.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    watching = threading.Thread(target=stop.watch, args=(timeout,), name="skewless stop", daemon=True)
    stop.listen()
    watching.start()
    outer = _RUN.set(stop)
    try:
        yield stop
    finally:
        stop.over()
        stop.end()
        watching.join()  # before the signals are given back: its own would end the process
        for number, handler in before.items():
            # None is a handler that was not set from Python, and cannot be set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        _RUN.reset(outer)


def work_with_spark(cancel: Callable[[], object], leave_call: Callable[[], object]) -> None:
    """There is a Spark session now: how its jobs are cancelled, and how a call into its JVM is left unanswered.

    pyspark has its own handler of SIGINT from now on, which calls into the JVM while a call is under way: it is taken
    away again.
    """
    if stop := _RUN.get():
        stop.work_with(cancel, leave_call)


@contextmanager
def undisturbed() -> Iterator[None]:
    """What is done inside is done whole, whoever wants to stop the run meanwhile."""
    with nullcontext() if (stop := _RUN.get()) is None else stop.undisturbed():
        yield


def decide() -> None:
    """The run is about to publish, or to keep what it refuses: from here on it is not stopped, before it is.

    Not cut off within a commit, and then asked what became of it: who is stopped has to know, and the answer may be
    what is cut off.
    """
    if stop := _RUN.get():
        stop.refuse_if_asked()
        stop.is_decided = True


def decide_anew() -> None:
    """Another piece of the run begins, which can be stopped; a stop that came too late for the one before is due."""
    if stop := _RUN.get():
        stop.is_decided = False
        stop.refuse_if_asked()


def note_what_stands(after_a_stop: str) -> None:
    """Say this, where the run is stopped, in place of that nothing is published."""
    if stop := _RUN.get():
        stop.stands = after_a_stop


def _is_in_the_jvm(frame: FrameType | None) -> bool:
    """By the files of the code that is running, since Py4J says nothing of it, and this floor knows no Py4J."""
    while frame is not None:
        if "/py4j/" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False
