"""How a command runs, whatever it does: its options, its result, its one-line failures and its exit code."""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from skewless.config import ConfFiles, Configuration, LocalFiles, is_location, load
from skewless.ground.errors import InputError, SkewlessError, first_line
from skewless.ground.standard_output import kept_for_the_result
from skewless.lake.feature_places import with_feature_places
from skewless.lake.storage import RemoteFiles, is_local, local_path, write_text

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DONE, UNEXPECTED, BAD_INPUT, REFUSED, ALERT, NOT_READY = range(6)
WITH_JSON = (DONE, REFUSED, ALERT)
WORST_FIRST = (UNEXPECTED, BAD_INPUT, REFUSED, NOT_READY, ALERT, DONE)
NO_MESSAGE = "no message"


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
    problems: Sequence[str] = ()
    try:
        # Around the whole command: a feature module may print whenever it is imported, and `--json` promises one
        # object.
        with with_feature_places(run.conf_dir), kept_for_the_result():
            result = command()
    except SkewlessError as error:
        problems = error.problems
        result = Result({"errors": list(problems)}, "", error.exit_code)
    except ModuleNotFoundError as error:
        problems = [not_installed(error)]
        result = Result({"errors": problems}, "", BAD_INPUT)
    except Exception as error:  # the last place that can turn a failure into an exit code
        traceback.print_exc()
        problems = [f"unexpected failure: {type(error).__name__}: {first_line(error) or NO_MESSAGE}"]
        result = Result({"errors": problems}, "", UNEXPECTED)
    for line in problems:
        print(f"skewless: {line}", file=sys.stderr)
    if result.exit_code in WITH_JSON:
        print(as_json(result.document) if run.as_json else result.text, flush=True)
    # Last, when nothing more can fail: whoever finds the file knows that the run is over.
    return _write_result(result, run.result_uri, run.spark)


def worst(exit_codes: Sequence[int]) -> int:
    """What several things done in one command end with: what needs somebody comes before what a later run mends."""
    return min(exit_codes, key=WORST_FIRST.index)


def refuse_usage(message: str, arguments: Sequence[str]) -> int:
    """Say in one line what is wrong with the arguments, also where `--result` asks for it."""
    line = " ".join(message.split())
    print(f"skewless: {line}; see skewless --help", file=sys.stderr)
    uris = [value for option, value in pairwise(arguments) if option == "--result"]
    uris += [argument.partition("=")[2] for argument in arguments if argument.startswith("--result=")]
    run = Run("conf", (), False, uris[-1] if uris else None)
    return _write_result(Result({"errors": [line]}, "", BAD_INPUT), run.result_uri, run.spark)


def _hush_query_errors() -> None:
    """Keep pyspark from logging the stack of an error that `execute` reports in a line."""
    from pyspark.logger import PySparkLogger

    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
        PySparkLogger.getLogger(name).disabled = True


def not_installed(error: ModuleNotFoundError) -> str:
    """The line for a dependency that is missing; feature modules that are missing have a refusal of their own."""
    package = (error.name or "a module").partition(".")[0]
    return f"{package} is not installed; pip install 'skewless[spark]'"


def as_json(document: Mapping[str, Any]) -> str:
    """One line of JSON, times in ISO format, NaN and infinities as null."""
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False, default=_text)


def _write_result(result: Result, uri: str | None, spark: Callable[[], SparkSession]) -> int:
    if uri is None:
        return result.exit_code
    try:
        write_text(uri, as_json({**result.document, "exit_code": result.exit_code}) + "\n", spark)
    # The result's own failure must not hide the run's exit code.
    except Exception as error:  # whatever the file system raises
        print(
            f"skewless: --result {uri}: cannot be written: {first_line(error) or NO_MESSAGE}", file=sys.stderr
        )
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
        print(f"skewless: --report {report}: cannot be written: {error}", file=sys.stderr)
        return None
    return report


def refuse_no_location(option: str, text: str) -> None:
    if not is_location(text):
        raise InputError(
            f"{option} '{text}' is neither a path (it would contain / or :) nor a catalog table name"
        )
