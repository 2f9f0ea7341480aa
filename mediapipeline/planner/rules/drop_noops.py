"""The rule `drop_noops`."""

from __future__ import annotations

from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Rewrite, StreamGraph

__all__ = ["drop_noops"]


@rule("exact")
def drop_noops(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Leave out what gives its input back: operators that say so, and cuts that keep everything.

    in:video → scale(w=640, h=360) → out    becomes    in:video → out    where the picture has that size already
    """
    edits = Rewrite(graph)
    for node in graph:
        if node.same_as is not None:
            notes(node, "left out: it changes nothing")
            edits.redirect(node.id, node.same_as)
        elif isinstance(node, Cut) and node.start == 0:
            end = graph.input_of(node).info.end
            if node.end is None or (end is not None and node.end >= end):
                notes(node, f"cut of {node.kind} left out: it keeps everything")
                edits.redirect(node.id, node.inputs[0])
    return edits.graph()
