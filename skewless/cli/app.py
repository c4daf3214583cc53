"""The commands: arguments → configuration → pipeline → a summary or JSON, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import click

from skewless.cli.options import Day, Length, Moment, range_of, takes_a_log, takes_common_options
from skewless.ground.errors import InputError
from skewless.ground.names import UNITS, Unit
from skewless.ground.standard_output import make_streams_safe, tell
from skewless.runs.execution import STOPPED, UNEXPECTED, Result, Run, refuse_usage


def main(arguments: Sequence[str]) -> int:
    """Run a command line and give its exit code; bad usage is one line on standard error and code 2."""
    make_streams_safe()
    try:
        code: int = commands.main(args=list(arguments), prog_name="skewless", standalone_mode=False)
    except click.ClickException as error:
        return refuse_usage(error.format_message(), arguments)
    except click.Abort:  # a KeyboardInterrupt before the command had begun, as click gives it
        return refuse_usage("stopped by SIGINT: nothing is published", arguments, STOPPED)
    except OSError as error:  # of --help and --version: a command says its own
        tell(f"standard output: cannot be written: {error.strerror}")
        return UNEXPECTED
    return code or 0


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skewless")
def commands() -> None:
    """Point-in-time training sets on Spark and Delta Lake."""


@commands.command("build")
@takes_common_options
@click.argument("name")
@click.option("--date", type=Day(), help="Only label events of this UTC day.")
@click.option("--start", type=Moment(), help="Only label events with T from here on.")
@click.option("--end", type=Moment(), help="Only label events with T before this.")
@click.option("--as-of", type=Moment(), help="Only what was known by then.  [default: now]")
@click.option("--allow-empty", is_flag=True, help="Let a range without label events clear what stands there.")
@click.option("--each", type=click.Choice(UNITS), help="Build the range piece by piece, a commit each.")
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Publish beside rows of another definition; show says which dates hold which.",
)
@click.option(
    "--timeout", type=Length(above_zero=True), help="Stop the run, exit code 6, after so long, such as 90m."
)
@click.option(
    "--explain", is_flag=True, help="Print the plan and run nothing: label events are counted, no more."
)
@click.option("--report", metavar="FILE.html", help="Write an HTML report.")
def build(
    run: Run,
    name: str,
    each: Unit | None,
    explain: bool,
    report: str | None,
    allow_empty: bool,
    allow_mixed: bool,
    **when: datetime | None,
) -> Result:
    """Join, compute, validate and publish a training set."""
    if explain and report:
        raise InputError("--explain writes no report, it runs nothing; leave out --report, or --explain")
    if each and report:
        raise InputError(
            "--each writes no report, a piece is a build of its own; leave out --report, or --each"
        )
    start, end = range_of(when["date"], when["start"], when["end"])
    as_of = when["as_of"] or datetime.now(timezone.utc)
    allowed = {"allow_empty": allow_empty, "allow_mixed": allow_mixed}
    from skewless.runs.build.command import build_in_pieces, build_training_set, explain_training_set

    if explain:
        return explain_training_set(run, name, start, end, as_of, **allowed)
    if each:
        return build_in_pieces(run, name, start, end, as_of, each, **allowed)
    return build_training_set(run, name, start, end, as_of, report, **allowed)


@commands.command("rebuild")
@takes_common_options
@click.argument("name")
@click.option("--version", type=int, required=True, help="The version whose rows are built again.")
@click.option(
    "--output", metavar="PATH", help="Publish the rows here if they are identical.  [default: only verify]"
)
def rebuild(run: Run, name: str, version: int, output: str | None) -> Result:
    """Build the rows that a version wrote again, from the recorded inputs, and say whether they are identical."""
    from skewless.runs.rebuild.command import rebuild_training_set

    return rebuild_training_set(run, name, version, output)


@commands.command("show")
@takes_common_options
@click.argument("name")
@click.option("--version", type=int, help="Print this version's manifest.")
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest versions and refused runs."
)
def show(run: Run, name: str, version: int | None, limit: int | None) -> Result:
    """List a training set's versions and refused runs, or one version's manifest."""
    from skewless.runs.published.show import show_training_set

    return show_training_set(run, name, version, limit)


@commands.command("clean")
@takes_common_options
@click.argument("name")
@click.option(
    "--older-than", type=Length(), default="7d", show_default=True, help="Leave what is younger, such as 12h."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def clean(run: Run, name: str, older_than: timedelta, dry_run: bool) -> Result:
    """Remove what dead runs left: staged and rejected rows, first publications without a commit, old profiles."""
    from skewless.runs.published.clean import clean_training_set

    return clean_training_set(run, name, older_than, dry_run=dry_run)


@commands.command("trace")
@takes_common_options
@click.argument("name")
@click.option("--where", metavar="SQL", required=True, help="A predicate over the label events' columns.")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most."
)
@click.option("--report", metavar="FILE.html", help="Write an HTML report.")
def trace(run: Run, name: str, where: str, limit: int, report: str | None) -> Result:
    """Say which feature rows some label events used, and why not the nearest others."""
    from skewless.runs.trace.command import trace_training_set

    return trace_training_set(run, name, where, limit, report)


@commands.command("export")
@takes_common_options
@click.argument("name")
@click.option("--version", type=int, help="The plan of this version.  [default: the newest]")
@click.option(
    "--to", "target", metavar="FILE", required=True, help="FILE.json: the plan. FILE.zip: its code too."
)
def export(run: Run, name: str, version: int | None, target: str) -> Result:
    """Write the serving plan of a published version: all that decides a value, for ServingPlan.load."""
    from skewless.runs.published.export import export_serving_plan

    return export_serving_plan(run, name, version, target)


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
def reconcile(run: Run, name: str, log: str, report: str | None, **when: datetime | None) -> Result:
    """Hold what serving logged against what training computes, and say why it differs."""
    start, end = range_of(when["date"], when["start"], when["end"])
    from skewless.runs.watch.reconcile.command import reconcile_feature_log

    return reconcile_feature_log(run, name, log, start, end, report)


@commands.command("monitor")
@takes_common_options
@takes_a_log
def monitor(run: Run, name: str, log: str, report: str | None, **when: datetime | None) -> Result:
    """Hold the distributions that serving logged against those of training, and say what drifted."""
    start, end = range_of(when["date"], when["start"], when["end"])
    from skewless.runs.watch.monitor.command import monitor_features

    return monitor_features(run, name, log, start, end, report)


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
def investigate(run: Run, name: str, as_of: datetime | None, report: str | None, **asked: Any) -> Result:
    """Say whether an offline-online gap is real, and which features explain it."""
    from skewless.runs.watch.investigate.command import investigate_gap

    return investigate_gap(run, name, as_of or datetime.now(timezone.utc), report, **asked)


@commands.command("check")
@takes_common_options
def check(run: Run) -> Result:
    """Check the whole configuration and every feature module, without Spark."""
    from skewless.runs.check.command import check_configuration

    return check_configuration(run)


@commands.command("schema")
@takes_common_options
@click.option("--to", "folder", metavar="DIR", required=True, help="Where the files go; made if not there.")
def schema(run: Run, folder: str) -> Result:
    """Write JSON Schemas of the configuration files, for editors that complete and check YAML."""
    from skewless.runs.schema.command import write_schemas

    return write_schemas(run, folder)
