"""`Flow`: a graph whose edges all go one way, drawn from left to right as SVG."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from typing import Literal, TypeAlias

import attrs

from mediapipeline.display.html import Markup, escaped

__all__ = ["Flow", "FlowEdge", "FlowNode", "NodeKind"]

NodeKind: TypeAlias = Literal["input", "operation", "output"]

_COLOURS: dict[NodeKind, str] = {"input": "#3b82f6", "operation": "#8b5cf6", "output": "#10b981"}
_LETTER = 7.2  # width of a letter of the font, pixels; fonts differ, and boxes have room to spare
_LINE = 16
_LONGEST = 34
_LONGEST_LABEL = 48
_GAP = 26  # between boxes of a column
_AIR = 70  # between columns, at the least
_LANE = 10  # height of the way that an arrow takes past the boxes of a column
_MOST_DRAWN = 400  # boxes; nobody reads more, and browsers choke on what is a thousand times as wide as they are
_LONGEST_TITLE = 1000


@attrs.frozen(kw_only=True)
class FlowNode:
    """A box.

    Attributes:
        id: What edges call it.
        lines: What stands in it; long lines are shortened.
        kind: What it is, which gives its colour.
    """

    id: str
    lines: tuple[str, ...]
    kind: NodeKind


@attrs.frozen(kw_only=True)
class FlowEdge:
    """An arrow from one box to another, with a word at it."""

    source: str
    target: str
    label: str = ""


@attrs.frozen
class _Box:
    x: float
    y: float
    width: float
    height: float


@attrs.frozen
class _Lane:
    """The way past the boxes of a column, for the arrows from one box that go further."""

    source: str
    column: int


@attrs.frozen(kw_only=True)
class Flow:
    """A graph to be drawn. Its edges must not go in circles."""

    nodes: tuple[FlowNode, ...]
    edges: tuple[FlowEdge, ...]

    def to_svg(self) -> Markup:
        """The drawing, as an SVG element; of a graph too large to be looked at, a sentence that says so."""
        if len(self.nodes) > _MOST_DRAWN:
            return _too_many(len(self.nodes))
        columns = self._columns()
        at = {node.id: number for number, column in enumerate(columns) for node in column}
        boxes = _placed(self._with_lanes(columns, at), self._air(columns, at))
        width = max((box.x + box.width for box in boxes.values()), default=0) + 10
        height = max((box.y + box.height for box in boxes.values()), default=0) + 10
        parts = [
            _arrow(
                [
                    boxes[edge.source],
                    *(boxes[_Lane(edge.source, number)] for number in range(at[edge.source] + 1, at[edge.target])),
                    boxes[edge.target],
                ],
                edge.label,
            )
            for edge in self.edges
        ]
        parts += [_box(node, boxes[node.id]) for node in self.nodes]
        return Markup(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
            f'viewBox="0 0 {width:.0f} {height:.0f}" font-family="system-ui, sans-serif" font-size="13" role="img">'
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="#888"/></marker></defs>' + "".join(parts) + "</svg>"
        )

    def _columns(self) -> list[list[FlowNode]]:
        """The boxes of each column: a box stands right of all that lead to it."""
        before: dict[str, list[str]] = {node.id: [] for node in self.nodes}
        for edge in self.edges:
            before[edge.target].append(edge.source)
        depth: dict[str, int] = {}
        for name in TopologicalSorter(before).static_order():
            depth[name] = max((depth[source] + 1 for source in before[name]), default=0)
        last = max(depth.values(), default=0)
        columns: list[list[FlowNode]] = [[] for _ in range(last + 1)]
        for node in self.nodes:
            columns[last if node.kind == "output" else depth[node.id]].append(node)
        return [column for column in columns if column]

    def _with_lanes(self, columns: Sequence[Sequence[FlowNode]], at: Mapping[str, int]) -> list[list[FlowNode | _Lane]]:
        """The columns, with lanes for the arrows that cross them, which would go through boxes otherwise."""
        lanes: list[dict[_Lane, None]] = [{} for _ in columns]
        for edge in self.edges:
            for number in range(at[edge.source] + 1, at[edge.target]):
                lanes[number][_Lane(edge.source, number)] = None
        return [[*column, *beside] for column, beside in zip(columns, lanes, strict=True)]

    def _air(self, columns: Sequence[Sequence[FlowNode]], at: Mapping[str, int]) -> list[float]:
        """Room right of each column, for the words at its arrows."""
        widest: dict[int, float] = defaultdict(float)
        for edge in self.edges:
            place = at[edge.target] - 1
            widest[place] = max(widest[place], len(_short(edge.label, _LONGEST_LABEL)) * _LETTER * 0.85 + 30)
        return [max(_AIR, widest[number]) for number in range(len(columns))]


def _placed(columns: Sequence[Sequence[FlowNode | _Lane]], air: Sequence[float]) -> dict[str | _Lane, _Box]:
    tallest = max((_tall(column) for column in columns), default=0)
    boxes: dict[str | _Lane, _Box] = {}
    x = 10.0
    for column, room in zip(columns, air, strict=True):
        lines = [line for node in column if isinstance(node, FlowNode) for line in node.lines]
        width = max(len(_short(line)) for line in lines) * _LETTER + 24
        y = 10 + (tallest - _tall(column)) / 2
        for node in column:
            height = _height(node)
            boxes[node.id if isinstance(node, FlowNode) else node] = _Box(x, y, width, height)
            y += height + _GAP
        x += width + room
    return boxes


def _height(node: FlowNode | _Lane) -> float:
    return len(node.lines) * _LINE + 14 if isinstance(node, FlowNode) else _LANE


def _tall(column: Sequence[FlowNode | _Lane]) -> float:
    return sum(map(_height, column)) + _GAP * (len(column) - 1)


def _box(node: FlowNode, box: _Box) -> str:
    colour = _COLOURS[node.kind]
    title = escaped("\n".join(_short(line, _LONGEST_TITLE) for line in node.lines))
    styles = ['font-weight="600"', *['opacity="0.75"'] * (len(node.lines) - 1)]
    lines = "".join(
        f'<text x="{box.x + 12:.1f}" y="{box.y + 20 + at * _LINE:.1f}" fill="currentColor" {style}>'
        f"{escaped(_short(line))}</text>"
        for at, (line, style) in enumerate(zip(node.lines, styles, strict=True))
    )
    return (
        f"<g><title>{title}</title>"
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" '
        f'fill="{colour}" fill-opacity="0.12" stroke="{colour}"/>{lines}</g>'
    )


def _arrow(way: Sequence[_Box], label: str) -> str:
    """The arrow from the first box to the last, through the lanes between them."""
    path, word = "", ""
    x2 = y2 = 0.0
    for source, target in pairwise(way):
        x1, y1 = source.x + source.width, source.y + source.height / 2
        x2, y2 = target.x, target.y + target.height / 2
        bend = max(24.0, min(60.0, (x2 - x1) / 2))
        path += f"{'L' if path else 'M'}{x1:.1f} {y1:.1f}"
        path += f"C{x1 + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    if label:
        word = (
            f'<text x="{x2 - 12:.1f}" y="{y2 - 6:.1f}" text-anchor="end" font-size="11" fill="currentColor" '
            f'opacity="0.75">{escaped(_short(label, _LONGEST_LABEL))}</text>'
        )
    return f'<path d="{path}" fill="none" stroke="#888" marker-end="url(#tip)"/>{word}'


def _too_many(boxes: int) -> Markup:
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="40" viewBox="0 0 400 40" '
        'font-family="system-ui, sans-serif" font-size="13" role="img">'
        f'<text x="10" y="24" fill="currentColor">{boxes:,} boxes are too many to be drawn</text></svg>'
    )


def _short(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
