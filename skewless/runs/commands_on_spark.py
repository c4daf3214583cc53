"""The commands that need Spark: configuration → pipeline → what is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from pyspark.sql import SparkSession

from jobs.pit.commands import ALERT, REFUSED, Result, Run
from jobs.pit.config import is_location
from jobs.pit.errors import InputError
from jobs.pit.explanation import explain
from jobs.pit.gap import Asked, investigate
from jobs.pit.log import ingest, open_log, tables_at
from jobs.pit.monitor import monitor
from jobs.pit.monitor_delivery import deliver
from jobs.pit.outcome import manifest_of
from jobs.pit.pipeline import build
from jobs.pit.publish import Output, Published, read_manifests, refuse_foreign_table
from jobs.pit.rebuilding import rebuild
from jobs.pit.reconciliation import reconcile
from jobs.pit.recorded import Recorded
from jobs.pit.report import (
    facts_of,
    log_sections_of,
    render_build,
    render_investigation,
    render_monitoring,
    render_reconciliation,
    render_trace,
    summary_of_build,
    summary_of_explanation,
    summary_of_ingestion,
    summary_of_investigation,
    summary_of_monitoring,
    summary_of_rebuild,
    summary_of_reconciliation,
    summary_of_trace,
    summary_of_versions,
)
from jobs.pit.session import private_session
from jobs.pit.sources import READ_ERRORS, reason_of
from jobs.pit.spine import Cut
from jobs.pit.storage import write_text
from jobs.pit.tracing import trace
from jobs.pit.validation import refuse_broken_suite


def build_training_set(
    run: Run,
    name: str,
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    allow_empty: bool,
    report: str | None,
) -> Result:
    """`skewless build`: exit code 3 where the suite refuses the rows."""
    spec = run.configuration().training_set(name)
    if spec.suite:
        refuse_broken_suite(spec.suite)
    outcome = build(run.spark(), spec, Cut(as_of, start, end), allow_empty=allow_empty)
    facts = facts_of(manifest_of(outcome), outcome.version, outcome.rejected_path, outcome.unchanged)
    if report:
        report = _written(report, render_build(facts, log_sections_of(facts)), run)
    exit_code = REFUSED if outcome.status == "rejected" else 0
    return Result(outcome.to_json(), summary_of_build(facts, report), exit_code)


def explain_training_set(
    run: Run, name: str, start: datetime | None, end: datetime | None, as_of: datetime, allow_empty: bool
) -> Result:
    """`skewless build --explain`: exit code 0 also where a table is not ready, since nothing is run."""
    spec = run.configuration().training_set(name)
    if spec.suite:
        refuse_broken_suite(spec.suite)
    facts = explain(run.spark(), spec, Cut(as_of, start, end), allow_empty=allow_empty)
    return Result(facts, summary_of_explanation(facts))


def _written(report: str, page: str, run: Run) -> str | None:
    """Where the report is, None where it cannot be written: the build stands all the same, and this is said."""
    try:
        write_text(report, page, run.spark)
    except OSError as error:
        print(f"skewless: --report {report}: cannot be written: {error}", file=sys.stderr)
        return None
    return report


def reconcile_feature_log(
    run: Run, name: str, log: str, start: datetime | None, end: datetime | None, report: str | None
) -> Result:
    """`skewless reconcile`: exit code 4 where a feature differs more often than the training set allows."""
    configuration = run.configuration()
    spec = configuration.training_set(name)
    spark = private_session(run.spark())
    found = reconcile(
        spark, spec, open_log(spark, log, configuration), Cut(datetime.now(timezone.utc), start, end)
    )
    facts = found.to_facts()
    if report:
        report = _written(report, render_reconciliation(facts), run)
    exit_code = ALERT if found.alerts else 0
    return Result(found.to_json(), summary_of_reconciliation(facts, report), exit_code)


def trace_training_set(run: Run, name: str, where: str, limit: int, report: str | None) -> Result:
    """`skewless trace`: for some label events, which feature rows were used, and why not the nearest others."""
    facts = trace(run.spark(), run.configuration().training_set(name), where, limit)
    if report:
        report = _written(report, render_trace(facts), run)
    return Result(facts, summary_of_trace(facts, report))


def monitor_features(
    run: Run, name: str, log: str, start: datetime | None, end: datetime | None, report: str | None
) -> Result:
    """`skewless monitor`: exit code 4 where a feature drifted, with both an effect and evidence of it."""
    configuration, run_at = run.configuration(), datetime.now(timezone.utc)
    spec, watch = configuration.training_set(name), configuration.monitoring(name)
    spark = private_session(run.spark())
    found = monitor(spark, spec, watch, open_log(spark, log, configuration), Cut(run_at, start, end))
    facts = found.to_facts()
    if report:
        report = _written(report, render_monitoring(facts), run)
    done = deliver(spark, spec, watch, log, found, run_at, report)
    document = found.to_json()
    if len(done) > 1:  # more than the history was asked for
        document["deliveries"] = done
    text = summary_of_monitoring(facts, done, report)
    return Result(document, text, ALERT if found.alerting else 0)


def investigate_gap(run: Run, name: str, as_of: datetime, report: str | None, **asked: Any) -> Result:
    """`skewless investigate`: a question, so that no answer is an alert: exit code 0 whatever is found."""
    spec = run.configuration().training_set(name)
    facts = investigate(run.spark(), spec, Asked(**asked), as_of)
    told = facts.to_facts()
    if report:
        report = _written(report, render_investigation(told), run)
    return Result(facts.to_json(), summary_of_investigation(told, report))


def rebuild_training_set(run: Run, name: str, version: int, to: str | None) -> Result:
    """`skewless rebuild`: exit code 3 where the rows are not the ones that the version wrote."""
    location = run.configuration().output_of(name)
    spark = private_session(run.spark())
    target = None if to is None else _new_place(spark, to)
    output = Output.at(spark, location)
    refuse_foreign_table(spark, output, name)
    manifest = _manifest(name, read_manifests(spark, output)[0], version)
    found = rebuild(spark, output, Recorded(version, manifest), target)
    return Result(found.to_json(), summary_of_rebuild(found.to_facts()), 0 if found.identical else REFUSED)


def _new_place(spark: SparkSession, location: str) -> Output:
    """Where a table may be made; InputError where the option names no place that there is."""
    _refuse_no_location("--output", location)
    try:
        return Output.at(spark, location)
    except READ_ERRORS as error:
        raise InputError(f"--output '{location}': {reason_of(error)}") from error


def show_training_set(run: Run, name: str, version: int | None) -> Result:
    """`skewless show`: versions and refused runs, or the manifest of one version."""
    spec = run.configuration().training_set(name)
    assert spec.training_set.output is not None, "a training set of a file has an output"
    spark = private_session(run.spark())
    versions, refused = read_manifests(spark, Output.at(spark, spec.training_set.output))
    if version is None:
        document = {
            "training_set": name,
            "versions": [{"version": item.version, **item.manifest} for item in versions],
            "refused": list(refused),
        }
        return Result(document, summary_of_versions(name, document))
    manifest = _manifest(name, versions, version)
    return Result(manifest, summary_of_versions(name, {"versions": [manifest], "refused": []}, whole=True))


def export_serving_plan(run: Run, name: str, version: int | None, target: str) -> Result:
    """`skewless export`: the plan that a version was built by, as its manifest has it."""
    spec = run.configuration().training_set(name)
    assert spec.training_set.output is not None, "a training set of a file has an output"
    spark = private_session(run.spark())
    versions, _ = read_manifests(spark, Output.at(spark, spec.training_set.output))
    if not versions:
        raise InputError(f"training set '{name}': nothing is published; build it first")
    manifest = _manifest(name, versions, versions[-1].version if version is None else version)
    plan = manifest.get("serving_plan")
    if plan is None:
        raise InputError(
            f"training set '{name}': version {manifest['version']} has no serving plan; build it again"
        )
    document = {**plan, "version": manifest["version"]}
    try:
        write_text(target, json.dumps(document, ensure_ascii=False, indent=1) + "\n", run.spark)
    except OSError as error:
        raise InputError(f"--to {target}: cannot be written: {error}") from error
    facts = {
        "training_set": name,
        "version": document["version"],
        "path": target,
        "fingerprint": plan["fingerprint"],
    }
    text = f"{name}: serving plan of version {document['version']} in {target}\n  fingerprint {plan['fingerprint']}"
    return Result(facts, text)


def ingest_feature_log(run: Run, folder: str, location: str) -> Result:
    """`skewless ingest-log`: rejected lines are kept and told of, and are no failure."""
    _refuse_no_location("--to", location)
    spark = private_session(run.spark())
    tables = tables_at(spark, location)
    done = ingest(spark, folder, tables, datetime.now(timezone.utc))
    rejections = tables.rejections
    document = {
        "table": location,
        "files": done.files,
        "records": done.records,
        "duplicates": done.duplicates,
        "rejected": done.rejected,
        "rejected_table": rejections.place.location if rejections.exists(spark) else None,
        "version": tables.records.version(spark),
    }
    return Result(document, summary_of_ingestion(document, done.reason))


def _refuse_no_location(option: str, text: str) -> None:
    if not is_location(text):
        raise InputError(
            f"{option} '{text}' is neither a path (it would contain / or :) nor a catalog table name"
        )


def _manifest(name: str, versions: list[Published], version: int) -> Mapping[str, Any]:
    for item in versions:
        if item.version == version:
            return {"version": version, **item.manifest}
    known = ", ".join(str(item.version) for item in versions) or "none"
    raise InputError(f"training set '{name}': no version {version} of skewless; there are {known}")
