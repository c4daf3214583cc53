"""A run as others watch it: lines for a person or a machine, its jobs in Spark's UI, its metrics in a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from skewless.ground.run.lines import lines_as
from skewless.ground.run.steps import Listener
from skewless.lake.watched.jobs import jobs_of


def watchers(log_format: str | None, about: Mapping[str, str]) -> tuple[Listener, ...]:
    """Who is told of a run's steps; lines come where a format is asked for, and on a terminal."""
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    asked = log_format or ("text" if is_terminal else None)
    lines = [lines_as(asked, about)] if asked else []
    return (*lines, jobs_of(" ".join(filter(None, ["skewless", *about.values()]))))
