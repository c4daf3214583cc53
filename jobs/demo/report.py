"""The demo's report: the build as published, and the price of a join that ignores availability."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime

import click
import pyarrow as pa
from pyspark.sql import SparkSession

from jobs.demo.leakage import LeakagePrice, price_of_leakage
from jobs.demo.picture import auc_picture
from skewless.config import PublishableTrainingSet, ResolvedTrainingSet
from skewless.ground.errors import SkewlessError
from skewless.ground.run.ranges import RunRange
from skewless.ground.standard_output import make_streams_safe
from skewless.lake.session import private_session
from skewless.lake.sources import read_version
from skewless.lake.storage import write_text
from skewless.parts.page import Section
from skewless.parts.publish import Output, SparkHistory, read_manifests
from skewless.runs.build.outcome import Outcome
from skewless.runs.build.told.report import render_build
from skewless.runs.execution import Run
from skewless.training_set.bind import bind
from skewless.training_set.rows import joined_rows, select_result, spine_for


@click.command()
@click.argument("name")
@click.option("--conf-dir", default="conf")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE")
@click.option("--report", required=True, metavar="FILE.html")
def main(name: str, conf_dir: str, settings: tuple[str, ...], report: str) -> None:
    """Train the same model on a naive join and on the point-in-time training set; write the report."""
    make_streams_safe()
    run = Run(conf_dir, settings, as_json=False, result_uri=None)
    try:
        page, price = _page(run, run.configuration().training_set(name))
    except SkewlessError as error:
        sys.exit("\n".join(error.problems))
    write_text(report, page, run.spark)
    for line in sentences(price):
        print(f"  {line}")
    print(report)


def _page(run: Run, spec: PublishableTrainingSet) -> tuple[str, LeakagePrice]:
    spark = private_session(run.spark())
    versions, _ = read_manifests(SparkHistory(spark, Output.at(spark, spec.output)))
    published = versions[-1]
    point_in_time = read_version(spark, spec.output, published.version).toArrow()
    price = price_of_leakage(naive_join(spark, spec, published.manifest["as_of"]), point_in_time)
    return render_build(Outcome(published.manifest, published.version), [section(price)]), price


def naive_join(spark: SparkSession, spec: ResolvedTrainingSet, as_of: str) -> pa.Table:
    """The same label events and tables joined by event timestamp alone, as if every fact were known at once."""
    opened = bind(spark, spec)
    leaky = replace(opened, sides=tuple(replace(side, ignore_availability=True) for side in opened.sides))
    run_range = RunRange(datetime.fromisoformat(as_of))
    return select_result(leaky, joined_rows(leaky, spine_for(leaky, run_range))).toArrow()


def sentences(price: LeakagePrice) -> tuple[str, ...]:
    """What the experiment found, whatever it found."""
    promised = price.auc_naive - price.auc_naive_served
    return (
        f"naive join: AUC {price.auc_naive:.4f} offline, {price.auc_naive_served:.4f} when the same model is served "
        f"what is known at T ({promised:+.4f} promised and not kept)",
        f"point-in-time training set: AUC {price.auc_point_in_time:.4f} offline, and the same when served",
        f"{price.differing_rows:,} of {price.train_rows + price.test_rows:,} label events saw a value from the future "
        "in the naive join",
    )


def section(price: LeakagePrice) -> Section:
    return Section(
        title="The price of leakage",
        sentences=(
            "The same scikit-learn gradient boosting, trained on departures from January to October and tested on "
            f"November and December ({price.train_rows:,} and {price.test_rows:,} label events, "
            f"{price.test_late_share:.1%} of the latter late), once on a join that ignores when a fact became "
            "available, once on this training set.",
            *sentences(price),
        ),
        header=("trained on", "tested on", "AUC"),
        rows=(
            ("naive join", "naive join: the offline promise", f"{price.auc_naive:.4f}"),
            ("naive join", "what is known at T: the online truth", f"{price.auc_naive_served:.4f}"),
            ("point-in-time", "point-in-time: promise and truth", f"{price.auc_point_in_time:.4f}"),
        ),
        picture=auc_picture(price),
    )
