"""Commands about a project and its configuration."""

from __future__ import annotations

import click

from skewless.cli.group import commands
from skewless.cli.options import takes_common_options
from skewless.runs.execution import Result, Run


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


@commands.command("init-table")
@takes_common_options
@click.argument("source")
@click.option("--name", metavar="NAME", help="What it is called.  [default: as FILE, else as SOURCE]")
@click.option("--to", metavar="FILE", help="A file that is not there yet.  [default: standard output]")
@click.option("--labels", is_flag=True, help="SOURCE holds label events: draft a training set.")
def init_table(run: Run, source: str, name: str | None, to: str | None, labels: bool) -> Result:
    """Draft a feature table's YAML from a table's schema and a bounded look at its rows."""
    from skewless.runs.start.table.command import init_table as drafted

    return drafted(run, source, name, to, labels=labels)


@commands.command("init-suite")
@takes_common_options
@click.argument("name")
@click.option("--version", type=int, help="The version that is looked at.  [default: the newest]")
@click.option("--to", metavar="FILE", help="A file that is not there yet.  [default: standard output]")
def init_suite(run: Run, name: str, version: int | None, to: str | None) -> Result:
    """Draft a suite of Great Expectations from what a published version holds."""
    from skewless.runs.start.suite.command import init_suite as drafted

    return drafted(run, name, version, to)
