"""The rule `merge_cuts`."""

from __future__ import annotations

import attrs

from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Rewrite, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["merge_cuts"]


@rule("exact")
def merge_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Make one cut of a cut of a cut.

    in:video → cut(5s..60s) → cut(10s..20s) → out    becomes    in:video → cut(15s..25s) → out
    """
    edits = Rewrite(graph)
    for node in graph:
        if not isinstance(node, Cut):
            continue
        inner = edits.current(node.inputs[0])
        if isinstance(inner, Cut) and inner.exact and node.exact and on_a_tick(inner.start, inner.info):
            ends = [end for end in (inner.end, None if node.end is None else inner.start + node.end) if end is not None]
            end = min(ends, default=None)
            if node.kind == "video":
                notes(node, "merged with the cut before it")
            edits.put(attrs.evolve(node, inputs=inner.inputs, start=inner.start + node.start, end=end))
    return edits.graph()
