"""Great Expectations as the gate: whether each holds first, rows that break it only of what failed."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timezone
from functools import cache
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType, TimestampType

from skewless.ground.errors import InputError
from skewless.parts.validation.failures import LOOKED_AT, Failure, failure_of, line_of

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")


@dataclass(frozen=True)
class Verdict:
    """What a suite says of the rows. Warnings are failures that do not block; `held` is every other expectation."""

    evaluated: int
    failures: tuple[Failure, ...] = field(default=())

    @property
    def blocking(self) -> tuple[Failure, ...]:
        return tuple(failure for failure in self.failures if failure.blocks)

    @property
    def passed(self) -> bool:
        return not self.blocking


def validate(rows: DataFrame, suite: str, parameters: Mapping[str, Any], keys: Sequence[str] = ()) -> Verdict:
    """Hold the rows against a suite's JSON, `{"$PARAMETER": name}` replaced by `parameters`.

    `keys` are the columns by which a row that breaks an expectation is named. An expectation that raises fails as
    critical, whatever severity it was given: a check that did not run has not passed. Errors: InputError where Great
    Expectations does not take the suite, or would drop a part of it silently.
    """
    context = _context()
    expectations = _loaded(suite)
    # Without persist: the rows are staged Parquet already, and Great Expectations' cache took half as long again.
    source = context.data_sources.add_or_update_spark("staged", persist=False)
    batch = (
        source.add_dataframe_asset("rows")
        .add_batch_definition_whole_dataframe("all")
        .get_batch(batch_parameters={"dataframe": rows})
    )
    # Whether each one holds first, in shared passes; only what does not is asked for values, which costs more each.
    outcome = batch.validate(
        expectations, result_format="BOOLEAN_ONLY", expectation_parameters=dict(parameters)
    )
    failed = [result.expectation_config.to_domain_obj() for result in outcome.results if not result.success]
    # SUMMARY and not COMPLETE, which brings the index of every failing row to the driver.
    form = {
        "result_format": "SUMMARY",
        "include_unexpected_rows": True,
        "partial_unexpected_count": LOOKED_AT,
    }
    failures = []
    for expectation in failed:
        detail = batch.validate(expectation, result_format=form)
        broken = _broken(detail.result, rows.schema)
        failures.append(failure_of(detail.to_json_dict(), broken, keys))
    return Verdict(len(outcome.results), tuple(failures))


def refuse_broken_suite(suite: str) -> None:
    """InputError where `validate` could not hold any rows against this suite: known before Spark is started.

    The configuration has held it against a table already; this is the installed version's own word, which also looks
    into patterns, formats and quantiles.
    """
    _context()
    _loaded(suite)


@cache
def _context() -> Any:
    """What Great Expectations works in, and wants to be there before it reads a suite: one for a process, since each
    takes a tenth of a second and holds nothing but the last rows' place.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context


def _loaded(text: str) -> Any:
    from great_expectations import ExpectationSuite

    # It logs a stack for each expectation that it drops; what is dropped is refused below, in a line.
    logging.getLogger("great_expectations.core.expectation_suite").disabled = True
    document = json.loads(text)
    written = document["expectations"]
    try:
        suite = ExpectationSuite(**document)
    except Exception as error:  # GX raises whatever its validators raise
        raise InputError(f"expectations: not a Great Expectations suite: {line_of(error)}") from error
    known = {expectation.expectation_type for expectation in suite.expectations}
    if lost := [item["type"] for item in written if item["type"] not in known]:
        raise InputError(f"expectations: no such expectation in Great Expectations: {name}" for name in lost)
    if len(suite.expectations) != len(written):
        raise InputError("expectations: Great Expectations drops one of them; it may be written twice")
    return suite


def _broken(details: dict[str, Any], schema: StructType) -> list[Mapping[str, Any]]:
    """The rows that break an expectation, taken out of its result: they are no JSON, and the rest is read as that.

    Spark gives instants as naive datetimes of the machine's zone; a row is looked up in UTC.
    """
    found = details.pop("unexpected_rows", None) or ()
    instants = {each.name for each in schema if isinstance(each.dataType, TimestampType)}
    return [
        {
            name: value.astimezone(timezone.utc) if name in instants and value else value
            for name, value in row.items()
        }
        for row in found
    ]
