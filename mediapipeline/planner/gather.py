"""Facts about packets, gathered before optimising and only where a rule might use them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import attrs

from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.planner.streams import Cut, Encode, Node, NodeId, Rewrite, Source, StreamGraph

__all__ = ["with_packets"]


def with_packets(graph: StreamGraph, look: Callable[[Source, Window], PacketIndex | None]) -> StreamGraph:
    """*graph* with the packets of every picture of which an exact part might as well be copied.

    Args:
        graph: The graph, before the rules.
        look: Looks at packets; times count from the start of the file on both sides.
    """
    wanted: dict[NodeId, Window] = {}
    for node in graph.of(Encode):
        if node.kind != "video" or not node.copy_codecs:
            continue
        found = _part(graph, graph.input_of(node))
        if found is None:
            continue
        source, (start, end) = found
        if source.info.codec in node.copy_codecs:
            low, high = wanted.get(source.id, (start, end))
            wanted[source.id] = (min(low, start), None if high is None or end is None else max(high, end))
    edits = Rewrite(graph)
    for name, window in wanted.items():
        source_node = graph[name]
        assert isinstance(source_node, Source)  # `_part` found it
        packets = look(source_node, window)
        if packets is not None:
            edits.put(attrs.evolve(source_node, packets=packets))
    return edits.graph()


def _part(graph: StreamGraph, node: Node) -> tuple[Source, Window] | None:
    """The source that *node* is a part of by exact cuts alone, and which part; None where it is not, or all of it."""
    start, end, any_cut = Fraction(0), None, False
    while not isinstance(node, Source):
        if node.same_as is not None:
            node = graph[node.same_as]
            continue
        if not isinstance(node, Cut) or not node.exact:
            return None
        ends = [each for each in (node.end, None if end is None else node.start + end) if each is not None]
        start, end, any_cut = node.start + start, min(ends, default=None), True
        node = graph.input_of(node)
    return (node, (start, end)) if any_cut and not node.seek else None
