"""A predicate as text, over label events → why it is none that a row alone decides, found before anything runs.

Spark's own parser and analyser say what the text calls, so that comments, quotes, case and prefixes hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.errors import PySparkException, QueryContextType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType

from skewless.ground.errors import InputError
from skewless.lake.jvm.causes import reason_of

ALONE = "a predicate reads the columns of its own row alone"
CALLS_OUT = "runs code outside of Spark"
SESSION = "reads the session, which is another one in another run"
CLOCK = "reads the clock; use --as-of and label_available_at, or a literal"
OWN = "is a function of this session's own, which another run may lack"
MAKES_ROWS = "makes rows"
READS_ROWS = "reads other rows"

BY_EXPRESSION = {
    **dict.fromkeys(("CallMethodViaReflection", "TryReflect"), CALLS_OUT),
    **dict.fromkeys(("ScalarSubquery", "Exists", "ListQuery", "InSubquery"), READS_ROWS),
    **dict.fromkeys(("WindowExpression", "UnresolvedWindowExpression"), READS_ROWS),
    **dict.fromkeys(("AggregateExpression", "ScalaAggregator"), READS_ROWS),
    **dict.fromkeys(("TimeWindow", "SessionWindow"), MAKES_ROWS),
    **dict.fromkeys(("PythonUDF", "ScalaUDF", "HiveSimpleUDF", "HiveGenericUDF", "SQLScalarFunction"), OWN),
    **dict.fromkeys(("ApplyFunctionExpression",), OWN),
    **dict.fromkeys(("CurrentDate", "CurrentTimestamp", "CurrentTime", "Now", "LocalTimestamp"), CLOCK),
    **dict.fromkeys(("CurrentUser", "CurrentDatabase", "CurrentCatalog", "VariableReference"), SESSION),
}
"""Spark's class of an expression → what it does that no predicate may."""
BY_GROUP = {"agg_funcs": READS_ROWS, "window_funcs": READS_ROWS, "generator_funcs": MAKES_ROWS}
"""Spark's group of a function → the same."""
NAMES = {"InSubquery": "IN (SELECT …)", "ListQuery": "IN (SELECT …)", "Exists": "EXISTS (SELECT …)"} | {
    "ScalarSubquery": "(SELECT …)",
    "WindowExpression": "OVER",
    "UnresolvedWindowExpression": "OVER",
}
"""What has no name of a function, as it is written."""

MAKES_A_TIME = ("Cast", "ParseToDate", "ParseToTimestamp")
WORD = r"(?:now|today|tomorrow|yesterday)\b"
_TYPED_WORD = re.compile(rf"\b(?:date|timestamp(?:_ltz|_ntz)?)\s*'\s*{WORD}[^']*'", re.IGNORECASE)
_QUOTED_WORD = re.compile(rf"['\"]\s*{WORD}", re.IGNORECASE)


def word_of_the_clock(sql: str, *, anywhere: bool = False) -> str | None:
    """A literal such as TIMESTAMP 'now', which Spark's parser replaces by a time, so that no plan shows it.

    With `anywhere` also the word alone in quotes, which reads the clock where it is made a time, and else is a text.

    >>> word_of_the_clock("t < timestamp 'now' OR c = 'now'"), word_of_the_clock("c = 'now'")
    ("timestamp 'now'", None)
    """
    found = (_QUOTED_WORD if anywhere else _TYPED_WORD).search(sql)
    return found and found[0]


def predicate_problem(events: DataFrame, where: str) -> str | None:
    """Why this text is no condition that the columns of one label event decide, the same on every run; else None.

    Functions that call out, subqueries, window functions, aggregates, generators, functions that are random, read the
    clock or the session, and functions of the session's own are named. What the text names is judged before Spark
    resolves it: to resolve a subquery on a path would read it.
    """
    if word := word_of_the_clock(where):
        return f"{word} {CLOCK}"
    try:
        parsed = _session(events).sessionState().sqlParser().parseExpression(where)
        if problem := next(_problems(events, parsed), None):
            return problem
        selected = events.select(F.expr(where).alias("wanted"))
    except PySparkException as error:
        return reason_of(error)
    analysed = selected._jdf.queryExecution().analyzed()
    expressions = _each(analysed.expressions())
    if problem := next(_problems(events, expressions[-1]), None):
        return problem
    if not _adds_one_column(analysed, events._jdf.queryExecution().analyzed()):
        return f"it {READS_ROWS}, or {MAKES_ROWS}; {ALONE}"
    data_type = selected.schema["wanted"].dataType
    return None if isinstance(data_type, BooleanType) else f"is {data_type.simpleString()}, not a condition"


def columns_named(rows: DataFrame, where: str) -> list[str]:
    """The columns that a predicate names, whether the rows have them or not; none of a text that cannot be parsed.

    Of a field of a struct the struct; what a subquery reads is not among them.
    """
    try:
        return list(_named(_session(rows).sessionState().sqlParser().parseExpression(where)))
    except PySparkException:  # `predicate_problem` says it
        return []


def _named(expression: Any) -> Iterator[str]:
    if expression.getClass().getSimpleName() == "UnresolvedAttribute":
        yield _each(expression.nameParts())[0]
    for child in _each(expression.children()):
        yield from _named(child)


def failed_on_a_row(error: PySparkException, predicates: Mapping[str, str | None]) -> Exception:
    """The error of the predicate that failed on some row, with its value, as bad input; any other as it is.

    `predicates` holds each one's text by what it is called. An error of Spark's says which part of a text failed.
    """
    for context in error.getQueryContext():
        if context.contextType() is not QueryContextType.SQL:
            continue
        part = slice(context.startIndex(), context.stopIndex() + 1)
        for subject, where in predicates.items():
            if where and where[part] == context.fragment():
                return InputError(f"{subject} {where!r}: {reason_of(error)}")
    return error


def _problems(events: DataFrame, expression: Any) -> Iterator[str]:
    kind = expression.getClass().getSimpleName()
    if kind == "UnresolvedFunction":
        name, reason = _called(events, expression)
    else:
        name, reason = name_of(expression), reads_beside_its_row(expression)
    if reason:
        yield f"{name} {reason}" + ("" if reason == CLOCK else f"; {ALONE}")
    children = _each(expression.children())
    for child in children:
        yield from _problems(events, child)
    if not expression.resolved() or expression.deterministic():
        return
    if all(child.deterministic() for child in children):
        yield f"{name} gives another value each time; remove it"


def _called(events: DataFrame, function: Any) -> tuple[str, str | None]:
    """The name of a function that is not resolved yet, and what it does that no predicate may."""
    *place, name = _each(function.nameParts())
    if place and place[0].casefold() not in ("system", "builtin", "session"):
        return ".".join([*place, name]), OWN
    jvm: Any = events.sparkSession._jvm
    identifier = jvm.org.apache.spark.sql.catalyst.FunctionIdentifier(name)
    try:
        info = _session(events).sessionState().catalog().lookupFunctionInfo(identifier)
    except PySparkException:  # there is none: the analyser says it with the nearest name
        return name, None
    if info.getSource() != "built-in":
        return name, OWN
    kind = info.getClassName().rpartition(".")[2]
    return name, BY_EXPRESSION.get(kind) or BY_GROUP.get(info.getGroup())


def reads_beside_its_row(expression: Any) -> str | None:
    """What one expression, without those in it, does that no predicate may; else None."""
    kind = expression.getClass().getSimpleName()
    if kind in MAKES_A_TIME and str(expression.dataType()).startswith(("Date", "Timestamp")):
        source = expression.children().head()
        if source.getClass().getSimpleName() == "Literal" and re.match(
            rf"\s*{WORD}", str(source), re.IGNORECASE
        ):
            return CLOCK
    return BY_EXPRESSION.get(kind)


def name_of(expression: Any) -> str:
    """An expression as it is called where it is written."""
    kind = expression.getClass().getSimpleName()
    if kind in NAMES:
        return NAMES[kind]
    if kind == "AggregateExpression":
        return name_of(expression.aggregateFunction())
    if kind in MAKES_A_TIME:
        return str(expression.sql())
    if kind == "PythonUDF":
        return str(expression.name())
    return str(expression.prettyName() if kind != "VariableReference" else expression.sql())


def _adds_one_column(plan: Any, rows: Any) -> bool:
    """Whether the plan is a projection of these rows, and not of windows, aggregates or generated rows over them."""
    is_projection = plan.getClass().getSimpleName() == "Project"
    return is_projection and bool(plan.child().getClass().equals(rows.getClass()))


def _session(events: DataFrame) -> Any:
    return events.sparkSession._jsparkSession


def _each(found: Any) -> list[Any]:
    return [found.apply(place) for place in range(found.size())]
