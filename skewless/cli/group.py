"""The command that all others hang on."""

from __future__ import annotations

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="skewless")
def commands() -> None:
    """Point-in-time training sets on Spark and Delta Lake."""
