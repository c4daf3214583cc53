"""A line on standard error for each step of a run: what it was, of how many rows, and how long it took."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from threading import Event, Thread

from skewless.ground.run.steps import Listener, Step
from skewless.ground.standard_output import say

STILL = 60.0
"""After so many seconds, and again after each so many, a line says that a step is still being taken."""

_STATES = {"done": "{:.1f} s", "failed": "failed after {:.1f} s", "running": "running for {:.1f} s"}


def lines_as(log_format: str, about: Mapping[str, str]) -> Listener:
    """Tell of each step when it is over, and of one that takes long meanwhile: so what hangs can be seen.

    `log_format` is `text` or `json`, where each line is an object that also says what the run is `about`.
    """

    def tell(step: Step, state: str) -> None:
        say(_as_json(step, state, about) if log_format == "json" else _as_text(step, state), sys.stderr)

    @contextmanager
    def reported(step: Step) -> Iterator[None]:
        over = Event()
        # A thread, since the step itself may wait in the JVM for an hour.
        Thread(target=_tell_of_a_long_one, args=(tell, step, over), daemon=True).start()
        state = "failed"
        try:
            yield
            state = "done"
        finally:
            over.set()
            tell(step, state)

    return reported


def _tell_of_a_long_one(tell: Callable[[Step, str], None], step: Step, over: Event) -> None:
    while not over.wait(STILL):
        tell(step, "running")


def _as_text(step: Step, state: str) -> str:
    rows = "" if step.rows is None else f"{step.rows:,} rows, "
    return f"{_now()} {step.run.run_id or '-'} {step.name}: {rows}{_STATES[state].format(step.seconds)}"


def _as_json(step: Step, state: str, about: Mapping[str, str]) -> str:
    return json.dumps(
        {
            "time": _now(),
            **about,
            "run_id": step.run.run_id,
            "step": step.name,
            "state": state,
            "rows": step.rows,
            "seconds": round(step.seconds, 3),
        }
    )


def _now() -> str:
    return f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"
