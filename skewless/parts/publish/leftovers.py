"""A training set's places → what dead runs have left in them: nothing that is published, or of a run that is alive."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property

from pyspark.sql import SparkSession

from skewless.ground.standard_output import tell
from skewless.lake.local_files import FileEntry
from skewless.lake.sources import delta_table
from skewless.lake.storage import Hadoop
from skewless.parts.publish.first import is_cleared_by_us, is_marker
from skewless.parts.publish.leases import DEAD_AFTER, is_dead
from skewless.parts.publish.places import LEASE, Output
from skewless.serving.errors import first_line

STAGING, FIRST_PUBLICATION, REJECTED, PROFILE, HALF_WRITTEN = (
    "staging",
    "first publication",
    "rejected",
    "profile",
    "half-written file",
)
_RUN_ID = re.compile(r"(\d{8}T\d{6})Z-[0-9a-f]{8}")
_PROFILE = re.compile(r"(\d+)-.*\.json")
_HALF_WRITTEN = re.compile(r"\..*\.tmp")


@dataclass(frozen=True)
class Leftover:
    """What one dead run left: its kind, where it is, and when the run began or last wrote to it.

    `paths` are removed in their order, so that what tells of the rest goes last.
    """

    kind: str
    paths: Sequence[str]
    since: datetime


@dataclass(frozen=True)
class Leftovers:
    """What is found; `now` is the file system's time in milliseconds, `kept_versions` those whose profiles are used."""

    spark: SparkSession
    output: Output
    now: int
    kept_versions: Collection[int] = ()

    def older_than(self, age: timedelta) -> list[Leftover]:
        """All that is at least so old, by kind and time."""
        latest = _moment(self.now) - age
        found = [*self._staged(), *self._first(), *self._rejected(), *self._profiles(), *self._half_written()]
        return [each for each in found if each.since <= latest]

    @property
    def _files(self) -> Hadoop:
        return Hadoop(self.spark)

    def _staged(self) -> Iterator[Leftover]:
        leases = {entry.name for entry in self._leases()}
        # Without a lease nothing says that a run is alive, and nothing that it is dead but its age.
        for entry in self._beside_staged:
            if _RUN_ID.fullmatch(entry.name) and f"{entry.name}{LEASE}" not in leases:
                yield Leftover(STAGING, [self.output.staging(entry.name)], _since(entry))
        yield from self._dead().values()

    @cached_property
    def _beside_staged(self) -> list[FileEntry]:
        return self._files.entries(self.output.stagings)

    def _leases(self) -> list[FileEntry]:
        return [entry for entry in self._beside_staged if entry.name.endswith(LEASE)]

    def _dead(self) -> dict[str, Leftover]:
        return dead_stagings(self._files, self.output, self._beside_staged, self.now)

    def _first(self) -> Iterator[Leftover]:
        """What lies at the table's place without a commit, and the markers of first publications that are over."""
        found = [entry for entry in self._files.entries(self.output.stagings) if is_marker(entry)]
        if not found or not all(
            is_dead(self._files, self.output.stagings, entry, self.now) for entry in found
        ):
            return
        paths = [f"{self.output.stagings}/{entry.name}" for entry in found]
        is_there = delta_table(self.spark, self.output.location) is not None
        if not is_there and is_cleared_by_us(self._files, self.output):
            paths = [self.output.folder, *paths]
        yield Leftover(FIRST_PUBLICATION, paths, _moment(max(entry.modified for entry in found)))

    def _rejected(self) -> Iterator[Leftover]:
        reasons = {entry.name: entry for entry in self._files.entries(self.output.refusals)}
        rows = {entry.name: entry for entry in self._files.entries(self.output.rejections)}
        names = {*rows, *(name.removesuffix(".json") for name in reasons)}
        alive = {entry.name.removesuffix(LEASE) for entry in self._leases()} - {*self._dead()}
        for name in sorted(filter(_RUN_ID.fullmatch, names - alive)):
            entry = rows.get(name) or reasons[f"{name}.json"]
            # The rows first: rows without a reason could be anybody's.
            paths = [self.output.rejected(name)] * (name in rows)
            paths += [f"{self.output.refusals}/{name}.json"] * (f"{name}.json" in reasons)
            yield Leftover(REJECTED, paths, _since(entry._replace(name=name)))

    def _profiles(self) -> Iterator[Leftover]:
        for entry in self._files.entries(self.output.profiles):
            match = _PROFILE.fullmatch(entry.name)
            if match and int(match[1]) not in self.kept_versions:
                yield Leftover(PROFILE, [f"{self.output.profiles}/{entry.name}"], _moment(entry.modified))

    def _half_written(self) -> Iterator[Leftover]:
        for folder in (self.output.manifests, self.output.profiles, self.output.stagings):
            for entry in self._files.entries(folder):
                is_over = self.now - entry.modified > DEAD_AFTER
                if is_over and _HALF_WRITTEN.fullmatch(entry.name):
                    yield Leftover(HALF_WRITTEN, [f"{folder}/{entry.name}"], _moment(entry.modified))


def dead_stagings(
    files: Hadoop, output: Output, entries: Sequence[FileEntry], now: int
) -> dict[str, Leftover]:
    """Run id → its staged rows and its lease, of the runs whose lease says that they are dead."""
    leases = [entry for entry in entries if entry.name.endswith(LEASE)]
    dead = {
        entry.name.removesuffix(LEASE): _moment(entry.modified)
        for entry in leases
        if is_dead(files, output.stagings, entry, now)
    }
    return {
        run_id: Leftover(STAGING, [output.staging(run_id), output.lease(run_id)], since)
        for run_id, since in dead.items()
    }


def sweep(files: Hadoop, output: Output, run_id: str) -> None:
    """Remove what dead runs have staged; `run_id` is of the run that does it and holds its lease."""

    try:
        entries = files.entries(output.stagings)
        # Its own lease was just written, and so tells what time it is where the others were.
        now = max(entry.modified for entry in entries if output.staging(entry.name) == output.lease(run_id))
        for each in dead_stagings(files, output, entries, now).values():
            remove(files, each)
    except OSError as error:  # no run fails of what another has left
        tell(f"{output.stagings}: what dead runs have left stays: {first_line(error)}")


def remove(files: Hadoop, leftover: Leftover) -> None:
    """OSError where something of it cannot be removed; what tells of it then stays."""
    for path in leftover.paths:
        files.delete(path)


def _since(entry: FileEntry) -> datetime:
    """When the run began that an entry is named by; object stores say of every folder that it is of now."""
    match = _RUN_ID.fullmatch(entry.name)
    if match is None:
        return _moment(entry.modified)
    return datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=timezone.utc)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
