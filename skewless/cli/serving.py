"""Commands that serve a published version: what its plan gives outside of a training set."""

from __future__ import annotations

import click

from skewless.cli.group import commands
from skewless.cli.options import Length, takes_common_options
from skewless.runs.execution import Result, Run


@commands.command("materialize")
@takes_common_options
@click.argument("name")
@click.option("--to", "url", metavar="STORE", required=True, help="sqlite:///PATH or redis://HOST:PORT/N.")
@click.option("--full", is_flag=True, help="Write all tables anew.  [default: what changed since]")
@click.option("--version", type=int, help="By the plan of this version.  [default: the newest]")
@click.option(
    "--timeout", type=Length(above_zero=True), help="Stop the run, exit code 6, after so long, such as 90m."
)
def materialize(run: Run, name: str, url: str, full: bool, version: int | None) -> Result:
    """Put what serving can need from now on into an online store, audited, and seen at once or not at all."""
    from skewless.runs.materialize.command import materialize_features

    return materialize_features(run, name, url, version, full=full)
