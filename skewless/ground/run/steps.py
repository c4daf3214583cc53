"""The steps that a run goes through, one after the other: which one it is at, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TypedDict

from skewless.ground.run.datasets import Dataset

_DONE = "skewless_was_doing"


class StepSeconds(TypedDict):
    """How long a step took, all times that it was taken."""

    step: str
    seconds: float


class WrittenSteps(TypedDict):
    """What a run has done until now, as JSON has it: when it began, and how long it and each of its steps took."""

    started_at: str
    seconds: float
    steps: list[StepSeconds]


class SparkOfRun(TypedDict):
    """The Spark that a run was on, and what its own log and UI know the run by."""

    version: str
    application_id: str


class WrittenRun(WrittenSteps):
    """The same until `ended_at`, and on which Spark."""

    ended_at: str
    spark: SparkOfRun


@dataclass
class Step:
    """A step that is being taken, or was; `rows` where whoever takes it knows how many it is about."""

    name: str
    run: Steps
    rows: int | None = None
    begun: float = field(default_factory=time.monotonic)
    ended: float | None = None

    @property
    def seconds(self) -> float:
        return (time.monotonic() if self.ended is None else self.ended) - self.begun


Listener = Callable[[Step], AbstractContextManager[None]]
"""What is entered before a step is taken, and left when it is over."""


@dataclass
class Steps:
    """What a run has done so far: the seconds of each step, in the order in which they were begun.

    `run_id` is None until the run has one; `whole` is the run that this one is a piece of; `datasets` are what was read
    and written, each once, in the order in which they were met.
    """

    listeners: tuple[Listener, ...] = ()
    whole: Steps | None = None
    started_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    begun: float = field(default_factory=time.monotonic)
    seconds: dict[str, float] = field(default_factory=dict)
    current: str | None = None
    run_id: str | None = None
    datasets: dict[tuple[str, bool], Dataset] = field(default_factory=dict)

    def to_json(self) -> WrittenSteps:
        return {
            "started_at": self.started_at.isoformat(),
            "seconds": round(time.monotonic() - self.begun, 3),
            "steps": [{"step": name, "seconds": round(taken, 3)} for name, taken in self.seconds.items()],
        }

    def known_as(self, run_id: str) -> str:
        """Give the run its id, which is in each line of it from here on; the id itself."""
        self.run_id = run_id
        return run_id

    def touches(self, dataset: Dataset) -> None:
        """Note what the run reads or writes; the same place again, as by each piece, is noted as it was met last."""
        for each in self.with_whole():
            each.datasets[dataset.uri, dataset.is_output] = dataset

    def with_whole(self) -> Iterator[Steps]:
        """Itself, then what it is a piece of."""
        yield self
        if self.whole is not None:
            yield from self.whole.with_whole()


_RUN: ContextVar[Steps | None] = ContextVar("steps of this run", default=None)


@contextmanager
def steps_of_this_run(*listeners: Listener) -> Iterator[Steps]:
    """Note what `step` is told inside, also when it fails, and let the listeners know.

    Within another run it is a piece of that one, which notes its steps too.
    """
    steps = Steps(listeners, whole=_RUN.get())
    before = _RUN.set(steps)
    try:
        yield steps
    finally:
        _RUN.reset(before)


def this_run() -> Steps:
    """What is noted of the run, or piece, so far; nothing yet outside of any."""
    return _RUN.get() or Steps()


@contextmanager
def step(name: str) -> Iterator[Step]:
    """What is done inside is the step of this name; a step that is taken again, as by each piece, adds up.

    Steps hold no other steps. The one that fails stays the current one, so that whoever stops or fails can name it, and
    the error says it too.
    """
    run = this_run()
    runs = list(run.with_whole())
    for each in runs:
        each.current = name
        each.seconds.setdefault(name, 0.0)
    with doing(name), ExitStack() as around:
        taken = Step(name, run)
        for listener in (listener for each in runs for listener in each.listeners):
            around.enter_context(listener(taken))
        try:
            yield taken
        finally:
            taken.ended = time.monotonic()
            for each in runs:
                each.seconds[name] += taken.seconds


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Let whatever fails inside say what was being done then; `what_was_done` has it."""
    try:
        yield
    except Exception as error:
        error.__dict__.setdefault(_DONE, what)  # the innermost says it best
        raise


def what_was_done(error: BaseException) -> str | None:
    return error.__dict__.get(_DONE)


def current_step() -> str | None:
    """The step that the run is at, or failed in; None where none was begun."""
    return this_run().current
