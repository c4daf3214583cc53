"""How a command runs, whatever it does: its options, its result, its one-line failures and its exit code."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.config import ConfFiles, Configuration, LocalFiles, is_location, load
from skewless.ground.errors import InputError, SkewlessError, what_was_done
from skewless.ground.standard_output import kept_for_the_result, say, tell
from skewless.lake.feature_places import with_feature_places
from skewless.lake.storage import RemoteFiles, is_local, local_path, write_text

if TYPE_CHECKING:
    from logging import LogRecord

    from pyspark.sql import SparkSession

DONE, UNEXPECTED, BAD_INPUT, REFUSED, ALERT, NOT_READY = range(6)
WITH_JSON = (DONE, REFUSED, ALERT)
WORST_FIRST = (UNEXPECTED, BAD_INPUT, REFUSED, NOT_READY, ALERT, DONE)


@dataclass(frozen=True)
class Result:
    """What a command gives: the `--json` object, the text for a person, and the exit code."""

    document: Mapping[str, Any]
    text: str
    exit_code: int = DONE


@dataclass(frozen=True)
class Run:
    """The options that every command takes."""

    conf_dir: str
    settings: tuple[str, ...]
    as_json: bool
    result_uri: str | None

    def configuration(self) -> Configuration:
        return load(self._files(), self._variables(), os.environ)

    def spark(self) -> SparkSession:
        from skewless.lake.session import get_spark

        _hush_query_errors()
        return get_spark("skewless")

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
    failure shows its stack.
    """
    problems: tuple[str, ...] = ()
    try:
        _refuse_no_working_directory()
        # Around the whole command: a feature module may print whenever it is imported, and `--json` promises one
        # object.
        with with_feature_places(run.conf_dir), kept_for_the_result():
            result = command()
    except Exception as error:  # the last place that can turn a failure into an exit code
        problems, exit_code = _told(error)
        result = Result({"errors": list(problems)}, "", exit_code)
    if result.exit_code in WITH_JSON:
        said = say(as_json(result.document) if run.as_json else result.text, sys.stdout)
        if said is not None and not isinstance(
            said, BrokenPipeError
        ):  # whoever closes a pipe has read enough
            problems = (f"standard output: cannot be written: {said.strerror}",)
            result = replace(result, exit_code=result.exit_code or UNEXPECTED)
    # Last, when nothing more can fail: whoever finds the file knows that the run is over.
    exit_code = _write_result(result, run.result_uri, run.spark)
    for line in problems:  # last, so that the last line is what the run failed of
        tell(line)
    return exit_code


def _told(error: Exception) -> tuple[tuple[str, ...], int]:
    """The lines and the exit code of a failure; one of which nothing is known shows its stack."""
    if isinstance(error, SkewlessError):
        return error.problems, error.exit_code
    if isinstance(error, ModuleNotFoundError):
        return (not_installed(error),), BAD_INPUT
    from skewless.lake.failures import plainly, reason_of

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


def refuse_usage(message: str, arguments: Sequence[str]) -> int:
    """Say in one line what is wrong with the arguments, also where `--result` asks for it."""
    line = " ".join(message.split())
    tell(f"{line}; see skewless --help")
    uris = [value for option, value in pairwise(arguments) if option == "--result"]
    uris += [argument.partition("=")[2] for argument in arguments if argument.startswith("--result=")]
    run = Run("conf", (), False, uris[-1] if uris else None)
    return _write_result(Result({"errors": [line]}, "", BAD_INPUT), run.result_uri, run.spark)


def _hush_query_errors() -> None:
    """Keep pyspark from logging the stack of an error that `execute` reports in a line."""
    import logging

    from pyspark.logger import PySparkLogger

    # Py4J logs the stack of a connection that broke, and of its next try, to the root.
    logging.getLogger().addFilter(_is_not_of_py4j)
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def _is_not_of_py4j(record: LogRecord) -> bool:
    return "py4j" not in record.pathname


def not_installed(error: ModuleNotFoundError) -> str:
    """The line for a dependency that is missing; feature modules that are missing have a refusal of their own."""
    package = (error.name or "a module").partition(".")[0]
    return f"{package} is not installed; pip install 'skewless[spark]'"


def as_json(document: Mapping[str, Any]) -> str:
    """One line of JSON, times in ISO format, NaN and infinities as null.

    ASCII alone: an escape is the same text whatever a terminal, a pipe or a log can show; and a name that is no text,
    which a file may have, could not be written in UTF-8 at all.
    """
    return json.dumps(_plain(document), allow_nan=False, default=_text)


def _write_result(result: Result, uri: str | None, spark: Callable[[], SparkSession]) -> int:
    if uri is None:
        return result.exit_code
    try:
        write_text(uri, as_json({**result.document, "exit_code": result.exit_code}) + "\n", spark)
    # The result's own failure must not hide the run's exit code.
    except Exception as error:  # whatever the file system raises
        from skewless.lake.failures import reason_of

        tell(f"--result {uri}: cannot be written: {reason_of(error)}")
        return result.exit_code or UNEXPECTED
    return result.exit_code


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def written_report(report: str, page: str, run: Run) -> str | None:
    """Where the report is, None where it cannot be written: the build stands all the same, and this is said."""
    try:
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
