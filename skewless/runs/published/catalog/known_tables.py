"""What can be known of a table without reading a row: columns, the versions that builds published, statistics.

A table on this machine is asked through delta-rs, where that is installed: a catalog in seconds, without a JVM. Any
other is asked through Spark, which knows no statistics of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from skewless.ground.errors import InputError, NoTableError
from skewless.ground.run.commits import OWNER
from skewless.lake.delta_rs import ColumnStatistics, DeltaRsTable, is_asked_here
from skewless.parts.publish import LocalHistory, read_manifests
from skewless.runs.published.catalog.known_table import KnownColumn, KnownTable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SPELT = {"long": "bigint", "integer": "int", "short": "smallint", "byte": "tinyint"}
_SPARK = Callable[[], "SparkSession"]


class Tables:
    """Each table once. What cannot be read is a note and a table of which nothing is known: the page is written all the
    same, since nothing in it depends on one table.
    """

    def __init__(self, spark: _SPARK) -> None:
        self._spark = spark
        self._known: dict[tuple[str, bool], KnownTable] = {}
        self.notes: list[str] = []

    def feature_table(self, subject: str, location: str) -> KnownTable:
        return self._asked(subject, location, is_output=False)

    def training_set(self, name: str, location: str) -> KnownTable:
        return self._asked(f"training set '{name}'", location, is_output=True)

    def _asked(self, subject: str, location: str, *, is_output: bool) -> KnownTable:
        if (location, is_output) not in self._known:
            self._known[location, is_output] = self._read(subject, location, is_output=is_output)
        return self._known[location, is_output]

    def _read(self, subject: str, location: str, *, is_output: bool) -> KnownTable:
        try:
            if is_asked_here(location):
                table = DeltaRsTable.at(location)
                return _published_locally(table, subject) if is_output else KnownTable(_columns(table))
            from skewless.runs.published.catalog.asked_of_spark import columns_of, published_in

            spark = self._spark()
            return published_in(spark, location) if is_output else columns_of(spark, location, subject)
        except NoTableError:
            if not is_output:
                self.notes.append(f"{subject}: there is no Delta table at `{location}`")
        except InputError as error:
            self.notes.extend(f"{subject}: {problem}" for problem in error.problems)
        return KnownTable()


def statistics_of(location: str) -> Mapping[str, ColumnStatistics]:
    """What the files of a table on this machine say of its columns; nothing of any other, or of one that delta-rs does
    not read, as one whose log has lost commits.
    """
    try:
        return DeltaRsTable.at(location).statistics() if is_asked_here(location) else {}
    except (InputError, NoTableError):
        return {}


def _published_locally(table: DeltaRsTable, subject: str) -> KnownTable:
    if table.property_of(OWNER) is None:
        raise InputError(f"`{table.location}` holds a table that is no training set of skewless")
    published, _ = read_manifests(LocalHistory(table))
    return KnownTable(_columns(table), published, table.statistics())


def _columns(table: DeltaRsTable) -> list[KnownColumn]:
    return [
        KnownColumn(each["name"], spelt_type(each["type"]), str(each["metadata"].get("comment", "")))
        for each in table.fields()
    ]


def spelt_type(kind: Any) -> str:
    """A type of Delta's log as Spark's `simpleString` spells it.

    >>> spelt_type({"type": "array", "elementType": "long", "containsNull": True})
    'array<bigint>'
    """
    if isinstance(kind, str):
        return _SPELT.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{spelt_type(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{spelt_type(kind['keyType'])},{spelt_type(kind['valueType'])}>"
    fields = ",".join(f"{each['name']}:{spelt_type(each['type'])}" for each in kind["fields"])
    return f"struct<{fields}>"
