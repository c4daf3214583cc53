"""`skewless init-suite`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession

from skewless.ground.instants import instant
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.ground.spark_columns import column, spelt
from skewless.ground.standard_output import tell
from skewless.lake.session import private_session
from skewless.lake.sources import read_version
from skewless.parts.publish import Manifest, Output, SparkHistory, published_manifest
from skewless.runs.execution import Result, Run
from skewless.runs.start.new_file import refuse_taken, target_of, write_new
from skewless.runs.start.suite.measures import Measure, measured
from skewless.runs.start.suite.proposal import BETWEEN, IN_SET, NOT_NULL, Proposal, Roles, proposal_of


def init_suite(run: Run, name: str, version: int | None, to: str | None) -> Result:
    """`skewless init-suite`: expectations that the rows of a published version meet, as a suite's JSON."""
    target = target_of(to)
    refuse_taken(target, run)
    location = run.configuration().output_of(name)
    spark = private_session(run.spark())
    manifest = _manifest(spark, location, name, version)
    rows = read_version(spark, location, manifest["version"])
    labels = manifest["spec"]["training_set"]["labels"]
    with step("measuring the version"):
        measures = measured(rows, _is_own(rows, manifest))
    proposal = proposal_of(
        measures, Roles(labels["entity_keys"], labels["event_timestamp"], labels["label_columns"])
    )
    suite = {"name": name, "expectations": proposal.expectations}
    text = json.dumps(suite, ensure_ascii=False, indent=2) + "\n"
    if target is not None:
        write_new(target, text, run)
    return _result(name, manifest["version"], measures, proposal, suite, target, text)


def _manifest(spark: SparkSession, location: str, name: str, version: int | None) -> Manifest:
    with step("reading manifests"):
        return published_manifest(SparkHistory(spark, Output.at(spark, location)), name, version)


def _is_own(rows: DataFrame, manifest: Manifest) -> Column:
    """Whether a row is of the range that the version's own build wrote; others stood there before."""
    labels = manifest["spec"]["training_set"]["labels"]
    time = spelt(labels["event_timestamp"], rows.schema)
    t = instant(column(time), rows.schema[time].dataType, labels.get("timezone"))
    return RunRange.written(manifest).holds(t)


def _result(
    name: str,
    version: int,
    measures: Sequence[Measure],
    proposal: Proposal,
    suite: dict[str, Any],
    target: str | None,
    text: str,
) -> Result:
    proposed = {
        "nulls": proposal.columns(NOT_NULL),
        "ranges": proposal.columns(BETWEEN),
        "categories": proposal.columns(IN_SET),
    }
    rows = measures[0].all.rows if measures else 0
    document = {
        "training_set": name,
        "version": version,
        "rows": rows,
        "proposed": proposed,
        "suite": suite,
        "path": target,
    }
    summary = _summary(name, version, measures, proposed, target)
    if target is not None:
        return Result(document, summary)
    for line in summary.splitlines():
        tell(line)
    return Result(document, text.rstrip("\n"))


def _summary(
    name: str, version: int, measures: Sequence[Measure], proposed: dict[str, list[str]], target: str | None
) -> str:
    own, rows = (measures[0].own.rows, measures[0].all.rows) if measures else (0, 0)
    of_own = "" if own == rows else f", {own:,} of them its own"
    place = f" in {target}" if target else ""
    spoken_of = {column for columns in proposed.values() for column in columns}
    bare = [each.name for each in measures if each.name not in spoken_of]
    lines = [
        f"{name}: a suite{place} from version {version}, {rows:,} rows{of_own}",
        f"  structure    the number of label events, {len(measures)} columns in their order",
        f"  nulls        {len(proposed['nulls'])} columns, with a margin",
        f"  ranges       {len(proposed['ranges'])} columns, with a margin; a warning",
        f"  categories   {len(proposed['categories'])} columns; a warning but of labels",
        *([f"  nothing      of {', '.join(bare)}"] if bare else []),
        f"  next         read it; save it as conf/expectations/{name}.json; expectations: {name} in the training set",
    ]
    return "\n".join(lines)
