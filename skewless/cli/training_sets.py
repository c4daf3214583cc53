"""Commands that build training sets and look at them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import click

from skewless.cli.group import commands
from skewless.cli.options import Day, Length, Moment, range_of, takes_common_options
from skewless.ground.errors import InputError
from skewless.ground.names import UNITS, Unit
from skewless.runs.execution import Result, Run


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
@click.option(
    "--show-rows", is_flag=True, help="Print the values that break an expectation, not keys and counts alone."
)
def build(
    run: Run,
    name: str,
    each: Unit | None,
    explain: bool,
    report: str | None,
    allow_empty: bool,
    allow_mixed: bool,
    show_rows: bool,
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
    return build_training_set(run, name, start, end, as_of, report, show_rows=show_rows, **allowed)


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
@click.option(
    "--scores", multiple=True, metavar="TABLE", help="Also what runs of score left at this --to; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def clean(run: Run, name: str, older_than: timedelta, scores: tuple[str, ...], dry_run: bool) -> Result:
    """Remove what dead runs left: staged and rejected rows, first publications without a commit, old profiles."""
    from skewless.runs.published.clean import clean_training_set

    return clean_training_set(run, name, older_than, scores, dry_run=dry_run)


@commands.command("trace")
@takes_common_options
@click.argument("name")
@click.option(
    "--where",
    metavar="SQL",
    required=True,
    help="A predicate over the label events' columns, or any published ones.",
)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most."
)
@click.option("--report", metavar="FILE.html", help="Write an HTML report.")
def trace(run: Run, name: str, where: str, limit: int, report: str | None) -> Result:
    """Say which feature rows some label events used, why not the nearest others, and what functions made of them."""
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
