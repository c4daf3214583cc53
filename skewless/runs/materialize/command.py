"""`skewless materialize`."""

from __future__ import annotations

from skewless.ground.errors import InputError
from skewless.ground.run.datasets import Dataset
from skewless.ground.run.steps import step, this_run
from skewless.lake.session import private_session
from skewless.parts.publish import Output
from skewless.runs.execution import DONE, REFUSED, Result, Run
from skewless.runs.materialize.materialize import materialize
from skewless.runs.materialize.published import published_plan
from skewless.runs.materialize.summary import summary_of_materialization
from skewless.serving.store.errors import StoreError
from skewless.serving.store.opening import open_store
from skewless.serving.store.seam import Store


def materialize_features(run: Run, name: str, url: str, version: int | None, *, full: bool) -> Result:
    """`skewless materialize`: exit code 3 where the audit found a difference, and nothing is seen of the run then."""
    location = run.configuration().output_of(name)
    store = _opened(url)
    spark = private_session(run.spark())
    with step("reading manifests"):
        plan = published_plan(spark, name, Output.at(spark, location), version)
    found = materialize(spark, store, plan, full=full)
    if found.state is not None:
        keys = sum(written.keys for _, written in found.works)
        this_run().touches(Dataset(store.url, store.url, is_output=True, rows=keys))
    return Result(
        found.to_json(), summary_of_materialization(found), DONE if found.state is not None else REFUSED
    )


def _opened(url: str) -> Store:
    try:
        return open_store(url)
    except StoreError as error:
        raise InputError(f"--to: {problem}" for problem in error.problems) from error
