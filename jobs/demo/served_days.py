"""The demo's served days around the serving process: what it is given before, and what is joined to it after."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import click

from jobs.demo.nights import PUSHED_AT, nights_of, replay
from jobs.demo.predictions import (
    OFFLINE,
    ONLINE,
    model_of,
    offline_predictions,
    online_predictions,
    write_predictions,
)
from jobs.demo.requests import write_requests
from jobs.demo.serving import CARELESS, MODEL, REQUESTS
from skewless.ground.errors import SkewlessError
from skewless.lake.session import private_session
from skewless.lake.sources import read_version
from skewless.parts.log import open_log
from skewless.parts.publish import Output, SparkHistory, read_manifests
from skewless.runs.execution import Run
from skewless.runs.materialize.published import published_plan
from skewless.training_set.bind import bind
from skewless.training_set.opened import OpenedTrainingSet

DAY = click.DateTime(["%Y-%m-%d"])


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
@click.option("--start", required=True, type=DAY)
@click.option("--end", required=True, type=DAY)
@click.option("--to", "place", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--careless-from", type=DAY, help="When release 1.5.0 goes out.")
@click.option("--night-off", type=DAY, help="The day in whose night nothing is materialised.")
def serve_days(
    name: str,
    conf_dir: str,
    settings: tuple[str, ...],
    start: datetime,
    end: datetime,
    place: Path,
    careless_from: datetime | None,
    night_off: datetime | None,
) -> None:
    """Train a model on the months before, score the days offline, and serve them, a night and a day at a time.

    The folder holds `serving.json`, and gets model, requests, store and log beside it.
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
    write_requests(opened, start, end, place / REQUESTS)
    plan = published_plan(spark, name, Output.at(spark, output), None)
    without = night_off and night_off.replace(tzinfo=timezone.utc) + PUSHED_AT
    served = replay(spark, plan, place, nights_of(start, end), careless_from=careless_from, without=without)
    print(f"served {served:,} flights without Spark, from the store of the night before")
    if careless_from is not None:
        print(f"  release {CARELESS.name} from {careless_from:%d %B} on")
    if night_off is not None:
        print(f"  nothing materialised in the night of {night_off:%d %B}")


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
