"""The demo's served month around the serving process: what it is given before, and what is joined to it after."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import click

from jobs.demo.predictions import (
    OFFLINE,
    ONLINE,
    model_of,
    offline_predictions,
    online_predictions,
    write_predictions,
)
from jobs.demo.serving import MODEL, PLAN, STORE
from jobs.demo.store import write_store
from skewless import ServingPlan
from skewless.ground.errors import SkewlessError
from skewless.lake.session import private_session
from skewless.lake.sources import read_version
from skewless.parts.log import open_log
from skewless.parts.publish import Output, SparkHistory, read_manifests
from skewless.runs.execution import Run
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet


def takes_training_set(function: Callable[..., None]) -> Callable[..., None]:
    """The training set and the options by which it and its tables are found."""
    for option in (
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE"),
        click.option("--conf-dir", default="conf"),
        click.argument("name"),
    ):
        function = option(function)
    return function


@click.command()
@takes_training_set
@click.option("--start", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--end", required=True, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--to", "place", required=True, type=click.Path(exists=True, path_type=Path))
def prepare(
    name: str, conf_dir: str, settings: tuple[str, ...], start: datetime, end: datetime, place: Path
) -> None:
    """Train a model on the months before, score the month offline, and write what serving will fetch.

    The folder holds `serving.json`, and gets the model and the store beside it.
    """
    start, end = start.replace(tzinfo=timezone.utc), end.replace(tzinfo=timezone.utc)
    run = Run(conf_dir, settings, as_json=False, result_uri=None)
    opened = _bound(run, name)
    spark = opened.events.sparkSession
    output = run.configuration().output_of(name)
    versions, _ = read_manifests(SparkHistory(spark, Output.at(spark, output)))
    published = read_version(spark, output, versions[-1].version)
    trained = model_of(published, opened, until=start)
    trained.save(place / MODEL)
    print(f"model                {len(trained.columns)} features, trained on T before {start:%d %B %Y}")
    offline = offline_predictions(published, opened, trained, start, end)
    print(write_predictions(offline, _beside(opened), OFFLINE))
    requests = write_store(opened, ServingPlan.load(place / PLAN), start, end, place / STORE)
    print(f"store               {requests:>8,} flights to serve")


@click.command()
@takes_training_set
@click.option("--log", required=True, metavar="TABLE")
def join_outcomes(name: str, conf_dir: str, settings: tuple[str, ...], log: str) -> None:
    """Join the logged predictions with what became of the flights."""
    run = Run(conf_dir, settings, as_json=False, result_uri=None)
    opened = _bound(run, name)
    spark = opened.events.sparkSession
    online = online_predictions(open_log(spark, log, run.configuration()), opened)
    print(write_predictions(online, _beside(opened), ONLINE))


def _bound(run: Run, name: str) -> OpenedTrainingSet:
    try:
        return bind(private_session(run.spark()), run.configuration().training_set(name))
    except SkewlessError as error:
        sys.exit("\n".join(error.problems))


def _beside(opened: OpenedTrainingSet) -> str:
    """The warehouse: where the label events' table lies."""
    return opened.inputs["labels"].location.rpartition("/")[0]
