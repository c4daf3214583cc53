"""Feature functions that end the process which runs them, or keep it for ever, as an input says."""

from __future__ import annotations

import itertools
import os
import sys

from skewless import feature


def twice(facts__v: float) -> float:
    return facts__v * 2


@feature(on_error="null")
def fate(twice: float, facts__how: str) -> float:
    if facts__how == "exit":
        sys.exit(3)
    if facts__how == "leave":
        os._exit(0)
    if facts__how == "abort":
        os.abort()
    if facts__how == "interrupt":
        raise KeyboardInterrupt
    if facts__how == "loop":
        while True:
            pass
    if facts__how == "hoard":
        bytearray(1 << 60)
    if facts__how == "serving" and "pyspark" not in sys.modules:
        os.abort()
    if facts__how == "serving for ever" and "pyspark" not in sys.modules:
        sum(itertools.repeat(0))
    return twice
