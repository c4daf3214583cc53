"""Great Expectations as the gate: evaluated on summaries, sample rows fetched only for what failed."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from skewless.ground.errors import InputError

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold: what it says, what was observed, and rows that break it."""

    expectation: str
    arguments: Mapping[str, Any]
    severity: str
    observed: str
    rows: tuple[Mapping[str, Any], ...] = ()

    @property
    def blocks(self) -> bool:
        return self.severity == "critical"

    def __str__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.expectation}({arguments}): {self.observed}"


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


def validate(rows: DataFrame, suite: str, parameters: Mapping[str, Any]) -> Verdict:
    """Hold the rows against a suite's JSON, `{"$PARAMETER": name}` replaced by `parameters`.

    An expectation that raises fails as critical, whatever severity it was given: a check that did not run has not
    passed. Errors: InputError where Great Expectations does not take the suite, or would drop a part of it silently.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    expectations = _loaded(suite)
    # Without persist: the rows are staged Parquet already, and Great Expectations' cache took half as long again.
    source = context.data_sources.add_spark("staged", persist=False)
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
    details = [batch.validate(expectation, result_format="SUMMARY") for expectation in failed]
    failures = [
        _failure(detail.to_json_dict(), detail.result.get("partial_unexpected_list") or (), rows)
        for detail in details
    ]
    return Verdict(len(outcome.results), tuple(failures))


def refuse_broken_suite(suite: str) -> None:
    """InputError where `validate` could not hold any rows against this suite: known before Spark is started.

    The configuration has held it against a table already; this is the installed version's own word, which also looks
    into patterns, formats and quantiles.
    """
    import great_expectations as gx

    gx.get_context(mode="ephemeral")
    _loaded(suite)


def _loaded(text: str) -> Any:
    from great_expectations import ExpectationSuite

    # It logs a stack for each expectation that it drops; what is dropped is refused below, in a line.
    logging.getLogger("great_expectations.core.expectation_suite").disabled = True
    document = json.loads(text)
    written = document["expectations"]
    try:
        suite = ExpectationSuite(**document)
    except Exception as error:  # GX raises whatever its validators raise
        raise InputError(f"expectations: not a Great Expectations suite: {_line(error)}") from error
    known = {expectation.expectation_type for expectation in suite.expectations}
    if lost := [item["type"] for item in written if item["type"] not in known]:
        raise InputError(f"expectations: no such expectation in Great Expectations: {name}" for name in lost)
    if len(suite.expectations) != len(written):
        raise InputError("expectations: Great Expectations drops one of them; it may be written twice")
    return suite


def _failure(result: Mapping[str, Any], unexpected: Sequence[Any], rows: DataFrame) -> Failure:
    config = result["expectation_config"]
    raised = (result.get("exception_info") or {}).get("raised_exception") or _nested_exception(result)
    arguments = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    severity = "critical" if raised else config.get("severity", "critical")
    broken = _breaking_rows(_columns_of(arguments), unexpected, rows) if unexpected else ()
    return Failure(config["type"], arguments, severity, _observed(result, raised), broken)


def _nested_exception(result: Mapping[str, Any]) -> str | None:
    """The message of an exception that Great Expectations files under a metric's id instead of at the top."""
    info = result.get("exception_info") or {}
    nested = [
        value for value in info.values() if isinstance(value, Mapping) and value.get("raised_exception")
    ]
    return str(nested[0].get("exception_message")) if nested else None


def _observed(result: Mapping[str, Any], raised: Any) -> str:
    if raised:
        info = result.get("exception_info") or {}
        return f"could not be evaluated: {_line(_nested_exception(result) or info.get('exception_message'))}"
    details = result.get("result") or {}
    if "unexpected_count" in details:
        sample = ", ".join(repr(value) for value in details.get("partial_unexpected_list", [])[:SAMPLE_ROWS])
        return f"{details['unexpected_count']} of {details.get('element_count')} rows, such as {sample or 'null'}"
    return f"found {details.get('observed_value')!r}"


def _breaking_rows(
    columns: Sequence[str], values: Sequence[Any], rows: DataFrame
) -> tuple[Mapping[str, Any], ...]:
    """Whole rows that hold some of the values which break an expectation, fetched by value, not by index."""
    holds = F.lit(False)
    for value in values[:SAMPLE_ROWS]:
        parts = [value[name] for name in columns] if isinstance(value, Mapping) else value
        parts = list(parts) if len(columns) > 1 else [parts]
        same = F.lit(True)
        for name, part in zip(columns, parts, strict=False):
            same &= F.col(f"`{name}`").eqNullSafe(F.lit(part))
        holds |= same
    try:
        return tuple(row.asDict(recursive=True) for row in rows.where(holds).take(SAMPLE_ROWS))
    except PySparkException:  # a value that no literal can hold: the failure is named all the same
        return ()


def _columns_of(arguments: Mapping[str, Any]) -> list[str]:
    pair = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    return pair or list(arguments.get("column_list", ()))


def _line(error: object) -> str:
    return " ".join(str(error).split())[:300]
