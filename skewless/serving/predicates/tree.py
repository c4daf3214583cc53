"""The syntax tree of a predicate: plain immutable nodes, equal where they mean the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, Union


class Column(NamedTuple):
    """The value of an event's column."""

    name: str


class Literal(NamedTuple):
    """A value that the predicate spells out; `kind` is its type's name, `null` for NULL."""

    kind: str
    value: Any


class Comparison(NamedTuple):
    """`operator` is one of = <> < <= > >=; null where either side is."""

    operator: str
    left: Node
    right: Node


class Membership(NamedTuple):
    """`operand IN (items)`: the same as `operand = item OR …`, nulls included."""

    operand: Node
    items: tuple[Node, ...]


class NullTest(NamedTuple):
    """`operand IS NULL`, or with `negated` IS NOT NULL; never null itself."""

    operand: Node
    negated: bool


class Not(NamedTuple):
    """Null where the operand is."""

    operand: Node


class And(NamedTuple):
    """False where any term is, else null where any is, else true."""

    terms: tuple[Node, ...]


class Or(NamedTuple):
    """True where any term is, else null where any is, else false."""

    terms: tuple[Node, ...]


Node: TypeAlias = Union[Column, Literal, Comparison, Membership, NullTest, Not, And, Or]  # noqa: UP007


_NODES = (Column, Literal, Comparison, Membership, NullTest, Not, And, Or)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes that a node is made of, in the order in which they are written."""
    found: list[Any] = []
    for part in node:
        if isinstance(part, _NODES):
            found.append(part)
        elif isinstance(part, tuple):
            found += part
    return tuple(found)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order in which they are written."""
    yield node
    for child in children(node):
        yield from walk(child)


def renamed(node: Node, names: Mapping[str, str]) -> Node:
    """The same tree with its columns called by other names; those that are not listed keep theirs."""
    if isinstance(node, Column):
        return Column(names.get(node.name, node.name))
    kind: Any = type(node)
    renamed_node: Node = kind(*(_renamed_part(part, names) for part in node))
    return renamed_node


def _renamed_part(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, _NODES):
        return renamed(part, names)
    return tuple(renamed(child, names) for child in part) if isinstance(part, tuple) else part
