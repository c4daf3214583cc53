"""The steps that a run goes through, one after the other: which one it is at, and how long each took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Steps:
    """What a run has done so far: the seconds of each step, in the order in which they were begun."""

    seconds: dict[str, float] = field(default_factory=dict)
    current: str | None = None


_RUN: ContextVar[Steps | None] = ContextVar("steps of this run", default=None)


@contextmanager
def steps_of_this_run() -> Iterator[Steps]:
    """Note what `step` is told inside, also when it fails."""
    steps = Steps()
    before = _RUN.set(steps)
    try:
        yield steps
    finally:
        _RUN.reset(before)


@contextmanager
def step(name: str) -> Iterator[None]:
    """What is done inside is the step of this name; a step that is taken again, as by each piece, adds up.

    The step that fails stays the current one, so that whoever stops or fails can name it.
    """
    steps = _RUN.get()
    if steps is None:
        yield
        return
    steps.current = name
    begun = time.monotonic()
    try:
        yield
    finally:
        steps.seconds[name] = steps.seconds.get(name, 0.0) + time.monotonic() - begun


def current_step() -> str | None:
    """The step that the run is at, or failed in; None where none was begun."""
    steps = _RUN.get()
    return None if steps is None else steps.current
