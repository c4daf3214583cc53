"""The sides of a case in turn: results held against ours in the round to warm up, then what each round takes."""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from pyspark.sql import SparkSession

from bench.asof.cases import FLOOR, IN_ONE_PROCESS, OURS
from bench.asof.data import Data
from bench.asof.late import refuse_other_winners
from bench.asof.one_process import taken_aside
from bench.asof.patience import Stopped, within
from bench.asof.sides import MADE, floor
from bench.measure import Taken, exchanges, taken_by
from skewless.lake.jvm.lost_jvm import jvm_is_lost
from skewless.lake.session import cancel_jobs
from skewless.parts.publish.checksum import checksum


@dataclass
class Measured:
    """A side of a case: its runs, or after how many seconds it was stopped, or why it has no time."""

    runs: list[Taken] = field(default_factory=list)
    exchanges: int | None = None
    shuffled: int | None = None
    stopped: float | None = None
    failed: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Measured:
        return cls(**{**document, "runs": [Taken(**each) for each in document["runs"]]})


class OtherResultError(Exception):
    """A side's result is not that of the others."""


class Trial:
    """The data of a case, and the result that all sides have to have: that of the first one."""

    def __init__(self, data: Data, patience: float) -> None:
        self.data = data
        self._patience = min(patience, data.case.patience or patience)
        self.found: dict[str, Measured] = {}
        self._expected: str | None = None

    def run(self, sides: Sequence[str], rounds: int) -> dict[str, Measured]:
        """What each side takes, round by round."""
        self.found = {side: Measured() for side in sides}
        for place in range(rounds + 1):
            for side, measured in self.found.items():
                if measured.stopped is None and measured.failed is None:
                    self._run(side, measured, is_warming=not place)
        return self.found

    def _run(self, side: str, measured: Measured, *, is_warming: bool) -> None:
        begin = time.monotonic()
        try:
            if is_warming:
                self._warm(side, measured)
            else:
                self._take(side, measured)
        except Stopped as stopped:
            measured.stopped, measured.runs = stopped.seconds, []
        # Whatever a peer fails with is told in its row: the others' hours are not to be lost by it.
        except Exception as error:
            if jvm_is_lost():
                raise
            measured.failed, measured.runs = f"{type(error).__name__}: {error}".splitlines()[0][:300], []
        told = measured.failed or f"{time.monotonic() - begin:.1f} s{' to warm up' if is_warming else ''}"
        print(f"{self.data.case.name} {side}: {told}", file=sys.stderr, flush=True)
        _settle(self.data.spark)

    def _warm(self, side: str, measured: Measured) -> None:
        """Compile, fill the file cache, and compare the result."""
        if side == FLOOR:
            within(math.inf, partial(floor, self.data), cancel_jobs)
        elif side in IN_ONE_PROCESS:
            self._compare(self._aside(side))
        else:
            looked_at = partial(self._looked_at, side)
            result, measured.exchanges = within(self._patience_with(side), looked_at, cancel_jobs)
            self._compare(result)

    def _looked_at(self, side: str) -> tuple[str, int]:
        frame = MADE[side](self.data).select(*self.data.case.result_columns)
        if self.data.case.late:
            refuse_other_winners(self.data, frame)
        return checksum(frame), exchanges(frame)

    def _aside(self, side: str) -> str:
        """The checksum of what one process made."""
        file = self.data.place / f"{side}.parquet"
        taken_aside(side, self.data.place, self.data.case, self._patience, file)
        result = checksum(self.data.spark.read.parquet(str(file)).select(*self.data.case.result_columns))
        file.unlink()
        return result

    def _patience_with(self, side: str) -> float:
        """Peers alone are stopped: what ours takes is what is asked, however long."""
        return math.inf if side in (OURS, FLOOR) else self._patience

    def _compare(self, result: str) -> None:
        self._expected = self._expected or result
        if result != self._expected:
            raise OtherResultError(
                f"its result is {result}, that of {next(iter(self.found))} {self._expected}"
            )

    def _take(self, side: str, measured: Measured) -> None:
        if side in IN_ONE_PROCESS:
            taken = taken_aside(side, self.data.place, self.data.case, self._patience, None)
        else:
            before = _shuffled(self.data.spark)
            run = partial(floor, self.data) if side == FLOOR else partial(self._sum, side)
            taken = within(self._patience_with(side), lambda: taken_by(run), cancel_jobs)
            measured.shuffled = _shuffled(self.data.spark) - before
        measured.runs.append(taken)

    def _sum(self, side: str) -> None:
        checksum(MADE[side](self.data).select(*self.data.case.result_columns))


def _executors(spark: SparkSession) -> list[Any]:
    context: Any = spark.sparkContext._jsc
    context.sc().listenerBus().waitUntilEmpty()
    listed = context.sc().statusStore().executorList(True)
    return [listed.apply(place) for place in range(listed.size())]


def _shuffled(spark: SparkSession) -> int:
    """Bytes that tasks have written for exchanges so far."""
    return sum(int(executor.totalShuffleWrite()) for executor in _executors(spark))


def _settle(spark: SparkSession) -> None:
    """Wait for tasks of a job that was stopped, and let Spark remove the files of exchanges that nobody reads any more.

    It removes them when the JVM collects what stands for them; what Python still holds stands in its way.
    """
    gc.collect()
    jvm: Any = spark._jvm
    jvm.java.lang.System.gc()
    deadline = time.monotonic() + 120
    while sum(executor.activeTasks() for executor in _executors(spark)) and time.monotonic() < deadline:
        time.sleep(0.5)
