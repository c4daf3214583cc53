"""A training set's table → which definitions its rows are of now: from its newest manifest, and what came after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from skewless.ground.names import EVENT_DATE
from skewless.ground.run.commits import RESTORE, Commit, built_by
from skewless.ground.run.half_open import HalfOpen
from skewless.ground.run.manifest import Manifest
from skewless.ground.run.ranges import RunRange
from skewless.lake.sources import delta_table, latest_version
from skewless.parts.publish.definitions import Definition, after, day_of, without
from skewless.parts.publish.history import History, SparkHistory
from skewless.parts.publish.manifest import beside
from skewless.parts.publish.places import Output


@dataclass(frozen=True)
class Standing:
    """The version that stands, None where there is no table, and what built its rows.

    `restored` is the newest version that brought an older one back, as far as Delta's log tells; -1 for none.
    """

    spark: SparkSession
    output: Output
    version: int | None
    definitions: Sequence[Definition]
    restored: int = -1

    @cached_property
    def dates(self) -> frozenset[date | None]:
        """The dates that rows stand in, None where some have no T."""
        return frozenset() if self.version is None else SparkHistory(self.spark, self.output).dates()

    @cached_property
    def held(self) -> list[tuple[Definition, list[date | None]]]:
        """The definitions that some rows are of, each with the dates of those; None for rows without a T."""
        return _held(self.definitions, self.dates)

    @cached_property
    def rows(self) -> DataFrame:
        table = delta_table(self.spark, self.output.location)
        assert table is not None, "asked of a table that stands"
        return table.toDF()

    def others(
        self, fingerprint: str, run_range: RunRange, time: Callable[[DataFrame], Column]
    ) -> list[tuple[Definition, list[date | None]]]:
        """The other definitions that rows outside a range are of: what of each is outside, and the dates of the rows.

        `time` is T of the table's rows.
        """
        left = [each.outside(run_range) for each in self.definitions if each.fingerprint != fingerprint]
        found = [(each, self._dates_held(each, time)) for each in left if not each.is_gone]
        return [(definition, dates) for definition, dates in found if dates]

    def _dates_held(self, definition: Definition, time: Callable[[DataFrame], Column]) -> list[date | None]:
        """Of a date that a definition has but some hours of, its rows have to be asked: others may be of another."""
        dates = definition.dates_of(self.dates)
        parts = [day for day in dates if day is not None and without([day_of(day)], definition.spans)]
        if not parts:
            return dates
        # Other dates are settled by Delta's log alone; only of a date that two definitions may share rows are read.
        t = F.unix_micros(time(self.rows))
        is_own = reduce(
            Column.__or__,
            (
                reduce(Column.__and__, (bound.holds(t) for bound in HalfOpen(*span).instants))
                for span in definition.spans
            ),
        )
        rows = self.rows.where(F.col(EVENT_DATE).isin(parts) & is_own).select(EVENT_DATE).distinct()
        held = {row[EVENT_DATE] for row in rows.collect()}
        return [day for day in dates if day in held or day not in parts]

    def has(self, version: int) -> bool:
        """Whether what a commit wrote is there still, as far as nothing else has been written in its place."""
        return self.version is not None and self.restored < version <= self.version

    def is_of(self, fingerprint: str, run_range: RunRange) -> bool:
        """Whether nothing in the range is of another definition."""
        others = (each for each in self.definitions if each.fingerprint != fingerprint)
        return all(each.outside(run_range) == each for each in others)


def standing_of(spark: SparkSession, output: Output, known: Standing | None = None) -> Standing:
    """What stands now; `known` is what stood before, and is given back where nothing has been committed since."""
    table = delta_table(spark, output.location)
    if table is None:
        return Standing(spark, output, None, ())
    if known is not None and known.version == latest_version(table):
        return known
    history = SparkHistory(spark, output)
    commits = history.commits()
    newest, definitions = _newest(history, commits)
    restored = max((each.version for each in commits if each.operation == RESTORE), default=-1)
    return Standing(spark, output, newest, definitions, restored)


def held_in(history: History) -> list[tuple[Definition, list[date | None]]]:
    """The definitions that some rows of a table are of now, each with the dates of those; None for rows without a T."""
    commits = history.commits()
    return _held(_newest(history, commits)[1], history.dates()) if commits else []


def _newest(history: History, commits: Sequence[Commit]) -> tuple[int, Sequence[Definition]]:
    """The newest version, and the definitions after it."""
    version = max(commit.version for commit in commits)
    return version, _Log({commit.version: commit for commit in commits}, history).definitions(version)


def _held(
    definitions: Sequence[Definition], standing: frozenset[date | None]
) -> list[tuple[Definition, list[date | None]]]:
    found = [(each, each.dates_of(standing)) for each in definitions]
    return [(definition, dates) for definition, dates in found if dates]


@dataclass(frozen=True)
class _Log:
    """The commits that Delta's log tells of, and the manifests beside the table for those that it has forgotten."""

    commits: Mapping[int, Commit]
    history: History

    def definitions(self, version: int) -> list[Definition]:
        """Those after the commit of this version."""
        build = built_by(self.commits.values(), self._manifest, version)
        return [] if build is None else self._written(build.version, build.manifest)

    def _written(self, at: int, manifest: Manifest) -> list[Definition]:
        """As the manifest has them, unless another run's commit came between its reading of the table and its own."""
        follows = manifest.get("follows")
        since = -1 if follows is None else follows
        written = manifest.get("definitions")
        between = range(since + 1, at)
        if written is not None and not any(map(self._decides, between)):
            return [Definition.written(each, at) for each in written]
        found = self.definitions(at - 1 if written is None else since)
        for each in [at] if written is None else [*between, at]:
            found = self._followed(found, each)
        return found

    def _followed(self, found: list[Definition], at: int) -> list[Definition]:
        restored, manifest = self._restored(at), self._manifest(at)
        if restored is not None:
            return self.definitions(restored)
        if manifest is None:
            return found
        fingerprint = manifest.get("serving_plan", {}).get("fingerprint", "")
        return after(found, RunRange.written(manifest), fingerprint, at)

    def _decides(self, at: int) -> bool:
        return self._restored(at) is not None or self._manifest(at) is not None

    def _restored(self, at: int) -> int | None:
        commit = self.commits.get(at)
        return None if commit is None else commit.restored(self.commits.values())

    def _manifest(self, at: int) -> Manifest | None:
        commit = self.commits.get(at)
        return self._beside.get(at) if commit is None else commit.manifest

    @cached_property
    def _beside(self) -> Mapping[int, Manifest]:
        """Read only where Delta's log is too short to tell: a manifest a file."""
        return beside(self.history)
