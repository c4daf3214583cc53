"""What `--where` is about: the label events, or the published rows where it names a column that only those have."""

from __future__ import annotations

from typing import NamedTuple

from pyspark.sql import DataFrame, SparkSession

from skewless.ground.errors import InputError
from skewless.ground.names import unknown
from skewless.parts.publish import Output, standing_of
from skewless.parts.spine import columns_named
from skewless.training_set.opened import OpenedTrainingSet


class Searched(NamedTuple):
    """Rows, and the published version that they are of; None for label events."""

    rows: DataFrame
    version: int | None


def searched_rows(spark: SparkSession, opened: OpenedTrainingSet, where: str) -> Searched:
    """Label events where they have every column that `where` names, since those need not be published yet.

    Errors: InputError for a column that the published rows lack too, or that they may have once there are any.
    """
    missing = _missing(opened.events, where)
    if missing is None:
        return Searched(opened.events, None)
    output = opened.spec.training_set.output
    standing = None if output is None else standing_of(spark, Output.at(spark, output))
    if standing is None or standing.version is None:
        raise InputError(
            f"--where {where!r}: label events have no column '{missing}', {unknown(missing, opened.events.columns)}; "
            "nothing is published yet, whose columns could be named too"
        )
    missing = _missing(standing.rows, where)
    if missing is not None:
        raise InputError(
            f"--where {where!r}: version {standing.version} has no column '{missing}'; "
            f"{unknown(missing, standing.rows.columns)}"
        )
    return Searched(standing.rows, standing.version)


def _missing(rows: DataFrame, where: str) -> str | None:
    known = {name.casefold() for name in rows.columns}
    return next((name for name in columns_named(rows, where) if name.casefold() not in known), None)
