"""How a command runs, whatever it does: its options, its result, its one-line failures and its exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.config import ConfFiles, Configuration, LocalFiles, is_location, load
from skewless.config.documents import Variables, substitute
from skewless.ground.errors import InputError, SkewlessError
from skewless.ground.run.json_text import as_json
from skewless.ground.run.steps import Steps, step, steps_of_this_run, what_was_done
from skewless.ground.run.stops import Stop, stoppable, work_with_spark
from skewless.ground.standard_output import kept_for_the_result, say, tell
from skewless.lake.feature_places import with_feature_places
from skewless.lake.storage import RemoteFiles, is_local, local_path, write_text
from skewless.lake.watched import watchers
from skewless.lake.watched.lineage import Lineage
from skewless.lake.watched.metrics_file import write_metrics

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DONE, UNEXPECTED, BAD_INPUT, REFUSED, ALERT, NOT_READY, STOPPED = range(7)
WITH_JSON = (DONE, REFUSED, ALERT)
WORST_FIRST = (UNEXPECTED, BAD_INPUT, REFUSED, NOT_READY, ALERT, DONE)


@dataclass(frozen=True)
class Result:
    """What a command gives: the `--json` object, the text for a person, the exit code, and its report if asked for."""

    document: Mapping[str, Any]
    text: str
    exit_code: int = DONE
    page: str = ""


@dataclass(frozen=True)
class Run:
    """The options that every command takes, its name, and that of its training set where it is about one.

    `shows_page` asks for the report of whoever shows it, whether or not it is written to a file.
    """

    conf_dir: str
    settings: tuple[str, ...]
    as_json: bool
    result_uri: str | None
    timeout: timedelta | None = None
    log_format: str | None = None
    metrics_uri: str | None = None
    command: str = ""
    training_set: str = ""
    shows_page: bool = False

    @property
    def about(self) -> dict[str, str]:
        """What lines and metrics say of every run."""
        return {"command": self.command, "training_set": self.training_set}

    def configuration(self) -> Configuration:
        files = self._files()
        with step("reading the configuration"):
            return load(files, self._variables(), os.environ)

    def resolved(self, text: str) -> str:
        """The text with `${NAME}` replaced as in the configuration."""
        found, wrong = substitute(text, Variables(self._variables(), os.environ))
        if wrong:
            raise InputError(f"'{text}': {problem}" for problem in wrong)
        return found

    def spark(self) -> SparkSession:
        from skewless.lake.session import cancel_jobs, get_spark, hush_query_errors, leave_call

        hush_query_errors()
        spark = get_spark("skewless")
        work_with_spark(cancel_jobs, leave_call)
        return spark

    def _files(self) -> ConfFiles:
        if is_local(self.conf_dir):
            return LocalFiles(local_path(self.conf_dir))
        return RemoteFiles(self.conf_dir, self.spark())

    def _variables(self) -> dict[str, str]:
        pairs = [setting.partition("=") for setting in self.settings]
        wrong = [name for name, separator, _ in pairs if not separator or not name]
        if wrong:
            raise InputError(f"--set {text}: expected NAME=VALUE" for text in wrong)
        return {name: value for name, _, value in pairs}


def execute(command: Callable[[], Result], run: Run) -> int:
    """Run a command, print and write down what it gives, and give its exit code.

    Standard output gets the summary, or with `--json` one JSON object for the exit codes 0, 3 and 4 and nothing for
    others, whatever feature code prints meanwhile. Problems go to standard error, a line each; only an unexpected
    failure shows its stack. SIGTERM, SIGINT and `--timeout` end the command as any failure does, by an exception; what
    comes after it is done whole.
    """
    with steps_of_this_run(*watchers(run.log_format, run.about)) as steps, stoppable(run.timeout) as stop:
        return _executed(command, run, steps, stop)


def _executed(command: Callable[[], Result], run: Run, steps: Steps, stop: Stop) -> int:
    problems: tuple[str, ...] = ()
    lineage = Lineage(run.about, steps)
    try:
        _refuse_no_working_directory()
        # Around the whole command: a feature module may print whenever it is imported, and `--json` promises one
        # object.
        with with_feature_places(run.conf_dir), kept_for_the_result():
            lineage.begin()
            result = command()
            stop.over()
    except (
        Exception,
        KeyboardInterrupt,
    ) as error:  # the last place that can turn a failure into an exit code
        stop.over()
        # Whatever comes of work that was cancelled, it is the stop that is told.
        if isinstance(error, KeyboardInterrupt) or stop.is_due:
            problems, exit_code = (_told_of(stop),), STOPPED
        else:
            problems, exit_code = _told(error)
        result = Result({"errors": list(problems)}, "", exit_code)
    if result.exit_code in WITH_JSON:
        said = say(as_json(result.document) if run.as_json else result.text, sys.stdout)
        if said is not None and not isinstance(
            said, BrokenPipeError
        ):  # whoever closes a pipe has read enough
            problems = (f"standard output: cannot be written: {said.strerror}",)
            result = replace(result, exit_code=result.exit_code or UNEXPECTED)
    code = result.exit_code
    lineage.end(code, problems, is_success=code in (DONE, ALERT), is_stopped=code == STOPPED)
    _write_metrics(result, run, steps)
    # Last, when nothing more can fail: whoever finds the file knows that the run is over.
    exit_code = _write_result(result, run.result_uri, run.spark)
    for line in problems:  # last, so that the last line is what the run failed of
        tell(line)
    return exit_code


def _told_of(stop: Stop) -> str:
    # Without a reason it came as Python or pyspark raise it, before our own handler was there.
    at = f" at step '{stop.step}'" if stop.step else ""
    return f"stopped by {stop.reason or 'SIGINT'}{at}: {stop.stands}"


def _told(error: Exception) -> tuple[tuple[str, ...], int]:
    """The lines and the exit code of a failure; one of which nothing is known shows its stack."""
    if isinstance(error, SkewlessError):
        return error.problems, error.exit_code
    if isinstance(error, ModuleNotFoundError):
        return (not_installed(error),), BAD_INPUT
    from skewless.lake.failures import plainly
    from skewless.lake.jvm.causes import reason_of

    if plain := plainly(error):
        return plain.problems, plain.exit_code
    say(traceback.format_exc(), sys.stderr)
    doing = what_was_done(error)
    return (": ".join(["unexpected failure", *([doing] if doing else []), reason_of(error)]),), UNEXPECTED


def _refuse_no_working_directory() -> None:
    """InputError where the working directory was removed under this process: Java does not start there."""
    try:
        Path.cwd()
    except OSError as error:
        why = f"cannot be found ({error.strerror}), it may have been removed"
        raise InputError(f"working directory: {why}; change into one that is there") from error


def worst(exit_codes: Sequence[int]) -> int:
    """What several things done in one command end with: what needs somebody comes before what a later run mends."""
    return min(exit_codes, key=WORST_FIRST.index)


def refuse_usage(message: str, arguments: Sequence[str], exit_code: int = BAD_INPUT) -> int:
    """Say in one line what is wrong with the arguments, also where `--result` asks for it."""
    line = " ".join(message.split())
    tell(f"{line}; see skewless --help" if exit_code == BAD_INPUT else line)
    result_uri, metrics_uri = (_given(option, arguments) for option in ("--result", "--metrics"))
    result = Result({"errors": [line]}, "", exit_code)
    run = Run("conf", (), False, result_uri, metrics_uri=metrics_uri, command=next(iter(arguments), ""))
    _write_metrics(result, run, Steps())
    return _write_result(result, run.result_uri, run.spark)


def _given(option: str, arguments: Sequence[str]) -> str | None:
    """What an option is given in arguments that cannot be read as a whole."""
    values = [value for name, value in pairwise(arguments) if name == option]
    values += [each.partition("=")[2] for each in arguments if each.startswith(f"{option}=")]
    return values[-1] if values else None


def not_installed(error: ModuleNotFoundError) -> str:
    """The line for a dependency that is missing; feature modules that are missing have a refusal of their own."""
    package = (error.name or "a module").partition(".")[0]
    return f"{package} is not installed; pip install 'skewless[spark]'"


def _write_result(result: Result, uri: str | None, spark: Callable[[], SparkSession]) -> int:
    if uri is None:
        return result.exit_code
    try:
        write_text(uri, as_json({**result.document, "exit_code": result.exit_code}) + "\n", spark)
    # The result's own failure must not hide the run's exit code.
    except Exception as error:  # whatever the file system raises
        from skewless.lake.jvm.causes import reason_of

        tell(f"--result {uri}: cannot be written: {reason_of(error)}")
        return result.exit_code or UNEXPECTED
    return result.exit_code


def _write_metrics(result: Result, run: Run, steps: Steps) -> None:
    if run.metrics_uri is not None:
        code, is_success = result.exit_code, result.exit_code in (DONE, ALERT)
        write_metrics(
            run.metrics_uri, run.about, steps, code, result.document, run.spark, is_success=is_success
        )


def written_report(report: str, page: str, run: Run) -> str | None:
    """Where the report is, None where it cannot be written: the build stands all the same, and this is said."""
    try:
        with step("writing the report"):
            write_text(report, page, run.spark)
    except OSError as error:
        tell(f"--report {report}: cannot be written: {error}")
        return None
    return report


def write_output(option: str, place: str, content: str | bytes, run: Run) -> None:
    """Write the file that an option names.

    Errors: InputError for a place that is none, MachineError for one that is full or may not be written.
    """
    try:
        write_text(place, content, run.spark)
    except OSError as error:
        from skewless.lake.failures import as_unwritable

        raise as_unwritable(error, f"{option} {place}: cannot be written") from error


def refuse_no_location(option: str, text: str) -> None:
    if not is_location(text):
        raise InputError(
            f"{option} '{text}' is neither a path (it would contain / or :) nor a catalog table name"
        )
