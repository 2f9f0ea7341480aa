"""How a StreamGraph is edited: by a new one, made in one sweep of all that a rule wants changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

import attrs

from mediapipeline.errors import GraphError, Problem
from mediapipeline.planner.streams import Concat, Node, NodeId, Sink, StreamGraph

__all__ = ["Rewrite"]


class Rewrite:
    """A batch of edits to a graph; `graph` carries them out in one sweep."""

    def __init__(self, graph: StreamGraph) -> None:
        self._graph = graph
        self._changed: dict[NodeId, Node] = {}
        self._redirected: dict[NodeId, NodeId] = {}
        self._numbers: dict[NodeId, Iterator[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._changed or self._redirected)

    def current(self, node: NodeId) -> Node:
        """The node as the edits so far leave it, redirections followed."""
        node = self.target(node)
        return self._changed.get(node) or self._graph[node]

    def target(self, node: NodeId) -> NodeId:
        """The id that *node* stands for after the redirections so far."""
        if node not in self._redirected:
            return node
        chain = []
        while node in self._redirected:
            chain.append(node)
            node = self._redirected[node]
        for passed in chain:  # path compression keeps long chains linear
            self._redirected[passed] = node
        return node

    def unused(self, like: NodeId) -> NodeId:
        """An id that no node has, made of another; each time another one."""
        for number in self._numbers.setdefault(like, count()):
            name = f"{like}+{number}"
            if name not in self._graph.nodes and name not in self._changed:
                return name
        raise AssertionError("there is always another number")

    def put(self, node: Node) -> None:
        """Add *node*, or let it take the place of the one with its id."""
        self._changed[node.id] = node

    def put_row(self, row: Sequence[Node], after: NodeId, last: NodeId, ids: Iterable[NodeId] = ()) -> None:
        """Put nodes in a row, the first after *after*; further inputs stay.

        The last gets the id *last*, so that whoever takes it still does, the others *ids*, and unused ones after these.
        """
        given = iter(ids)
        for place, node in enumerate(row, 1):
            name = last if place == len(row) else next(given, None) or self.unused(last)
            self.put(attrs.evolve(node, id=name, inputs=(after, *node.inputs[1:])))
            after = name

    def redirect(self, node: NodeId, to: NodeId) -> None:
        """Let every consumer of *node* take *to* instead."""
        if self.target(to) != node:
            self._redirected[node] = to

    def graph(self) -> StreamGraph:
        """The edited graph, without what no output needs any more."""
        if not self:
            return self._graph
        nodes: dict[NodeId, Node] = {}
        for node in [*self._graph, *(n for i, n in self._changed.items() if i not in self._graph.nodes)]:
            current = self._changed.get(node.id, node)
            nodes[node.id] = self._followed(current) if self._redirected else current
        return StreamGraph(_ordered(nodes, [n.id for n in nodes.values() if isinstance(n, Sink)]))

    def _followed(self, node: Node) -> Node:
        """*node* with what it names redirected."""
        inputs = tuple(map(self.target, node.inputs))
        same = None if node.same_as is None else self.target(node.same_as)
        if (inputs, same) != (node.inputs, node.same_as):
            node = attrs.evolve(node, inputs=inputs, same_as=same)
        if isinstance(node, Concat):
            made_of = tuple(None if name is None else self.target(name) for name in node.made_of)
            if made_of != node.made_of:
                node = attrs.evolve(node, made_of=made_of)
        return node


def _ordered(nodes: Mapping[NodeId, Node], roots: Sequence[NodeId]) -> dict[NodeId, Node]:
    """What the roots need, inputs first; depth-first without recursion, so chains may be of any length."""
    ordered: dict[NodeId, Node] = {}
    entered: set[NodeId] = set()
    stack = [*reversed(roots)]
    while stack:
        current = stack[-1]
        node = nodes[current]
        if current not in entered:
            entered.add(current)
            for source in reversed(node.inputs):
                if source not in entered:
                    stack.append(source)
                elif source not in ordered:  # it waits for what waits for it
                    raise GraphError([Problem("", "cycle", f"the stream graph has a cycle at {source}", kind="graph")])
        else:
            ordered.setdefault(current, node)
            stack.pop()
    return ordered
