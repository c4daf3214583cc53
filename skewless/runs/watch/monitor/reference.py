"""A published version → the profile that the log is held against, computed when first asked for and kept with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from skewless.config import Monitoring, PublishableTrainingSet
from skewless.ground.errors import InputError
from skewless.ground.instants import instant
from skewless.ground.names import EVENT_DATE, LOGGED_FEATURES
from skewless.ground.spark_columns import column, spelt
from skewless.ground.standard_output import tell
from skewless.lake.failures import as_unreadable
from skewless.lake.jvm.causes import READ_ERRORS
from skewless.lake.jvm.listed_files import spread_files
from skewless.lake.sources import read_version
from skewless.lake.storage import Hadoop
from skewless.parts.profile.values import kind_of, profiled
from skewless.parts.publish import Output, Published, SparkHistory, read_manifests
from skewless.runs.watch.monitor.profile.counting import Subject, counted, laid_out
from skewless.runs.watch.monitor.profile.profile import Profile, Reference
from skewless.training_set.fingerprints import fingerprints_of

FORMAT = 2
MOST_VALUES = 50
"""Values of a segment that have a profile of their own: the most frequent ones."""


@dataclass(frozen=True)
class Version:
    """A published version of a training set, and where it is."""

    output: Output
    published: Published
    fingerprints: frozenset[str]

    @property
    def labels(self) -> Mapping[str, Any]:
        labels: Mapping[str, Any] = self.published.manifest["spec"]["training_set"]["labels"]
        return labels

    @cached_property
    def not_features(self) -> set[str]:
        """Columns that say who, when and what came of it, in lower case."""
        labels = self.labels
        names = [*labels["entity_keys"], labels["event_timestamp"], *labels["label_columns"]]
        return {
            name.casefold()
            for name in (*names, labels.get("label_available_at") or "", EVENT_DATE, LOGGED_FEATURES)
        }

    @property
    def features(self) -> list[str]:
        """The columns that a log may have as features, in the table's order."""
        columns = self.published.manifest["columns"]
        return [name for name in columns if name.casefold() not in self.not_features]


def version_of(spark: SparkSession, spec: PublishableTrainingSet, watch: Monitoring) -> Version:
    """The version that is the reference, by default the newest. Errors: InputError where there is none."""
    name, output = spec.training_set.name, Output.at(spark, spec.output)
    versions, _ = read_manifests(SparkHistory(spark, output))
    if not versions:
        raise InputError(f"training set '{name}': nothing is published to compare with; build it first")
    wanted = watch.reference_version
    found = versions[-1] if wanted is None else next((v for v in versions if v.version == wanted), None)
    if found is None:
        known = ", ".join(str(item.version) for item in versions)
        raise InputError(f"monitoring '{name}': reference_version: no version {wanted}; there are {known}")
    fingerprints = frozenset(text for item in versions for text in fingerprints_of(item.manifest))
    return Version(output, found, fingerprints)


def reference_of(
    spark: SparkSession, version: Version, watch: Monitoring, segments: Mapping[str, str]
) -> Reference:
    """The version's profile; `segments` are dimension → column of the training set.

    Kept in the training set's folder, under the settings that it depends on. Where it cannot be kept this is said, and
    it is computed again next time. Errors: InputError where the version's files are gone.
    """
    path = f"{version.output.profiles}/{version.published.version:020d}-{_settings(version, watch, segments)}.json"
    kept = _kept(spark, path, version)
    if kept is not None:
        return kept
    try:
        reference = _profiled(spark, version, watch, segments)
    except READ_ERRORS as error:
        subject = f"training set: version {version.published.version} cannot be read any more"
        raise as_unreadable(error, subject) from error
    try:
        Hadoop(spark).write(path, json.dumps(reference.to_json()))
    except OSError as error:
        tell(f"the profile cannot be kept in {path}: {error}")
    return reference


def _kept(spark: SparkSession, path: str, version: Version) -> Reference | None:
    folder, _, name = path.rpartition("/")
    files = Hadoop(spark)
    if name not in files.list(folder):
        return None
    # By the run too: a table built anew at the same place has a version of the same number.
    try:
        reference = Reference.from_json(json.loads(files.read(path)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:  # torn, or somebody else's
        tell(f"the profile kept in {path} cannot be read, and is made again: {error}")
        return None
    return reference if reference.run_id == version.published.manifest["run_id"] else None


def _settings(version: Version, watch: Monitoring, segments: Mapping[str, str]) -> str:
    own = {name: [watch.of(name).bins, watch.of(name).categories] for name in version.features}
    content = [FORMAT, own, watch.known_categories, dict(segments)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _profiled(
    spark: SparkSession, version: Version, watch: Monitoring, segments: Mapping[str, str]
) -> Reference:
    number = version.published.version
    rows = read_version(spark, version.output.location, number)
    types = {field.name: field.dataType for field in rows.schema}
    names = [spelt(name, rows.schema) for name in version.features]
    t = _time(version, rows)
    features = {name: profiled(column(name), types[name], t) for name in names}
    days = {str(row[EVENT_DATE]): row["count"] for row in rows.groupBy(EVENT_DATE).count().collect()}
    dimensions = {
        dimension: frequent(rows, F.coalesce(column(name).cast("string"), F.lit("(null)")), MOST_VALUES)
        for dimension, name in segments.items()
    }
    subject = Subject(rows, features, dimensions)
    size = sum(days.values())
    profile = Profile(0, {}, {})
    if names:
        # Bins from some files, counts from all rows: quantiles of everything would be a second pass, and bins need
        # not be exact.
        some = Subject(spread_files(rows), features)
        bins = laid_out(some, lambda n: watch.of(n).bins or 0, lambda n: watch.of(n).categories or 0)
        profile = counted(subject, bins, size, watch.known_categories)
    kinds = {name: kind_of(types[name]) for name in names}
    return Reference(number, version.published.manifest["run_id"], profile, days, kinds)


def _time(version: Version, rows: DataFrame) -> Column:
    name = spelt(version.labels["event_timestamp"], rows.schema)
    data_type: DataType = rows.schema[name].dataType
    return instant(column(name), data_type, version.labels.get("timezone"))


def frequent(rows: DataFrame, value: Column, most: int) -> Column:
    """The value where it is one of the most frequent ones, else null."""
    counts = rows.groupBy(value.alias("value")).count().orderBy(F.desc("count"), "value").limit(most)
    kept = [row["value"] for row in counts.collect()]
    return F.when(value.isin(kept), value)
