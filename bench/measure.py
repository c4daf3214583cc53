"""What a run takes beside seconds: processor time and peak memory of this process and all below it; exchanges."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame

TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Taken:
    """One run: seconds on the wall and of processors, and the most memory of the JVM and of all Python workers."""

    seconds: float
    cpu: float
    jvm: int
    workers: int


def taken_by(run: Callable[[], object]) -> Taken:
    """What a run takes. On a machine shared with other work processor time says more than the wall's.

    Processes that start and end inside the run are counted with those that waited for them. Of Python workers those
    are looked at that worked: others wait for a while after the run before.
    """
    peaks = {"java": 0, "python": 0}
    is_over = threading.Event()
    before = {process.pid: process.cpu for process in _below(os.getpid())}

    def watch() -> None:
        while not is_over.wait(0.2):
            now = {"java": 0, "python": 0}
            for process in _below(os.getpid()):
                if process.name == "java":
                    now["java"] += process.memory
                elif process.cpu > before.get(process.pid, 0):
                    now["python"] += process.memory
            peaks.update({name: max(peaks[name], now[name]) for name in peaks})

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    begin, cpu = time.monotonic(), _cpu()
    try:
        run()
        found = time.monotonic() - begin, _cpu() - cpu
    finally:
        is_over.set()
        watcher.join()
    return Taken(*found, peaks["java"], peaks["python"])


def exchanges(frame: DataFrame) -> int:
    """The exchanges of the plan that would run."""
    text = str(frame._jdf.queryExecution().executedPlan().toString())
    return len(re.findall(r"\bExchange\b", text))


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    name: str
    cpu: float
    memory: int


def _processes() -> Iterator[_Process]:
    for place in _PROC.iterdir():
        if place.name.isdigit():
            try:
                name, _, rest = (place / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:  # it has ended
                continue
            fields = rest.split()
            cpu = sum(map(int, fields[11:15])) / TICKS
            yield _Process(
                int(place.name), int(fields[1]), name, cpu, int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
            )


def _below(root: int) -> list[_Process]:
    known = {process.pid: process for process in _processes()}
    found = {root}
    while grown := {each.pid for each in known.values() if each.parent in found} - found:
        found |= grown
    return [known[pid] for pid in found if pid in known and pid != root]


def _cpu() -> float:
    own = os.times()
    return own.user + own.system + sum(process.cpu for process in _below(os.getpid()))
