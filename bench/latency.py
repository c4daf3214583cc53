"""How long single calls take: the median over rounds of each round's percentiles."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any


def latencies(
    call: Callable[[Any], object], arguments: Sequence[Any], rounds: int, calls: int
) -> dict[str, float]:
    """p50 and p99 in microseconds of `calls` calls a round, over the arguments in turn."""
    p50, p99 = [], []
    for _ in range(rounds):
        taken = sorted(_one_round(call, arguments, calls))
        p50.append(taken[len(taken) // 2] / 1e3)
        p99.append(taken[len(taken) * 99 // 100] / 1e3)
    return {"p50": statistics.median(p50), "p99": statistics.median(p99)}


def _one_round(call: Callable[[Any], object], arguments: Sequence[Any], calls: int) -> list[int]:
    clock = time.perf_counter_ns
    taken = []
    for place in range(calls):
        argument = arguments[place % len(arguments)]
        begin = clock()
        call(argument)
        taken.append(clock() - begin)
    return taken
