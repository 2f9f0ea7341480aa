"""The rule `drop_noops`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Filter, Node, NodeId, Rewrite, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["drop_noops"]


@rule("exact")
def drop_noops(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Leave out what gives its input back: operators that say so, and cuts that keep everything.

    in:video → scale(w=640) {= in:video} → out    becomes    in:video → out    where it is as wide already
    """
    edits = Rewrite(graph)
    over: dict[NodeId, Fraction] = {}
    for node in graph:
        if node.same_as is not None:
            notes(node, "left out: it changes nothing")
            edits.redirect(node.id, node.same_as)
        elif isinstance(node, Cut) and node.start == 0:
            ends = [end for end in (graph.input_of(node).info.end, over.get(node.inputs[0])) if end is not None]
            if node.end is None or (ends and node.end >= min(ends)):
                notes(node, f"cut of {node.kind} left out: it keeps everything")
                edits.redirect(node.id, node.inputs[0])
        if (end := _over(node, over)) is not None:
            over[node.id] = end
    return edits.graph()


def _over(node: Node, over: dict[NodeId, Fraction]) -> Fraction | None:
    """When no frame of *node* begins any more, whatever is known of its input, because of cuts before it."""
    if isinstance(node, Filter) and node.traits.pointwise and len(node.inputs) == 1:
        return over.get(node.inputs[0])
    if not isinstance(node, Cut) or not node.exact or not on_a_tick(node.start, node.info):
        return None
    ends = [end for end in (node.end, over.get(node.inputs[0])) if end is not None]
    return min(ends) - node.start if ends else None
