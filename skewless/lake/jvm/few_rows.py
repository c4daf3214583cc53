"""A bounded number of a Delta table's rows, the same ones every time, from files spread over the whole table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from skewless.lake.jvm.listed_files import files_in, rows_of_listed

FILES = 16
"""Files that are begun to be read where a file holds more than its part: enough to meet each part of a year, and each
is a task."""


class FewRows(NamedTuple):
    """Rows of a table, and how many there are in all: None where Delta's log does not say it."""

    rows: DataFrame
    total: int | None


def few_rows(rows: DataFrame, columns: Sequence[Column], most: int) -> FewRows:
    """At most so many rows of a version of a Delta table; all of them where there are no more.

    Not by a hash of the rows, which reads them all, nor `limit` alone, which takes the first file's: often one day.
    """
    index: Any = rows._jdf.queryExecution().analyzed().collectLeaves().head().relation().location()
    snapshot = index.getSnapshot()
    counts = _counts(rows, snapshot)
    total = None if None in counts.values() else sum(filter(None, counts.values()))
    if total is not None and total <= most:
        return FewRows(rows.select(*columns), total)
    parts = shares(counts, most)
    files = files_in(snapshot, list(parts))
    whole = [file for path, file in files.items() if parts[path] == counts[path]]
    frames = [rows_of_listed(rows, snapshot, whole)] if whole else []
    # In one task a file, so that it is the beginning of the file that is read, and no more of it.
    frames += [
        rows_of_listed(rows, snapshot, [file]).coalesce(1).limit(parts[path])
        for path, file in files.items()
        if parts[path] != counts[path]
    ]
    few = [frame.select(*columns) for frame in frames] or [rows.select(*columns).limit(0)]
    return FewRows(reduce(DataFrame.unionAll, few), total)


def shares(counts: Mapping[str, int | None], most: int) -> dict[str, int]:
    """File → how many of its rows are read, of files at even steps of their sorted paths, and so of partitions.

    >>> shares({"a": 1, "b": 90, "c": 90}, 100)
    {'a': 1, 'b': 49, 'c': 50}

    Many small files are read whole, as many as there is room for.

    >>> len(shares({str(n): 10 for n in range(100)}, 170))
    17
    """
    known = {path: most if count is None else count for path, count in counts.items()}
    paths = sorted(path for path, count in known.items() if count)
    each = max(1, sum(known.values()) // max(1, len(paths)))
    if each * FILES <= most:
        return _that_fit({path: known[path] for path in _at_even_steps(paths, most // each)}, most)
    return _filled({path: known[path] for path in _at_even_steps(paths, FILES)}, most)


def _at_even_steps(paths: Sequence[str], wanted: int) -> list[str]:
    found = min(len(paths), wanted)
    return [paths[place * len(paths) // found] for place in range(found)]


def _that_fit(counts: Mapping[str, int], most: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for path, count in counts.items():
        if count <= most:
            found[path] = count
            most -= count
    return found


def _filled(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """The same share of each; what small ones leave is the others'."""
    found: dict[str, int] = {}
    for place, (path, count) in enumerate(sorted(counts.items(), key=lambda item: (item[1], item[0]))):
        found[path] = min(count, most // (len(counts) - place))
        most -= found[path]
    return {path: share for path, share in found.items() if share}


def _counts(rows: DataFrame, snapshot: Any) -> dict[str, int | None]:
    """File → its rows, as Delta's log has them, None where it does not say."""
    files = DataFrame(snapshot.allFiles().toDF(), rows.sparkSession)
    said = F.get_json_object("stats", "$.numRecords").cast("bigint")
    return {row[0]: row[1] for row in files.select("path", said).collect()}
