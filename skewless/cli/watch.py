"""Commands that read what serving logged."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import click

from skewless.cli.group import commands
from skewless.cli.options import Moment, range_of, takes_a_log, takes_common_options
from skewless.runs.execution import Result, Run

tells_of_features = click.option("--verbose", is_flag=True, help="Tell of each feature, not of causes alone.")


@commands.command("ingest-log")
@takes_common_options
@click.argument("folder", metavar="LOGDIR")
@click.option(
    "--to", "table", required=True, metavar="TABLE", help="Path or catalog name; made if not there."
)
def ingest_log(run: Run, folder: str, table: str) -> Result:
    """Bring serving's log files into a Delta table, each record once."""
    from skewless.runs.watch.ingest.command import ingest_feature_log

    return ingest_feature_log(run, folder, table)


@commands.command("reconcile")
@takes_common_options
@takes_a_log
@tells_of_features
def reconcile(
    run: Run, name: str, log: str, report: str | None, verbose: bool, **when: datetime | None
) -> Result:
    """Hold what serving logged against what training computes, and say why it differs."""
    start, end = range_of(when["date"], when["start"], when["end"])
    from skewless.runs.watch.reconcile.command import reconcile_feature_log

    return reconcile_feature_log(run, name, log, start, end, report, verbose=verbose)


@commands.command("monitor")
@takes_common_options
@takes_a_log
@tells_of_features
def monitor(
    run: Run, name: str, log: str, report: str | None, verbose: bool, **when: datetime | None
) -> Result:
    """Hold the distributions that serving logged against those of training, and say what drifted."""
    start, end = range_of(when["date"], when["start"], when["end"])
    from skewless.runs.watch.monitor.command import monitor_features

    return monitor_features(run, name, log, start, end, report, verbose=verbose)


@commands.command("investigate")
@takes_common_options
@click.argument("name")
@click.option(
    "--offline", required=True, metavar="TABLE", help="Scores and labels of the offline evaluation."
)
@click.option(
    "--online", required=True, metavar="TABLE", help="Those of serving, with the features it logged."
)
@click.option(
    "--metric",
    type=click.Choice(["auc", "log_loss", "rmse", "mae"]),
    default="auc",
    show_default=True,
    help="What is compared.",
)
@click.option(
    "--model", metavar="MODULE:FUNCTION", help="Takes an Arrow table of features, gives the scores."
)
@click.option("--arm", metavar="COLUMN", help="The arms of a test, each told apart.")
@click.option("--any-score", is_flag=True, help="Scores are no probabilities: AUC of any finite numbers.")
@click.option("--as-of", type=Moment(), help="Only labels that were known by then.  [default: now]")
@click.option("--report", metavar="FILE.html", help="Write an HTML report.")
@tells_of_features
def investigate(
    run: Run, name: str, as_of: datetime | None, report: str | None, verbose: bool, **asked: Any
) -> Result:
    """Say whether an offline-online gap is real, and which features explain it."""
    from skewless.runs.watch.investigate.command import investigate_gap

    now = datetime.now(timezone.utc)
    return investigate_gap(run, name, as_of or now, report, verbose=verbose, **asked)
