"""Late rows, corrections and ties, which no peer knows: a sample of ours held against the rules as plain loops."""

from __future__ import annotations

from datetime import timezone

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from bench.asof.cases import MAX_AGE
from bench.asof.data import Data
from tests.oracles.asof import OracleTable, asof

SAMPLE = 1_000


class OtherWinnerError(Exception):
    """A label event has other values than the rules give it."""


def refuse_other_winners(data: Data, joined: DataFrame) -> None:
    """Hold about a thousand label events, values and all, against the oracle. Errors: OtherWinnerError."""
    every = max(1, data.case.labels // SAMPLE)
    sample = joined.where(F.col("id") % every == 0).toArrow().to_pylist()
    keys = data.spark.createDataFrame([(key,) for key in {row["k"] for row in sample}], "k bigint")
    known = 0
    for table in data.case.tables:
        rows = data.rows(table.name).join(F.broadcast(keys), "k", "left_semi").toArrow().to_pylist()
        spec = OracleTable(
            name=table.name,
            keys=(("k", "k"),),
            event_timestamp="ts",
            available_at="seen",
            max_age=MAX_AGE,
            columns=table.values,
        )
        for row, winner in zip(sample, asof(sample, spec, rows, "ts"), strict=True):
            values = {value: row[f"{table.name}__{value}"] for value in table.values}
            expected = winner or dict.fromkeys(table.values)
            known += winner is not None
            if values != expected:
                moment = row["ts"].astimezone(timezone.utc)
                raise OtherWinnerError(
                    f"{table.name}, label event {row['id']} of {moment}: {values}, not {expected}"
                )
    if not known:
        raise OtherWinnerError("no label event of the sample has a value")
