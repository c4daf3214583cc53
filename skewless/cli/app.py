"""The commands: arguments → configuration → pipeline → a summary or JSON, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

import click

from skewless.cli import projects, serving, training_sets, watch
from skewless.cli.group import commands
from skewless.ground.standard_output import make_streams_safe, tell
from skewless.runs.execution import STOPPED, UNEXPECTED, refuse_usage

__all__ = ["commands", "main", "projects", "serving", "training_sets", "watch"]


def main(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; bad usage is one line on standard error and code 2."""
    make_streams_safe()
    try:
        # Without a word it is help that is needed; click would make its text one refusal.
        words = list(arguments) or ["--help"]
        code: int = commands.main(args=words, prog_name="skewless", standalone_mode=False)
    except click.ClickException as error:
        return refuse_usage(error.format_message(), arguments)
    except click.Abort:  # a KeyboardInterrupt before the command had begun, as click gives it
        return refuse_usage("stopped by SIGINT: nothing is published", arguments, STOPPED)
    except OSError as error:  # of --help and --version: a command says its own
        tell(f"standard output: cannot be written: {error.strerror}")
        return UNEXPECTED
    return code or 0
