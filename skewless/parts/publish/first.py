"""The first publication, which writes files long before its commit: claimed by a marker, so that what a dead one left
is known for ours, and is cleared by the next.

    marker                      table's folder        the next run
    none                        holds files           refuses them: somebody else's
    held by a living run        holds files           ends with a conflict if no commit has come by when it publishes
    held by a dead run          holds files           clears them and publishes
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from skewless.ground.errors import PublishConflictError, afterwards
from skewless.ground.names import EVENT_DATE
from skewless.lake.sources import delta_table
from skewless.lake.storage import FileEntry, Hadoop
from skewless.lake.tables import SOMETHING, Found
from skewless.parts.publish.leases import claim, give_up, is_dead, now_of, renewed
from skewless.parts.publish.places import FIRST, Output

_MARKER = re.compile(rf"{FIRST}(\d+)")
_OWN_FILES = re.compile(rf"_delta_log|{EVENT_DATE}=.*|part-.*|\..*|_skewless")
"""What a first publication makes in the table's folder; whatever else lies there keeps it from being cleared."""


@contextmanager
def first_publication(spark: SparkSession, output: Output) -> Iterator[None]:
    """Make the table's first files and its first commit inside.

    Errors: PublishConflictError where another run is at it, or has just done it.
    """
    files = Hadoop(spark)
    number = _claimed(files, output)
    marker = output.first_publication(number)
    is_done = False
    # Where it fails the files stay, as tasks may be writing still, and so does the marker.
    with (
        afterwards(lambda: discard_markers(files, output) if is_done else give_up(files, marker)),
        renewed(files, marker),
    ):
        _make_room(spark, files, output, has_dead=number > 0)
        yield
        is_done = True


def _claimed(files: Hadoop, output: Output) -> int:
    """The number of this run's marker: 0, or the next one after that of a dead run.

    Never the same one again: of two that find the same dead run one creates the next file, and the other learns it.
    """
    found = markers(files, output)
    if found and not is_dead(files, output.stagings, found[-1], now_of(files, output.stagings)):
        raise published_meanwhile(output)
    if not found and files.list(output.folder):
        # Somebody's since the run began. With a marker of ours beside them they would be cleared.
        raise published_meanwhile(output)
    number = _number(found[-1]) + 1 if found else 0
    if not claim(files, output.first_publication(number)):
        raise published_meanwhile(output)
    return number


def _make_room(spark: SparkSession, files: Hadoop, output: Output, *, has_dead: bool) -> None:
    # Again, now that nobody else can: another may have committed, and dropped its marker, since it was looked for.
    if delta_table(spark, output.location) is not None:
        raise published_meanwhile(output)
    if has_dead and is_cleared_by_us(files, output):
        files.delete(output.folder)


def is_first_publication(spark: SparkSession, output: Output, found: Found | None = None) -> bool:
    """Whether what lies at the place of the table is of a first publication without a commit, and nothing else is."""
    if found is not None and found.what != SOMETHING:
        return False
    files = Hadoop(spark)
    return bool(markers(files, output)) and is_cleared_by_us(files, output)


def is_cleared_by_us(files: Hadoop, output: Output) -> bool:
    """Whether the table's folder holds nothing but what a first publication makes."""
    return all(_OWN_FILES.fullmatch(name) for name in files.list(output.folder))


def markers(files: Hadoop, output: Output) -> list[FileEntry]:
    """The markers of first publications, in the order of their numbers; the last one holds."""
    return sorted(filter(is_marker, files.entries(output.stagings)), key=_number)


def is_marker(entry: FileEntry) -> bool:
    return _MARKER.fullmatch(entry.name) is not None


def discard_markers(files: Hadoop, output: Output) -> None:
    """Remove all markers, the newest last: until then it holds."""
    for marker in markers(files, output):
        files.delete(f"{output.stagings}/{marker.name}")


def published_meanwhile(output: Output) -> PublishConflictError:
    return PublishConflictError(
        f"output '{output.location}': another run published the same rows meanwhile; "
        "nothing of this run is visible, run it again"
    )


def _number(marker: FileEntry) -> int:
    match = _MARKER.fullmatch(marker.name)
    assert match is not None, "asked of markers"
    return int(match[1])
