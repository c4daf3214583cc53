"""Passes over Arrow batches in Spark's Python workers, without what a task would otherwise do again and again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from zipimport import zipimporter

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

Batches = Iterator[pa.RecordBatch]


def map_in_arrow(
    rows: DataFrame, kernel: Callable[[Batches], Iterable[pa.RecordBatch]], schema: StructType | str
) -> DataFrame:
    """`DataFrame.mapInArrow`, whose tasks begin without the wait that `forget_zips` is about."""

    @wraps(kernel)  # a plan calls the pass by its name
    def task(batches: Iterable[pa.RecordBatch]) -> Batches:
        forget_zips()
        yield from kernel(iter(batches))

    return rows.mapInArrow(task, schema)


def forget_zips() -> None:
    """Drop the importers of jars, and of folders inside zips, from Python's cache; called where a task of ours begins.

    Spark has Python look for new modules before each task (`importlib.invalidate_caches`), and up to Python 3.12 every
    importer of a zip, or of a folder in one, then reads the list of the whole zip anew. Spark puts on Python's path
    pyspark.zip, of which 15 folders are imported, and every jar of `spark.jars.packages`, 33 with Delta: 0.4 s of each
    task, more than most tasks do. Whatever is imported later makes its importer again, from the list that is kept.
    The zips themselves stay, so that a module which is new in one of them is found.
    """
    for place, finder in list(sys.path_importer_cache.items()):
        if isinstance(finder, zipimporter) and (finder.prefix or finder.archive.endswith(".jar")):
            sys.path_importer_cache.pop(place, None)
