"""`skewless check --tables`: the configuration held against the tables' own schemas; no row is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pyspark.sql import SparkSession

from skewless.config import Configuration, FeatureTable
from skewless.ground.errors import InputError
from skewless.ground.run.steps import step
from skewless.lake.session import private_session
from skewless.lake.sources import open_source
from skewless.training_set.bind import bind


def table_problems(
    spark: SparkSession, configuration: Configuration, names: Collection[str]
) -> Iterator[str]:
    """What a build would refuse of the tables of these training sets, and of feature tables that none of them joins.

    A training set with whose files something is wrong is passed over: that is told already.
    """
    own, opened = private_session(spark), set()
    refused: dict[str, list[str]] = {}
    with step("opening tables"):
        for name in names:
            try:
                spec = configuration.training_set(name)
            except InputError:
                continue
            opened |= {join.table.name for join in spec.joins}
            try:
                bind(own, spec)
            except InputError as error:
                for problem in error.problems:
                    refused.setdefault(problem, []).append(name)
        for table in configuration.feature_tables.values():
            if table.name not in opened:
                yield from _of_table(own, table)
    # What several training sets have in common, such as a table, is told once.
    for problem, of in refused.items():
        yield (
            f"training set '{of[0]}': {problem}"
            if len(of) == 1
            else f"{problem} (training sets {', '.join(of)})"
        )


def _of_table(spark: SparkSession, table: FeatureTable) -> tuple[str, ...]:
    try:
        open_source(spark, table.source, f"feature table '{table.name}'")
    except InputError as error:
        return tuple(error.problems)
    return ()
