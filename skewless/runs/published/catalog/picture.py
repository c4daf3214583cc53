"""A training set's features → its lineage: tables, what is joined of them, functions by how far they are from both."""

from __future__ import annotations

from collections.abc import Sequence

from skewless.parts.page.lineage import Node, lineage
from skewless.runs.published.catalog.entries import COLUMN, FUNCTION, Entry


def lineage_of(name: str, entries: Sequence[Entry]) -> str:
    """One picture, "" of a training set without features."""
    if not entries:
        return ""
    depths = _depths(entries)
    taken = dict.fromkeys(each for entry in entries if entry.kind == FUNCTION for each in entry.inputs)
    beside = [each for each in taken if each not in depths]
    sources = dict.fromkeys(
        _table_of(each) for entry in entries for each in entry.inputs if each not in depths
    )
    layers = [("tables", [Node(f"{source}.", source, "table") for source in sources])]
    for depth in range(max(depths.values()) + 1):
        heading = ("joined columns and windows", "functions", "of functions")[min(depth, 2)]
        nodes = [_node(entry) for entry in entries if depths[entry.name] == depth]
        layers.append((heading, nodes))
    layers[1][1].extend(
        Node(each, each.rpartition(".")[2], COLUMN, (f"{_table_of(each)}.",)) for each in beside
    )
    return lineage(
        f"Lineage of {name}", layers, f"training set {name}: each box in the frame is a column of it"
    )


def _node(entry: Entry) -> Node:
    """A box. A function is made of columns and other functions, and what is joined of its table, as one."""
    if entry.kind == FUNCTION:
        return Node(entry.name, entry.name, entry.kind, entry.inputs)
    return Node(entry.name, entry.name, entry.kind, (f"{_table_of(entry.inputs[0])}.",))


def _table_of(column: str) -> str:
    return column.rpartition(".")[0]


def _depths(entries: Sequence[Entry]) -> dict[str, int]:
    """Name → layer: 0 for what is joined, for a function one more than the furthest of its inputs, and 1 at least."""
    by_name = {entry.name: entry for entry in entries}
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            entry = by_name[name]
            inner = [depth(each) for each in entry.inputs if each in by_name]
            found[name] = max([*inner, 0]) + 1 if entry.kind == FUNCTION else 0
        return found[name]

    for name in by_name:
        depth(name)
    return found
