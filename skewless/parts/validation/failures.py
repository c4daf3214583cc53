"""What Great Expectations says of an expectation that does not hold → what is told of it, without Spark.

What names a row and counts is kept apart from values of the data: the first may stand in a shared log, the second not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

SAMPLE_ROWS = 5
MOST_VALUES = 20
LOOKED_AT = 200
"""Breaking rows whose values are counted: Great Expectations brings no more, and a column may hold as many values as
rows."""


@dataclass(frozen=True)
class Failure:
    """An expectation that does not hold. `observed` and `spread` hold counts and figures, no values of rows.

    `columns` are those it is about. `rows` are up to five that break it, each as (key, its values of the columns);
    `values` are the most frequent offending ones with their number of rows, None where it is not known.
    `spread` says how many different ones were seen, and in how many rows; it is empty where rows are not judged singly.
    """

    expectation: str
    arguments: Mapping[str, Any]
    severity: str
    observed: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = field(default=())
    values: tuple[tuple[str, int | None], ...] = field(default=())
    spread: str = ""

    @property
    def blocks(self) -> bool:
        return self.severity == "critical"

    def __str__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.expectation}({arguments}): {self.observed}"


def failure_of(
    result: Mapping[str, Any], broken: Sequence[Mapping[str, Any]], keys: Sequence[str]
) -> Failure:
    """The result of an expectation as Great Expectations writes it, with rows that break it, known by their `keys`.

    An expectation that raised is critical, whatever severity it was given.
    """
    config = result["expectation_config"]
    arguments = {key: value for key, value in config["kwargs"].items() if key != "batch_id"}
    columns = _columns_of(arguments)
    if problem := _raised(result):
        return Failure(config["type"], arguments, "critical", problem, columns)
    details = result.get("result") or {}
    counted = Counter(_named(row, columns) for row in broken) if columns else Counter()
    values: list[tuple[str, int | None]] = list(counted.most_common(MOST_VALUES))
    return Failure(
        config["type"],
        arguments,
        config.get("severity", "critical"),
        _observed(details),
        columns,
        tuple((_named(row, keys), _named(row, columns)) for row in broken[:SAMPLE_ROWS]),
        tuple(values or _observed_values(details)),
        _spread(len(counted), len(broken), details.get("unexpected_count", 0)) if counted else "",
    )


def line_of(error: object) -> str:
    """An error's message in a line, cut to what one can read."""
    return " ".join(str(error).split())[:300]


def _raised(result: Mapping[str, Any]) -> str | None:
    """What kept it from being evaluated: some exceptions are filed under a metric's id instead of at the top."""
    info = result.get("exception_info") or {}
    nested = [each for each in info.values() if isinstance(each, Mapping)]
    for each in (*nested, info):
        if each.get("raised_exception"):
            return f"could not be evaluated: {line_of(each.get('exception_message'))}"
    return None


def _observed(details: Mapping[str, Any]) -> str:
    """How many rows break it, or the figure that was found. Other findings are values of rows."""
    if "unexpected_count" in details:
        return f"{details['unexpected_count']:,} of {details.get('element_count', 0):,} rows"
    found = details.get("observed_value")
    return f"found {found!r}" if isinstance(found, (int, float)) else "found something else"


def _observed_values(details: Mapping[str, Any]) -> list[tuple[str, None]]:
    found = details.get("observed_value")
    if found is None or isinstance(found, (int, float)):
        return []
    each = found if isinstance(found, list) else [found]
    return [(_text(value), None) for value in each[:MOST_VALUES]]


def _spread(distinct: int, looked_at: int, broken: int) -> str:
    values = f"{distinct:,} different {'value' if distinct == 1 else 'values'}"
    return f"{values} in the first {looked_at:,} of them" if looked_at < broken else values


def _columns_of(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    named = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    return tuple(named or arguments.get("column_list", ()))


def _named(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    return ", ".join(f"{name}={_text(row[name])}" for name in columns if name in row)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    return value.isoformat() if isinstance(value, date) else str(value)
