"""`skewless score`."""

from __future__ import annotations

from datetime import datetime

from skewless.ground.run.commits import SCORES
from skewless.ground.run.steps import step, this_run
from skewless.lake.session import private_session
from skewless.parts.publish import Output, SparkHistory, published_manifest, refuse_foreign_table
from skewless.runs.execution import REFUSED, Result, Run, refuse_no_location
from skewless.runs.score.definition import Definition
from skewless.runs.score.score import score
from skewless.runs.score.summary import summary_of_scores
from skewless.training_set.recorded import Recorded


def score_entities(
    run: Run, name: str, entities: str, at: datetime | None, to: str, version: int | None
) -> Result:
    """`skewless score`: exit code 3 where serving does not make a value of the rows."""
    refuse_no_location("--entities", entities)
    refuse_no_location("--to", to)
    location = run.configuration().output_of(name)
    spark = private_session(run.spark())
    training_set = Output.at(spark, location)
    refuse_foreign_table(spark, training_set, name)
    with step("reading manifests"):
        manifest = published_manifest(SparkHistory(spark, training_set), name, version)
    recorded = Recorded(manifest["version"], manifest)
    scored = score(
        spark, Definition.of(recorded, location), entities, Output.at(spark, to, "--to", SCORES), at
    )
    exit_code = REFUSED if scored.rejected_path else 0
    return Result({**scored.to_json(), **this_run().to_json()}, summary_of_scores(scored), exit_code)
