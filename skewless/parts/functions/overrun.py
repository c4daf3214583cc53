"""A call of a feature function that does not come back is ended where it stands, by the clock of its own process."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pyspark.sql import SparkSession

from skewless.config.durations import parse
from skewless.ground.errors import InputError
from skewless.serving.sets.evaluation import CALLERS
from skewless.serving.sets.last_call import LONGEST_CALL

SETTING = "spark.skewless.longestCall"
"""The Spark setting of how long one call of one feature function may take, a duration."""

_LOOKS = 10


def longest_call(spark: SparkSession) -> float:
    """The seconds that the session lets one call take. InputError where the setting is no duration."""
    text = spark.conf.get(SETTING, None)
    if text is None:
        return LONGEST_CALL
    try:
        return parse(text).total_seconds()
    except ValueError as error:
        raise InputError(f"{SETTING}: {error}") from error


class Overrun(BaseException):
    """Raised in a function that takes too long; no Exception, which the function may catch and go on."""


class _Watch:
    """Which call was under way when the clock was last looked at, and since when."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._call: FrameType | None = None
        self._since = 0.0

    def look(self, _signal: int, frame: FrameType | None) -> None:
        call = frame
        while call is not None and (call.f_back is None or call.f_back.f_code not in CALLERS):
            call = call.f_back
        now = time.monotonic()
        if call is not self._call:
            self._call, self._since = call, now
        elif call is not None and now - self._since >= self._longest:
            raise Overrun(f"did not come back within {self._longest:g} s ({SETTING})")


@contextmanager
def limited(longest: float) -> Iterator[None]:
    """Let no call of a feature function take longer than so many seconds, for as long as this lasts.

    It is ended by a signal, which loops in Python and regular expressions see, and C code that looks at no signal does
    not. Only a process's main thread gets signals; in any other, calls are not limited.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.signal(signal.SIGALRM, _Watch(longest).look)
    signal.setitimer(signal.ITIMER_REAL, longest / _LOOKS, longest / _LOOKS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
