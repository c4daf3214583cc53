"""What the columns' types say of a predicate: its problems, and the text that means the same in Spark."""

from __future__ import annotations

from collections.abc import Mapping

from skewless.serving.errors import nearest
from skewless.serving.predicates.literals import literal_sql
from skewless.serving.predicates.tree import (
    And,
    Column,
    Comparison,
    Literal,
    Membership,
    Node,
    Not,
    NullTest,
    Or,
    children,
)
from skewless.serving.values.cells import TYPE_NAMES

_NUMBERS = ("integer", "decimal", "double")
_COMPARED = frozenset(TYPE_NAMES.values())


def check(tree: Node, types: Mapping[str, str]) -> list[str]:
    """The problems of a predicate over columns of these types, a line each; none where it is sound.

    `types` gives each column's type: boolean, integer, decimal, double, string, date, timestamp, binary, or
    any other name for a type that only IS [NOT] NULL takes. Columns are looked up as they are spelt.

    >>> from skewless.serving.predicates.syntax import read
    >>> check(read("amuont > 1 AND kind > 2"), {"amount": "double", "kind": "string"})
    ["unknown column 'amuont'; did you mean 'amount'?", '`kind` > 2L compares string with integer']
    """
    return problems(tree, types)


def problems(tree: Node, types: Mapping[str, str] | None) -> list[str]:
    """As `check`; without types only what the literals show by themselves."""
    found: list[str] = []
    _test(tree, types, found)
    return list(dict.fromkeys(found))


def to_sql(tree: Node, types: Mapping[str, str] | None = None) -> str:
    """The predicate in Spark's SQL, with nothing left to the session's settings.

    Columns are backquoted, instants in UTC, literals carry their type. With `types` a comparison that
    involves a double names the cast of either side, so that 32-bit floats too compare as doubles whatever
    the session says; give them wherever the text is run.

    >>> from skewless.serving.predicates.syntax import read
    >>> to_sql(read("n IN (1, NULL) AND NOT at < timestamp '2024-01-01'"))
    "((`n` IN (1L, NULL)) AND (NOT (`at` < TIMESTAMP '2024-01-01 00:00:00.000000Z')))"
    >>> to_sql(read("n > 1.5"), {"n": "double"})
    '(CAST(`n` AS DOUBLE) > 1.5D)'
    """
    return _sql(tree, types or {})


def _kind(node: Node, types: Mapping[str, str] | None) -> str | None:
    if isinstance(node, Column):
        return (types or {}).get(node.name)
    return node.kind if isinstance(node, Literal) else "boolean"


def _test(node: Node, types: Mapping[str, str] | None, found: list[str]) -> None:
    """The problems of a node whose value has to be true, false or null."""
    _value(node, types, found)
    kind = _kind(node, types)
    if kind not in (None, "null", "boolean"):
        found.append(f"{_shown(node)} is {kind}; a predicate is boolean, such as a comparison")


def _value(node: Node, types: Mapping[str, str] | None, found: list[str]) -> None:
    if isinstance(node, Column):
        if types is not None and node.name not in types:
            match = nearest(node.name, list(types))
            remedy = f"did you mean '{match}'?" if match else f"it has {', '.join(sorted(types))}"
            found.append(f"unknown column '{node.name}'; {remedy}")
    elif isinstance(node, (And, Or, Not)):
        for child in children(node):
            _test(child, types, found)
    else:
        for child in children(node):
            _value(child, types, found)
    for one, other in _pairs(node):
        _compare(node, one, other, types, found)


def _pairs(node: Node) -> list[tuple[Node, Node]]:
    if isinstance(node, Comparison):
        return [(node.left, node.right)]
    return [(node.operand, item) for item in node.items] if isinstance(node, Membership) else []


def _compare(node: Node, one: Node, other: Node, types: Mapping[str, str] | None, found: list[str]) -> None:
    kinds = [_kind(side, types) for side in (one, other)]
    incomparable = [kind for kind in kinds if kind not in (None, "null", *_COMPARED)]
    if incomparable:
        found.append(f"{_shown(node)} compares {incomparable[0]}, a type that only IS [NOT] NULL takes")
    elif len({"number" if kind in _NUMBERS else kind for kind in kinds} - {None, "null"}) > 1:
        hint = ""
        if set(kinds) in ({"timestamp", "string"}, {"date", "string"}):
            name = next(kind for kind in kinds if kind != "string")
            hint = f"; write {str(name).upper()} '…'"
        found.append(f"{_shown(node)} compares {kinds[0]} with {kinds[1]}{hint}")


def _shown(node: Node) -> str:
    text = _sql(node, {})
    return text[1:-1] if text.startswith("(") else text


def _sql(node: Node, types: Mapping[str, str]) -> str:
    if isinstance(node, Column):
        return f"`{node.name.replace('`', '``')}`"
    return literal_sql(node) if isinstance(node, Literal) else f"({_test_sql(node, types)})"


def _test_sql(node: Node, types: Mapping[str, str]) -> str:
    if isinstance(node, Comparison):
        as_double = "double" in (_kind(node.left, types), _kind(node.right, types))
        left, right = (_operand(side, types, as_double) for side in (node.left, node.right))
        return f"{left} {node.operator} {right}"
    if isinstance(node, Membership):
        return _membership(node, types)
    if isinstance(node, NullTest):
        return f"{_sql(node.operand, types)} IS {'NOT ' if node.negated else ''}NULL"
    if isinstance(node, Not):
        return f"NOT {_sql(node.operand, types)}"
    word = " AND " if isinstance(node, And) else " OR "
    return word.join(_sql(term, types) for term in children(node))


def _membership(node: Membership, types: Mapping[str, str]) -> str:
    """IN where all types are one; else, since Spark would cast all of a list to one type, a chain of OR.

    Doubles get the chain too: Spark looks a long list up by hash.
    """
    kinds = {_kind(part, types) for part in (node.operand, *node.items)} - {None, "null"}
    if len(kinds) == 1 and "double" not in kinds:
        items = ", ".join(_sql(item, types) for item in node.items)
        return f"{_sql(node.operand, types)} IN ({items})"
    return " OR ".join(_sql(Comparison("=", node.operand, item), types) for item in node.items)


def _operand(node: Node, types: Mapping[str, str], as_double: bool) -> str:
    if not as_double:
        return _sql(node, types)
    if isinstance(node, Literal) and node.value is not None:
        return literal_sql(Literal("double", float(node.value)))
    return f"CAST({_sql(node, types)} AS DOUBLE)"
