"""The names and the order of the columns that joins and functions add to label events, in Spark and in serving."""

from __future__ import annotations

from collections.abc import Iterable


def joined(table: str, column: str) -> str:
    """The result column of a joined table's column or aggregation.

    >>> joined("weather", "temp")
    'weather__temp'
    """
    return f"{table}__{column}"


def columns_of_table(table: str, columns: Iterable[str], aggregations: Iterable[str]) -> list[str]:
    """A joined table's result columns: its selected columns, then its aggregations.

    >>> columns_of_table("weather", ["temp"], ["n_7d"])
    ['weather__temp', 'weather__n_7d']
    """
    return [joined(table, name) for name in (*columns, *aggregations)]


def feature_columns(tables: Iterable[Iterable[str]], functions: Iterable[str]) -> list[str]:
    """Those of every table, table by table, then the functions in the order of their definition."""
    return [*(column for table in tables for column in table), *functions]
