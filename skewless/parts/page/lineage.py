"""What is made of what → a picture in layers from left to right, an SVG element for `Section.picture`.

Drawn here and not by Altair, which lays out no graphs; a layout engine would be a binary beside the package for boxes
in columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from skewless.parts.page.page import ENVIRONMENT

LETTER, ROW, BOX, GAP, TOP, SIDE = 6.7, 26, 20, 84, 56, 10
"""Of a letter, a row, a box, the room between layers, above the first row, and at the sides: in pixels."""


class Node(NamedTuple):
    """A box: `text` stands in it, `kind` is how it is drawn, `inputs` are the names of boxes that it is made of."""

    name: str
    text: str
    kind: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where a box is."""

    node: Node
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.y + BOX / 2


def lineage(title: str, layers: Sequence[tuple[str, Sequence[Node]]], inside: str) -> str:
    """Boxes in layers, each with its heading, and a line from a box to each that is made of it.

    A frame named `inside` stands around all layers but the first: what is in it are columns of one table, to which a
    line from each of them would hide every other line.
    """
    layers = [(heading, nodes) for heading, nodes in layers if nodes]
    places = _placed(layers)
    columns = [(heading, places[nodes[0].name].x) for heading, nodes in layers]
    frame = max(each.x + each.width for each in places.values() if each.x == columns[0][1]) + GAP - SIDE
    right = max([frame + len(inside) * LETTER, *(each.x + each.width for each in places.values())]) + 2 * SIDE
    height = TOP + ROW * max((len(nodes) for _, nodes in layers), default=0) + SIDE
    lines = [
        _Line(source, each.name, _curve(places[source], places[each.name]))
        for _, nodes in layers
        for each in nodes
        for source in each.inputs
        if source in places
    ]
    text = "; ".join(
        f"{place.node.text} from {', '.join(places[each].node.text for each in place.node.inputs if each in places)}"
        for place in places.values()
        if place.node.inputs
    )
    return ENVIRONMENT.get_template("lineage.svg").render(
        title=title,
        text=text,
        columns=columns,
        places=list(places.values()),
        lines=lines,
        frame=(frame, right - frame - SIDE / 2, height - 24),
        inside=inside,
        width=round(right),
        height=height,
        box=BOX,
    )


class _Line(NamedTuple):
    source: str
    target: str
    path: str


def _placed(layers: Sequence[tuple[str, Sequence[Node]]]) -> dict[str, Place]:
    """Each box near those that it is connected with, which keeps lines short: the second layer in the order given, the
    first by what is made of it, the others by what they are made of.
    """
    lowest = TOP + ROW * (max((len(nodes) for _, nodes in layers), default=1) - 1)
    heights: dict[str, float] = {}
    for number in sorted(range(len(layers)), key=lambda each: (each != 1, each)):
        nodes = layers[number][1]
        wanted = {each.name: _wanted(each, layers, heights, number, lowest) for each in nodes}
        heights |= _apart(wanted, lowest)
    places: dict[str, Place] = {}
    left: float = SIDE
    for heading, nodes in layers:
        width = max(len(each.text) for each in nodes) * LETTER + 2 * SIDE
        places |= {each.name: Place(each, left, heights[each.name], width) for each in nodes}
        left += max(width, len(heading) * LETTER) + GAP
    return places


def _wanted(
    node: Node,
    layers: Sequence[tuple[str, Sequence[Node]]],
    heights: Mapping[str, float],
    number: int,
    lowest: float,
) -> float:
    """Where a box would best be: in the middle of those that it is connected with, at the bottom without any."""
    if number == 1:
        return TOP
    if number == 0:
        near = [heights[each.name] for _, nodes in layers[1:2] for each in nodes if node.name in each.inputs]
    else:
        near = [heights[each] for each in node.inputs if each in heights]
    return sum(near) / len(near) if near else lowest


def _apart(wanted: Mapping[str, float], lowest: float) -> dict[str, float]:
    """Heights as near to those wanted as boxes of one layer can be: pushed down by their neighbours, then up again.

    >>> _apart({"a": 56, "b": 56, "c": 400}, 108)
    {'a': 56, 'b': 82, 'c': 108}
    """
    names = sorted(wanted, key=lambda each: wanted[each])
    found: dict[str, float] = {}
    above: float = TOP - ROW
    for name in names:
        above = found[name] = max(wanted[name], above + ROW)
    below = lowest + ROW
    for name in reversed(names):
        below = found[name] = min(found[name], below - ROW)
    return found


def _curve(source: Place, target: Place) -> str:
    start, end = source.x + source.width, target.x
    bend = (start + end) / 2
    above, below = f"{source.middle:.1f}", f"{target.middle:.1f}"
    return f"M{start:.1f} {above}C{bend:.1f} {above} {bend:.1f} {below} {end:.1f} {below}"
