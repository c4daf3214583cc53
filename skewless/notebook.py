"""`skewless.build` and `skewless.reconcile`: the commands as functions, whose results a notebook shows as reports."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from html import escape
from typing import TYPE_CHECKING, Any, cast

from skewless.ground.errors import InputError
from skewless.ground.run.json_text import as_json
from skewless.ground.run.steps import steps_of_this_run
from skewless.lake.feature_places import with_feature_places
from skewless.lake.watched import watchers
from skewless.runs.execution import ALERT, Result, Run, not_installed
from skewless.runs.published.loading.moments import moment_of
from skewless.serving.errors import kind_of
from skewless.serving.store.nested import instant_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Moment = datetime | date | str

HEIGHT = 640
"""Of a report in a notebook, in pixels: it scrolls inside."""


class RunResult:
    """What a run found. In a notebook it shows the HTML report, as text the command's summary.

    `exit_code` is what the command ends with: 0, 3 for a build that was refused, 4 for an alert.
    """

    def __init__(self, result: Result) -> None:
        self._result = result
        self.exit_code = result.exit_code

    def to_dict(self) -> dict[str, Any]:
        """The object that the command prints with `--json`: NaN is None, a time ISO text."""
        return cast(dict[str, Any], json.loads(as_json(self._result.document)))

    @property
    def html(self) -> str:
        """The report as one HTML document, as `--report` writes it."""
        return self._result.page

    def __repr__(self) -> str:
        return self._result.text

    def _repr_html_(self) -> str:
        # A frame, since the report is a whole page whose style is not the notebook's. Its scripts sort and filter, and
        # reach nothing outside of it: without `allow-same-origin` a frame has no origin.
        return (
            f'<iframe sandbox="allow-scripts" title="skewless" width="100%" height="{HEIGHT}" style="border:0" '
            f'srcdoc="{escape(self.html)}"></iframe>'
        )


class BuildResult(RunResult):
    """A build: its `status` is `published`, `unchanged` or `rejected`."""

    @property
    def status(self) -> str:
        return str(self._result.document["status"])

    @property
    def version(self) -> int | None:
        """The Delta version, the standing one where nothing changed; None of a build that was refused."""
        return cast("int | None", self._result.document["version"])

    @property
    def rows(self) -> int:
        return int(self._result.document["rows"])

    @property
    def columns(self) -> Sequence[str]:
        return tuple(self._result.document["columns"])

    @property
    def rejected_path(self) -> str | None:
        """Where the rows of a build that was refused are kept."""
        return cast("str | None", self._result.document["rejected_path"])


class ReconcileResult(RunResult):
    """A log held against its training set; `features` has for each what `--json` says of it."""

    @property
    def is_alert(self) -> bool:
        return self.exit_code == ALERT

    @property
    def rows(self) -> int:
        return int(self._result.document["rows"])

    @property
    def features(self) -> Mapping[str, Mapping[str, Any]]:
        return cast(Mapping[str, Mapping[str, Any]], self.to_dict()["features"])


def build(  # noqa: PLR0913  (each a keyword that stands for one option of the command)
    name: str,
    *,
    date: date | str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    as_of: Moment | None = None,
    allow_empty: bool = False,
    allow_mixed: bool = False,
    report: str | os.PathLike[str] | None = None,
    conf_dir: str | os.PathLike[str] = "conf",
    settings: Mapping[str, str] | None = None,
    spark: SparkSession | None = None,
) -> BuildResult:
    """Build and publish a training set, as `skewless build` does, with what its columns are like in the report.

    `start` and `end` bound T, half-open, `date` is one UTC day; datetimes (naive ones are UTC), dates or ISO texts.
    `as_of` is by default now. `settings` are what `--set` gives, `report` is written too. The session is `spark`, else
    the active one, else a local one.

    Rows that the suite or the parity audit refuses are no exception: `status` is then `rejected`, and the report begins
    with why. Errors: InputError, a line a problem, for what the command ends with 2, NotReadyError and
    PublishConflictError (`skewless.ground.errors`) for 5, MachineError for a full disk or a lost JVM.
    """
    run = _run("build", name, conf_dir, settings, spark)
    problems: list[str] = []
    since, until = _range(date, start, end, problems)
    known_by = _moment("as_of", as_of, problems) or datetime.now(timezone.utc)
    place = _path("report", report, problems)
    if problems:
        raise InputError(problems)

    def command() -> Result:
        from skewless.runs.build.command import build_training_set

        allowed = {"allow_empty": allow_empty, "allow_mixed": allow_mixed}
        return build_training_set(run, name, since, until, known_by, place, show_rows=True, **allowed)

    return BuildResult(_done(run, command))


def reconcile(  # noqa: PLR0913  (each a keyword that stands for one option of the command)
    name: str,
    log: str,
    *,
    date: date | str | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    verbose: bool = False,
    report: str | os.PathLike[str] | None = None,
    conf_dir: str | os.PathLike[str] = "conf",
    settings: Mapping[str, str] | None = None,
    spark: SparkSession | None = None,
) -> ReconcileResult:
    """Hold what serving logged against what training computes, as `skewless reconcile` does.

    `log` is a table of ingest-log, or a name in `conf/logs`. The other arguments are those of `build`. A feature that
    differs more often than is allowed is no exception: `is_alert` is true then. Errors: as of `build`.
    """
    run = _run("reconcile", name, conf_dir, settings, spark)
    problems: list[str] = []
    if not isinstance(log, str):
        problems.append(f"log: expected a table or a name in conf/logs, found {kind_of(log)}")
    since, until = _range(date, start, end, problems)
    place = _path("report", report, problems)
    if problems:
        raise InputError(problems)

    def command() -> Result:
        from skewless.runs.watch.reconcile.command import reconcile_feature_log

        return reconcile_feature_log(run, name, log, since, until, place, verbose=verbose)

    return ReconcileResult(_done(run, command))


@dataclass(frozen=True)
class _Called(Run):
    """A run that was called from Python: in the caller's session, whose log it leaves as it is."""

    session: SparkSession | None = None

    def spark(self) -> SparkSession:
        from skewless.lake.jvm.callers import refuse_session
        from skewless.lake.session import get_spark

        if self.session is None:
            return get_spark("skewless")
        refuse_session(self.session)
        return self.session


def _run(command: str, name: Any, conf_dir: Any, settings: Any, spark: SparkSession | None) -> _Called:
    problems: list[str] = []
    if not isinstance(name, str):
        problems.append(f"name: expected a training set's name, found {kind_of(name)}")
    if settings is not None and not isinstance(settings, Mapping):
        problems.append(
            f"settings: expected a dict of text by name, as --set gives it, found {kind_of(settings)}"
        )
    place = _path("conf_dir", conf_dir, problems)
    if problems or place is None:
        raise InputError(problems or "conf_dir: expected a path, found None")
    pairs = tuple(f"{key}={value}" for key, value in (settings or {}).items())
    return _Called(
        place, pairs, False, None, command=command, training_set=name, shows_page=True, session=spark
    )


def _done(run: Run, command: Callable[[], Result]) -> Result:
    """What a command gives, and its failures as they are told, by the errors that its exit codes stand for."""
    with steps_of_this_run(*watchers(run.log_format, run.about)), with_feature_places(run.conf_dir):
        try:
            return command()
        except ModuleNotFoundError as error:
            raise InputError(not_installed(error)) from error
        except Exception as error:
            from skewless.lake.failures import plainly

            plain = plainly(error)
            if plain is None or plain is error:
                raise
            raise plain from error


def _range(day: Any, start: Any, end: Any, problems: list[str]) -> tuple[datetime | None, datetime | None]:
    first, last = _moment("start", start, problems), _moment("end", end, problems)
    whole = _moment("date", day, problems)
    if whole is not None:
        if first is not None or last is not None:
            problems.append("date is one whole day; give either date, or start and end")
        if whole.time() != datetime.min.time():
            problems.append(f"date: expected a UTC day, found {whole.isoformat()}")
        return whole, whole + timedelta(days=1)
    if first is not None and last is not None and first >= last:
        problems.append(f"start {first.isoformat()} is not before end {last.isoformat()}")
    return first, last


def _moment(name: str, given: Any, problems: list[str]) -> datetime | None:
    found = moment_of(name, given, problems)
    return None if found is None else instant_of(found)


def _path(name: str, given: Any, problems: list[str]) -> str | None:
    if given is None:
        return None
    try:
        return os.fsdecode(given)
    except TypeError:
        problems.append(f"{name}: expected a path, found {kind_of(given)}")
        return None
