"""Commands about a project and its configuration."""

from __future__ import annotations

import click

from skewless.cli.group import commands
from skewless.cli.options import takes_common_options
from skewless.runs.execution import Result, Run


@commands.command("check")
@takes_common_options
@click.option("--tables", is_flag=True, help="Read the tables' schemas too, with Spark.")
def check(run: Run, tables: bool) -> Result:
    """Check the whole configuration and every feature module, without Spark."""
    from skewless.runs.check.command import check_configuration

    return check_configuration(run, tables)


@commands.command("schema")
@takes_common_options
@click.option("--to", "folder", metavar="DIR", required=True, help="Where the files go; made if not there.")
def schema(run: Run, folder: str) -> Result:
    """Write JSON Schemas of the configuration files, for editors that complete and check YAML."""
    from skewless.runs.schema.command import write_schemas

    return write_schemas(run, folder)


@commands.command("init")
@takes_common_options
@click.argument("folder", metavar="[DIR]", default=".")
def init(run: Run, folder: str) -> Result:
    """Write a project that builds at once: conf/, features/, jobs/, tests/, Makefile and sample data."""
    from skewless.runs.start.init import write_project

    return write_project(run, folder)


@commands.command("catalog")
@takes_common_options
@click.option("--to", "target", metavar="FILE.html", required=True, help="Where the page goes.")
def catalog(run: Run, target: str) -> Result:
    """Write one page of every feature: what it is, what it is made of, who holds it, its nulls and range."""
    from skewless.runs.published.catalog.command import write_catalog

    return write_catalog(run, target)


@commands.command("import-feast")
@takes_common_options
@click.argument("repo")
@click.option("--to", "folder", metavar="DIR", required=True, help="The project's folder; made if not there.")
@click.option(
    "--python", metavar="PATH", help="The Python of an environment that has Feast.  [default: this one]"
)
def import_feast(run: Run, repo: str, folder: str, python: str | None) -> Result:
    """Write configuration from a Feast repository: REPO is its folder, or a file of what feast registry-dump prints."""
    from skewless.runs.start.feast import command

    return command.import_feast(repo, folder, python)


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
