"""Commands that serve a published version outside of a training set: for a table of entities, or from a store."""

from __future__ import annotations

from datetime import datetime

import click

from skewless.cli.group import commands
from skewless.cli.options import Length, Moment, takes_common_options
from skewless.runs.execution import Result, Run


@commands.command("score")
@takes_common_options
@click.argument("name")
@click.option("--entities", required=True, metavar="TABLE", help="The rows to score: path or catalog name.")
@click.option(
    "--at",
    type=Moment(),
    help="T of all rows.  [default: their column of the training set's event timestamp, else now]",
)
@click.option("--to", required=True, metavar="TABLE", help="Path or catalog name; replaced whole.")
@click.option("--version", type=int, help="By the definition of this version.  [default: the newest]")
def score(run: Run, name: str, entities: str, at: datetime | None, to: str, version: int | None) -> Result:
    """Compute a published version's columns and features for entities without labels, for batch inference."""
    from skewless.runs.score.command import score_entities

    return score_entities(run, name, entities, at, to, version)


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
