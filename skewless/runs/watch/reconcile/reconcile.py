"""Feature log → spine → as-of join → feature functions → comparison → causes."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.config import ResolvedTrainingSet
from skewless.ground.errors import afterwards
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.ground.spark_columns import fields_in
from skewless.lake.session import hand_over, private_session
from skewless.runs.watch.reconcile.findings import Finding, Reconciliation
from skewless.skew.compare import Counts, compare, count_all, count_by
from skewless.skew.explained import Explained, explained
from skewless.skew.recompute import KEPT_SETTINGS, carried_columns, compared_features, recomputed
from skewless.skew.spine import log_spine
from skewless.training_set.rows import feature_failures

MOST_GROUPS = 2_000
"""Groups of records of which trends are shown; the largest ones where there are more."""


def reconcile(
    spark: SparkSession, spec: ResolvedTrainingSet, log: DataFrame, run_range: RunRange
) -> Reconciliation:
    """Recompute every record of the log at its own keys and T, compare, and say why what differs does.

    `log` has the columns of docs/feature-log-table.md. Errors: InputError with every problem, or with a feature
    function's own error.
    """
    own = private_session(spark, **KEPT_SETTINGS)
    with step("opening tables"):
        spine = log_spine(own, spec, hand_over(log, own), run_range)
    features = compared_features(spine)
    kept = recomputed(spine, features, carried_columns(spine)).persist()
    compared = compare(kept, features)
    with afterwards(kept.unpersist), feature_failures(spine.opened, spine.rows):
        with step("recomputing features") as recomputing:
            rows, unmatched, counts = count_all(compared, features)
            recomputing.rows = rows
        differing = {place: each for place, each in enumerate(features) if counts[each.name].mismatched}
        with step("explaining differences"):
            trends = _trends(compared, {place: each.name for place, each in differing.items()})
            mismatched = {place: counts[each.name].mismatched for place, each in differing.items()}
            causes = explained(spine, features, compared, rows, mismatched)
    findings = [
        Finding(each.name, counts[each.name], *causes.get(each.name, Explained()), trends.get(each.name, {}))
        for each in features
    ]
    span, allowed = str(run_range) if run_range.is_range else None, spec.training_set.reconcile
    name = spec.training_set.name
    return Reconciliation(
        name, span, rows, unmatched, tuple(findings), spine.unknown_names, allowed, spine.store_ages
    )


def _trends(compared: DataFrame, differing: Mapping[int, str]) -> dict[str, dict[str, dict[str, Counts]]]:
    """Feature → dimension → value → counts: by day, model version and host in one pass, and by each tag."""
    if not differing:
        return {}
    passes = [{name: F.col(name) for name in ("day", "model_version", "host")}]
    passes += [{f"tag {name}": F.col("tags").getField(name)} for name in fields_in(compared, "tags")]
    found: dict[str, dict[str, dict[str, Counts]]] = {name: {} for name in differing.values()}
    for dimensions in passes:
        for name, trends in count_by(compared, dimensions, differing, MOST_GROUPS).items():
            found[name] |= trends
    return found
