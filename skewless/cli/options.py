"""What commands take: the options that all of them share, moments, days and ranges of T."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar

import click

from skewless.config import durations
from skewless.ground.errors import InputError
from skewless.ground.version import other_spark
from skewless.runs.execution import Result, Run, execute

ONE_DAY = timedelta(days=1)

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_common_options(function: Command) -> Command:
    """The options of every command, gathered in a `Run` that is given to the function first."""

    def command(
        conf_dir: str,
        settings: tuple[str, ...],
        as_json: bool,
        result_uri: str | None,
        log_format: str | None,
        metrics_uri: str | None,
        **own: Any,
    ) -> int:
        timeout = own.pop("timeout", None)
        called = click.get_current_context().info_name or ""
        name = own.get("name", "")
        run = Run(conf_dir, settings, as_json, result_uri, timeout, log_format, metrics_uri, called, name)
        return execute(lambda: _called(function, run, own), run)

    command.__doc__ = function.__doc__
    command.__name__ = function.__name__
    command.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
    for option in (
        click.option(
            "--result", "result_uri", metavar="URI", help="Write the JSON and the exit code here, last."
        ),
        click.option(
            "--metrics",
            "metrics_uri",
            metavar="FILE",
            help="Write what became of the run for Prometheus' textfile collector.",
        ),
        click.option(
            "--log-format",
            type=click.Choice(["text", "json"]),
            help="A line a step on standard error.  [default: text on a terminal, else none]",
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a summary."),
        click.option(
            "--set", "settings", metavar="NAME=VALUE", multiple=True, help="Value of ${NAME}; repeatable."
        ),
        click.option(
            "--conf-dir", default="conf", show_default=True, metavar="DIR", help="Configuration directory."
        ),
    ):
        command = option(command)
    return command  # type: ignore[return-value]


def _called(function: Callable[..., Result], run: Run, own: dict[str, Any]) -> Result:
    """What the command gives. Where another Spark lacks a name that is imported, its version is what is wrong."""
    try:
        return function(run, **own)
    except ImportError as error:
        if problem := other_spark():
            raise InputError(problem) from error
        raise


class Moment(click.ParamType[datetime]):
    """A date or an ISO timestamp, UTC unless it says otherwise, as an aware datetime."""

    name = "TS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
            return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        except (ValueError, OverflowError):
            self.fail(
                f"'{value}' is neither a date nor an ISO timestamp, such as 2024-07-01T06:00:00Z", param, ctx
            )


class Day(click.ParamType[datetime]):
    """A UTC date, as the aware datetime at which it begins."""

    name = "D"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            day = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=timezone.utc)
            _ = day + ONE_DAY
        except (ValueError, OverflowError):
            self.fail(f"'{value}' is no date, such as 2024-07-01", param, ctx)
        return day


class Length(click.ParamType[timedelta]):
    """A length of time, as the configuration writes it; some have to be above zero."""

    name = "D"

    def __init__(self, *, above_zero: bool = False) -> None:
        self._above_zero = above_zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            length = value if isinstance(value, timedelta) else durations.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if self._above_zero and not length:
            self.fail(
                f"'{value}' is no time at all; leave the option out for a run without an end", param, ctx
            )
        return length


def takes_a_log(function: Command) -> Command:
    """A training set's name, and which records of a log to hold against it."""
    for option in (
        click.option("--report", metavar="FILE.html", help="Write an HTML report."),
        click.option("--end", type=Moment(), help="Only records with T before this."),
        click.option("--start", type=Moment(), help="Only records with T from here on."),
        click.option("--date", type=Day(), help="Only records of this UTC day."),
        click.option(
            "--log", required=True, metavar="TABLE", help="A table of ingest-log, or a name in conf/logs."
        ),
        click.argument("name"),
    ):
        function = option(function)
    return function


def range_of(
    date: datetime | None, start: datetime | None, end: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """The half-open range that the options mean; both None without a range."""
    if date is not None and (start is not None or end is not None):
        raise InputError("--date is one whole day; give either --date, or --start and --end")
    if date is not None:
        return date, date + ONE_DAY
    if start is not None and end is not None and start >= end:
        raise InputError(f"--start {start.isoformat()} is not before --end {end.isoformat()}")
    return start, end
