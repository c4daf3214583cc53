"""A label query as Spark's analyser reads it → why it would give other rows in another run, found before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pyspark.sql import DataFrame

from skewless.parts.spine.row_predicate import (
    CLOCK,
    SESSION,
    name_of,
    reads_beside_its_row,
    word_of_the_clock,
)

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHANCE = re.compile(r"\b(tablesample)\b(?!\s*\([^)]*\)\s*repeatable\b)", re.IGNORECASE)


def query_problem(rows: DataFrame, query: str) -> str | None:
    """Why this query, whose rows these are, is none that gives the same rows on every run over the same versions.

    Functions that read the clock or the session are found wherever they stand, in subqueries and common tables too.
    """
    if word := word_of_the_clock(query):
        return f"{word} {CLOCK}"
    # The plan has a seed either way.
    if _CHANCE.search(_QUOTED.sub(" ", query)):
        return "TABLESAMPLE gives other rows each time; use sample, or add REPEATABLE"
    plan: Any = rows._jdf.queryExecution().analyzed()
    jvm: Any = rows.sparkSession._jvm
    patterns = jvm.org.apache.spark.sql.catalyst.trees.TreePattern
    may_read = plan.containsPattern(patterns.CURRENT_LIKE()) or word_of_the_clock(query, anywhere=True)
    if may_read and (found := next(_reads(plan), None)):
        return found
    return None if plan.deterministic() else "gives other rows each time; remove what is random"


def _reads(plan: Any) -> Iterator[str]:
    """What of the plan reads the clock or the session: for plans that do, since each look is a call to the JVM."""
    for expression in _each(plan.expressions()):
        yield from _reads_of(expression)
    for child in (*_each(plan.children()), *_each(plan.subqueries())):
        yield from _reads(child)


def _reads_of(expression: Any) -> Iterator[str]:
    reason = reads_beside_its_row(expression)
    if reason in (CLOCK, SESSION):
        yield f"{name_of(expression)} {reason}"
    for child in _each(expression.children()):
        yield from _reads_of(child)


def _each(found: Any) -> list[Any]:
    return [found.apply(place) for place in range(found.size())]
