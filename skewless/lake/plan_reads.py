"""An analysed plan → the tables, paths and views that it reads beside some temporary views."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from py4j.protocol import Py4JError
from pyspark.sql import DataFrame

INLINE = frozenset(
    ("LocalRelation", "OneRowRelation", "Range", "EmptyRelation", "CTERelationRef", "UnionLoopRef")
)
"""Leaves of a plan that read nothing: rows written in the query, and names for other parts of the plan."""


def reads_beside(rows: DataFrame, views: Collection[str]) -> list[str]:
    """What the rows are read of beside temporary views of these names, each once, in the order of the plan.

    Subqueries, common tables, table functions and the bodies of SQL functions are parts of the plan. A view of another
    name is one thing that is read, whatever it reads itself. A table is named as the catalog names it, else by path.
    """
    folded = {view.casefold() for view in views}
    return list(dict.fromkeys(_reads(rows._jdf.queryExecution().analyzed(), folded)))


def _reads(plan: Any, views: set[str]) -> Iterator[str]:
    kind = plan.getClass().getSimpleName()
    if kind == "View":
        name = plan.desc().identifier()
        if not (plan.isTempView() and name.database().isEmpty() and name.table().casefold() in views):
            yield f"view {name.unquotedString()}"
        return
    children = [*_each(plan.children()), *_each(plan.subqueries())]
    if not plan.children().size() and kind not in INLINE:
        yield _name(plan, kind)
    for child in children:
        yield from _reads(child, views)


def _name(leaf: Any, kind: str) -> str:
    if kind == "LogicalRelation":
        table, relation = leaf.catalogTable(), leaf.relation()
        return f"table {table.get().identifier().unquotedString()}" if table.isDefined() else _path(relation)
    if kind in ("DataSourceV2Relation", "HiveTableRelation"):
        return f"table {leaf.name() if kind == 'DataSourceV2Relation' else leaf.tableMeta().qualifiedName()}"
    return str(leaf.simpleString(200))


def _path(relation: Any) -> str:
    """Where a relation without a name lies, or, for one that is no directory of files, what Spark calls it."""
    kind = relation.getClass().getSimpleName()
    try:
        if kind == "DeltaCDFRelation":
            return (
                f"changes of {relation.snapshotWithSchemaMode().snapshot().deltaLog().dataPath().toString()}"
            )
        return ", ".join(path.toString() for path in _each(relation.location().rootPaths()))
    except Py4JError:  # a relation of another source, such as JDBC, has no location
        return str(relation.toString())


def _each(found: Any) -> list[Any]:
    return [found.apply(place) for place in range(found.size())]
