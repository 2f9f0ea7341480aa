"""Which parts of a job read their inputs for themselves.

Streams that are joined are needed one after the other. Were they taken from one reading of a file, all that a later
part needs would wait in memory, decoded, until the parts before it are through. So every part but the first has
readings of its own of all that it is made of.
"""

from __future__ import annotations

import attrs

from mediapipeline.planner.streams import Concat, Measure, Node, NodeId, Source, StreamGraph

__all__ = ["read_apart"]

_MOST = 256
"""Places at most: whoever joins a clip with itself over and over asks for a file that grows just as fast."""


def read_apart(graph: StreamGraph) -> StreamGraph:
    """*graph* with what a later part of a `Concat` is made of copied, where something else needs it as well."""
    return _Places(graph).graph() if graph.of(Concat) else graph


class _Places:
    """A place is a part of a part of a whole; 0 is that of all that is no later part."""

    def __init__(self, graph: StreamGraph) -> None:
        self._graph = graph
        self._measures = {node.id for node in graph.of(Measure)}
        self._numbers: dict[tuple[int, str, int], int] = {}
        self._needed: dict[NodeId, tuple[int, ...]] = dict.fromkeys(graph.nodes, ())
        for node in reversed(list(graph)):
            if not self._needed[node.id] or node.id in self._measures:  # what measures runs before, by itself
                self._needed[node.id] = (0,)
            for place in self._needed[node.id]:
                for source, there in self._sources(node, place):
                    if there not in self._needed[source]:
                        self._needed[source] += (there,)
        self._first = {node: min(places) for node, places in self._needed.items()}

    def _sources(self, node: Node, place: int) -> list[tuple[NodeId, int]]:
        """What *node* takes, and at which place; at the end what it is the same as."""
        if isinstance(node, Concat):
            found = [
                (each, self._later(place, node.origin, at) if at else place) for at, each in enumerate(node.inputs)
            ]
        else:
            found = [(each, place) for each in node.inputs]
        if self._measures:
            found = [(each, 0 if each in self._measures else there) for each, there in found]
        return found if node.same_as is None else [*found, (node.same_as, place)]

    def _later(self, place: int, origin: str, at: int) -> int:
        """The place of a part; one and the same for the picture and the sound that one operation joins."""
        key = (place, origin, at)
        if key not in self._numbers and len(self._numbers) >= _MOST:
            return place
        return self._numbers.setdefault(key, len(self._numbers) + 1)

    def _name(self, node: NodeId, place: int) -> NodeId:
        return node if place == self._first[node] else f"{node}r{place}"

    def graph(self) -> StreamGraph:
        readings: dict[str, list[int]] = {}
        for source in self._graph.of(Source):
            readings.setdefault(source.input, []).extend(self._needed[source.id])
        orders = {name: sorted(set(places)) for name, places in readings.items()}
        nodes: dict[NodeId, Node] = {}
        for node in self._graph:
            for place in sorted(self._needed[node.id]):
                made = self._at(node, place)
                if isinstance(made, Source) and (reading := orders[made.input].index(place)) != made.reading:
                    made = attrs.evolve(made, reading=reading)
                nodes[made.id] = made
        return StreamGraph(nodes)

    def _at(self, node: Node, place: int) -> Node:
        sources = self._sources(node, place)
        named = [self._name(source, there) for source, there in sources]
        same = None if node.same_as is None else named.pop()
        name = self._name(node.id, place)
        if isinstance(node, Concat):  # what a part is made of is at its place
            each_at = zip(node.made_of, sources, strict=False)
            made_of = tuple(None if each is None else self._name(each, at) for each, (_, at) in each_at)
            node = attrs.evolve(node, made_of=made_of)
        if (name, tuple(named), same) == (node.id, node.inputs, node.same_as):
            return node
        return attrs.evolve(node, id=name, inputs=tuple(named), same_as=same)
