"""Commands that make what a model in use is given."""

from __future__ import annotations

from datetime import datetime

import click

from skewless.cli.group import commands
from skewless.cli.options import Moment, takes_common_options
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
