"""A version's manifest → where each of its columns comes from: a feature table, a function, or the label events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from skewless.serving.plan.document.result_columns import joined


@dataclass(frozen=True)
class Lineage:
    """As-name → the columns of the row that was joined, and those of windows; function → its inputs."""

    rows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    windows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def table_of(self, column: str) -> str | None:
        """The as-name of the table that a column comes from; None for functions and columns of the label event."""
        return next(
            (table for of in (self.rows, self.windows) for table, columns in of.items() if column in columns),
            None,
        )

    def behind(self, name: str) -> set[str]:
        """All that a function takes, also by way of other functions; nothing for a column."""
        found: set[str] = set()
        left = list(self.inputs.get(name, ()))
        while left:
            taken = left.pop()
            if taken not in found:
                found.add(taken)
                left += self.inputs.get(taken, ())
        return found

    def reached_by(self, table: str, names: Iterable[str]) -> list[str]:
        """Those of the names that are of the table: its columns, its windows, and functions that take one of them."""
        own = {*self.rows.get(table, ()), *self.windows.get(table, ())}
        return [name for name in names if name in own or self.behind(name) & own]


NO_LINEAGE = Lineage()


def lineage_of(manifest: Mapping[str, Any]) -> Lineage:
    """By the serving plan in the manifest."""
    plan = manifest["serving_plan"]
    tables, functions = plan["feature_tables"], plan["features"]["functions"]
    return Lineage(
        {each["name"]: tuple(joined(each["name"], name) for name in each["columns"]) for each in tables},
        {
            each["name"]: tuple(joined(each["name"], own["name"]) for own in each["aggregations"])
            for each in tables
        },
        {each["name"]: tuple(each["inputs"]) for each in functions},
    )
