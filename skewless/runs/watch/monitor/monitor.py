"""Feature log → its profile beside the training set's → what drifted, with effect and evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.config import Monitoring, PublishableTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.instants import utc_date
from skewless.ground.names import unknown
from skewless.ground.run.manifest import WrittenDefinition
from skewless.ground.run.ranges import RunRange
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.parts.functions import ship_code
from skewless.parts.log.reading import records_in_range
from skewless.parts.profile.values import kind_of, profiled
from skewless.runs.watch.monitor.drift.judging import Finding, judged, pairs_of
from skewless.runs.watch.monitor.drift.lineage import lineage_of
from skewless.runs.watch.monitor.drift.match_rates import match_shifts
from skewless.runs.watch.monitor.drift.outcome import Monitored
from skewless.runs.watch.monitor.profile.cells import merged_names
from skewless.runs.watch.monitor.profile.counting import Subject, counted
from skewless.runs.watch.monitor.profile.profile import DAY, EVERYTHING, Group, Profile, Reference
from skewless.runs.watch.monitor.records import (
    OWN_COLUMNS,
    Logged,
    Records,
    logged_of,
    names_in_types,
    own_records,
    segments_of,
)
from skewless.runs.watch.monitor.reference import Version, frequent, reference_of, version_of

MOST_SEGMENTS = 20
MOST_DAYS = 400


def monitor(
    spark: SparkSession, spec: PublishableTrainingSet, watch: Monitoring, log: DataFrame, run_range: RunRange
) -> Monitored:
    """Hold the features of a log's records against those of a published version.

    `log` has the columns of docs/feature-log-table.md. Errors: InputError where nothing is published, where the log
    is another training set's, and where it has too few records to tell anything.
    """
    own = private_session(spark)
    ship_code(own.sparkContext, ())
    name = spec.training_set.name
    with step("opening the reference"):
        version = version_of(own, spec, watch)
    problems = list(_unknown_features(watch, version))
    segments = segments_of(watch, log, problems)
    if problems:
        raise InputError(problems)
    in_training = {each: match for each in segments if (match := _training_column(each, version)) is not None}
    with step("reading the log") as reading:
        records = own_records(name, version, records_in_range(log, run_range), run_range)
        names, types = names_in_types(records.rows)
        logged = logged_of(name, version, log, names)
        reading.rows = records.size
    if records.size < watch.min_rows:
        place = f"with T in {run_range}" if run_range.is_range else "in it"
        raise InputError(
            f"log: {place} are {records.size:,} records; fewer than {watch.min_rows} tell nothing, "
            "give a longer range, or set min_rows"
        )
    with step("profiling the reference"):
        reference = reference_of(own, version, watch, in_training)
    _refuse_other_kinds(reference, logged)
    if reference.profile.rows < watch.min_rows:
        raise InputError(
            f"training set '{name}': version {reference.version} has "
            f"{reference.profile.rows:,} rows; fewer than {watch.min_rows} tell nothing"
        )
    with step("profiling the log"):
        current = _counted(records, reference, logged, segments, types)
    with step("judging drift"):
        found = _monitored(spec, watch, run_range, reference, current, records, logged, in_training)
        lineage = lineage_of(version.published.manifest)
        shifts = match_shifts(found.findings, lineage, watch)
    return replace(found, definitions=_several_definitions(version), lineage=lineage, shifts=shifts)


def _several_definitions(version: Version) -> Sequence[WrittenDefinition]:
    """Those of the reference's rows, which then are of no single distribution; none where there is one."""
    written = version.published.manifest.get("definitions", ())
    return written if len(written) > 1 else ()


def _unknown_features(watch: Monitoring, version: Version) -> Iterator[str]:
    known = {name.casefold() for name in version.features}
    for name in watch.features:
        if name.casefold() not in known:
            known_names = unknown(name, version.features)
            yield f"monitoring '{watch.name}': features: training set has no feature '{name}'; {known_names}"


def _training_column(segment: str, version: Version) -> str | None:
    """The training set's column that a segment is one of too; what only a log has is held against all rows."""
    part, _, name = segment.rpartition(".")
    if part == "tags" or name in OWN_COLUMNS:
        return None
    columns = {each.casefold(): each for each in version.published.manifest["columns"]}
    found: str | None = columns.get(name.casefold())
    return found


def _refuse_other_kinds(reference: Reference, logged: Mapping[str, Logged]) -> None:
    problems = []
    for name, own in _spelt(reference, logged).items():
        kind = None if own.type is None else kind_of(own.type)
        if kind is not None and kind != reference.kinds[name]:
            problems.append(
                f"log: feature '{name}' is logged as {own.type.simpleString()}, a {kind}, but a "  # type: ignore[union-attr]
                f"{reference.kinds[name]} in the training set; give the log of its own serving"
            )
    if problems:
        raise InputError(problems)


def _spelt(reference: Reference, logged: Mapping[str, Logged]) -> dict[str, Logged]:
    """What is logged, by the names of the reference's features."""
    folded = {name.casefold(): own for name, own in logged.items()}
    return {name: folded[name.casefold()] for name in reference.kinds if name.casefold() in folded}


def _counted(
    records: Records,
    reference: Reference,
    logged: Mapping[str, Logged],
    segments: Mapping[str, Column],
    types: Mapping[int, frozenset[str]] | None,
) -> Profile:
    t = F.col("event_timestamp")
    features = {}
    for name, own in _spelt(reference, logged).items():
        if own.type is None:
            text = reference.kinds[name] == "category"
            features[name] = F.lit(None).cast("string" if text else "double")
        else:
            features[name] = profiled(F.col("features").getField(own.field), own.type, t)
    dimensions = {DAY: frequent(records.rows, utc_date(t).cast("string"), MOST_DAYS)}
    for name, value in segments.items():
        dimensions[name] = frequent(records.rows, value, MOST_SEGMENTS)
    says = F.col("types") if types is None else F.when(F.col("types").isNotNull(), F.xxhash64("types"))
    subject = Subject(records.rows, features, dimensions, says, types or {})
    return counted(subject, reference.profile.bins, records.size)


def _monitored(
    spec: PublishableTrainingSet,
    watch: Monitoring,
    run_range: RunRange,
    reference: Reference,
    current: Profile,
    records: Records,
    logged: Mapping[str, Logged],
    in_training: Mapping[str, str],
) -> Monitored:
    names = list(_spelt(reference, logged))
    groups = [EVERYTHING]
    for segment in watch.segments:
        groups += [
            group
            for group in current.groups(segment)
            if segment not in in_training or group in reference.profile.counts
        ]
    whole, bins = reference.profile.counts, reference.profile.bins
    called = {
        name: merged_names(bins[name], current.names.get(name, {}), reference.profile.names.get(name, {}))
        for name in names
    }

    def found(of: list[Group]) -> list[Finding]:
        return judged(pairs_of(names, bins, whole, current.counts, of, called), watch)

    return Monitored(
        training_set=spec.training_set.name,
        span=str(run_range) if run_range.is_range else None,
        reference=reference,
        rows=records.size,
        foreign_records=records.foreign_records,
        findings=tuple(found(groups)),
        days=tuple(found(current.groups(DAY))),
        missing=tuple(name for name in reference.kinds if name not in names),
    )
