"""`skewless.load`: a published training set without Spark."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from skewless.ground.errors import InputError
from skewless.ground.names import collisions
from skewless.runs.published.loading.moments import moment_of
from skewless.serving.errors import kind_of

if TYPE_CHECKING:
    from skewless.runs.published.loading.loaded import LoadedTrainingSet


def load(
    training_set: str | os.PathLike[str],
    version: int | None = None,
    start: datetime | date | str | None = None,
    end: datetime | date | str | None = None,
    columns: Sequence[str] | None = None,
    conf_dir: str | os.PathLike[str] = "conf",
) -> LoadedTrainingSet:
    """A published training set, read without Spark: its rows, its manifest, and which columns are what.

    `training_set` is a name in `conf_dir`, where `${NAME}` is taken from the environment, or the path of a published
    table: a text with `/` or `:` in it, or a path object. `version` is a Delta version that a build made, by default
    what stands. `start` and `end` bound T, half-open: datetimes (naive ones are UTC), dates or ISO texts. `columns` are
    given in this order; by default all. The table, its manifest and the arguments are read now, rows when asked for.

    Rows without a T are in no range.

    Errors: InputError, a line a problem: no such training set or version, a table that is none of skewless, an unknown
    column, a package that is not installed.

        flights = load("flight_delay", start="2013-01-01")
        flights.to_pandas()[flights.features]
    """
    problems = list(_wrong_kinds(training_set, version, columns, conf_dir))
    since, until = moment_of("start", start, problems), moment_of("end", end, problems)
    if since is not None and until is not None and since >= until:
        problems.append(f"start {start} is not before end {end}")
    if problems:
        raise InputError(problems)
    try:
        from skewless.runs.published.loading.opening import opened

        return opened(training_set, version, (since, until), columns, conf_dir)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise InputError(f"load: {package} is not installed; pip install 'skewless[read]'") from error


def _wrong_kinds(training_set: Any, version: Any, columns: Any, conf_dir: Any) -> Iterator[str]:
    """Arguments that are not of their kind, a line each."""
    if not isinstance(training_set, (str, os.PathLike)):
        yield f"training_set: expected a name or a path, found {kind_of(training_set)}"
    if not isinstance(conf_dir, (str, os.PathLike)):
        yield f"conf_dir: expected a path, found {kind_of(conf_dir)}"
    if version is not None and (type(version) is not int or version < 0):
        yield f"version: expected the number of a version, found {version!r}"
    if columns is None:
        return
    if isinstance(columns, str) or not isinstance(columns, Iterable):
        yield f"columns: expected a list of names, found {kind_of(columns)}"
    elif not columns or not all(isinstance(each, str) for each in columns):
        yield f"columns: expected names of columns, found {list(columns)}; leave it out for all"
    elif repeated := collisions(columns):
        yield f"columns: {', '.join(repeated)} given twice; remove one"
