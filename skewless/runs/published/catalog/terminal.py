"""The features of a training set's newest version, a line each, for `skewless show`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from skewless.config import PublishableTrainingSet
from skewless.ground.run.commits import Published
from skewless.runs.published.catalog.definitions import DefinedSet
from skewless.runs.published.catalog.entries import Entry
from skewless.runs.published.catalog.known_table import KnownTable
from skewless.runs.published.catalog.known_tables import Tables, statistics_of
from skewless.serving.errors import FeatureError
from skewless.serving.sets.feature_set import FeatureSet

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def columns_of(
    spec: PublishableTrainingSet, newest: Sequence[Published], spark: Callable[[], SparkSession]
) -> list[Entry]:
    """Those of its features, as they are defined now, that the newest version holds; none of a training set that has no
    version, and none where its feature modules are refused: what was published is shown all the same.
    """
    if not newest:
        return []
    try:
        features = FeatureSet.from_modules(spec.training_set.features)
    except FeatureError:
        return []
    published = KnownTable(versions=newest, statistics=statistics_of(spec.output))
    found = DefinedSet.among(spec, features, published, Tables(spark)).entries()
    return [each for each in found if each.holders[0].versions]


def column_lines(columns: Sequence[Entry]) -> Iterator[str]:
    """Name, type, null share where it is known, and what it is."""
    widest = max((len(each.name) for each in columns), default=0)
    for each in columns:
        share = each.holders[0].null_share
        nulls = "" if share is None else f"{share:.2%} null"
        what = (each.description or each.computed).partition("\n")[0]
        yield f"  column        {each.name:<{widest}}  {each.type or '?':<9}  {nulls:>12}  {what}"
