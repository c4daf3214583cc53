"""The predicates of `where`, read once and meant the same in Python and in Spark.

A predicate is true, false or null of an event, and an event takes part where it is true. Values compare
with values of like types: numbers with numbers, every other type with itself. As in Spark:

- an integer and a double compare as doubles, so do a decimal and a double (2**53 + 1 equals 2**53 then); an
  integer and a decimal compare exactly. `IN` and `BETWEEN` are the comparisons that they stand for, pair by
  pair;
- NaN equals itself and is greater than every other number; -0.0 equals 0.0; false is less than true;
- text and binary values compare by bytes, dates with dates and instants with instants only.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from skewless.serving.errors import FeatureError
from skewless.serving.predicates.literals import PredicateError
from skewless.serving.predicates.syntax import read
from skewless.serving.predicates.tree import (
    Column,
    Comparison,
    Literal,
    Membership,
    Node,
    Not,
    NullTest,
    Or,
    children,
    renamed,
    walk,
)
from skewless.serving.predicates.types import check, problems, to_sql
from skewless.serving.values.cells import TYPE_NAMES, cell
from skewless.serving.values.checks import Refused

__all__ = [
    "Node",
    "PredicateError",
    "RowPredicate",
    "bind",
    "check",
    "columns",
    "compiled",
    "parse",
    "to_sql",
]

RowPredicate = Callable[[Mapping[str, Any]], Any]

_SIGNS: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS = (int, float, Decimal)


def parse(text: str) -> Node:
    """The syntax tree of a predicate, or PredicateError with where and why it is outside the grammar.

    What its literals alone show to be wrong is refused here too; `check` needs the columns' types.

    >>> parse("kind LIKE 'a%'")
    Traceback (most recent call last):
        ...
    skewless.serving.predicates.literals.PredicateError: 'LIKE' at character 6: expected AND, OR or the end; a predicate takes comparisons of columns and literals, AND, OR, NOT, IN, BETWEEN and IS [NOT] NULL
    """  # noqa: E501
    tree = read(text)
    found = problems(tree, None)
    if found:
        raise PredicateError(found[0])
    return tree


def columns(tree: Node) -> tuple[str, ...]:
    """The columns that a predicate reads, each once, in the order of appearance.

    >>> columns(parse("b = 1 OR a IS NULL OR b = 2"))
    ('b', 'a')
    """
    return tuple(dict.fromkeys(node.name for node in walk(tree) if isinstance(node, Column)))


def bind(tree: Node, names: Iterable[str]) -> Node:
    """The same predicate with its columns spelt as the table spells them, case aside.

    A name that the table has as it is written stays; one that it does not have at all stays too, for
    `check` to refuse.
    """
    known = list(names)
    by_folded = {name.casefold(): name for name in known}
    spelt = {name: by_folded.get(name.casefold(), name) for name in columns(tree) if name not in known}
    return renamed(tree, spelt)


def compiled(tree: Node, types: Mapping[str, str] | None = None) -> RowPredicate:
    """The predicate as a function of an event (a mapping): True, False or None.

    With `types` (column → type name) an int in a double column counts as a double. The function raises
    FeatureError for a column that the event lacks, values of unlike types and naive datetimes.

    >>> test = compiled(parse("amount > 10 OR kind = 'gift'"))
    >>> test({"amount": 3, "kind": "gift"}), test({"amount": 3, "kind": None})
    (True, None)
    """
    return _compiled(tree, types or {})


def _compiled(node: Node, types: Mapping[str, str]) -> RowPredicate:
    if isinstance(node, Column):
        return _column(node.name, types.get(node.name) == "double")
    if isinstance(node, Literal):
        value = node.value
        return lambda row: value
    if isinstance(node, NullTest):
        return _null_test(node, types)
    if isinstance(node, Comparison):
        compare = _SIGNS[node.operator]
        return _comparison(compare, _compiled(node.left, types), _compiled(node.right, types))
    return _connective(node, types)


def _connective(node: Node, types: Mapping[str, str]) -> RowPredicate:
    if isinstance(node, Membership):
        pairs = (Comparison("=", node.operand, item) for item in node.items)
        return _decided([_compiled(pair, types) for pair in pairs], by=True)
    terms = [_compiled(child, types) for child in children(node)]
    if isinstance(node, Not):
        negated = terms[0]
        return lambda row: None if (truth := _truth(negated(row))) is None else not truth
    return _decided(terms, by=isinstance(node, Or))


def _column(name: str, double: bool) -> RowPredicate:
    def value(row: Mapping[str, Any]) -> Any:
        found = _get(row, name)
        if found is None:
            return None
        try:
            found = cell(found)
        except Refused as error:
            raise FeatureError(f"column '{name}': {error}") from None
        return float(found) if double and type(found) is int else found

    return value


def _null_test(node: NullTest, types: Mapping[str, str]) -> RowPredicate:
    negated = node.negated
    if isinstance(node.operand, Column):  # of a type that does not compare, perhaps
        name = node.operand.name
        return lambda row: (_get(row, name) is None) != negated
    operand = _compiled(node.operand, types)
    return lambda row: (operand(row) is None) != negated


def _comparison(compare: Callable[[int, int], bool], left: RowPredicate, right: RowPredicate) -> RowPredicate:
    def test(row: Mapping[str, Any]) -> bool | None:
        one, other = left(row), right(row)
        return None if one is None or other is None else compare(_sign(one, other), 0)

    return test


def _decided(terms: list[RowPredicate], by: bool) -> RowPredicate:
    """AND (decided by a false term) and OR (decided by a true one)."""

    def test(row: Mapping[str, Any]) -> bool | None:
        unknown = False
        for term in terms:
            truth = _truth(term(row))
            if truth is by:
                return by
            unknown = unknown or truth is None
        return None if unknown else not by

    return test


def _truth(value: Any) -> bool | None:
    if value is None or value is True or value is False:
        return value
    raise FeatureError(f"expected a predicate, found the {TYPE_NAMES[type(value)]} {value!r}")


def _sign(left: Any, right: Any) -> int:
    """-1, 0 or 1 as the left value is less than, equal to or greater than the right one."""
    if type(left) is not type(right):
        if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
            found = f"{TYPE_NAMES[type(left)]} {left!r} with {TYPE_NAMES[type(right)]} {right!r}"
            raise FeatureError(f"expected values of like types, found {found}")
        if type(left) is float or type(right) is float:
            left, right = float(left), float(right)
    if left == right:
        return 0
    if left != left or right != right:  # noqa: PLR0124  (NaN differs from itself)
        return int(left != left) - int(right != right)  # noqa: PLR0124
    return -1 if left < right else 1


def _get(row: Mapping[str, Any], name: str) -> Any:
    try:
        return row[name]
    except KeyError:
        raise FeatureError(f"no column '{name}'; the event has {', '.join(sorted(map(str, row)))}") from None
