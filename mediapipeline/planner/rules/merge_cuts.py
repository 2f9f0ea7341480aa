"""The rule `merge_cuts`."""

from __future__ import annotations

import attrs

from mediapipeline.planner.pacing import merges, on_the_clock_of
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, StreamGraph

__all__ = ["merge_cuts"]


@rule("exact")
def merge_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Make one cut of two in a row.

    in:video → cut(5s..60s) → cut(10s..20s) → out    becomes    in:video → cut(15s..25s) → out

    Not where the first cut may yet be moved before joining or counting frames: both as one might have to stay.
    """
    edits = Rewrite(graph)
    for node in graph:
        if not isinstance(node, Cut):
            continue
        cut = node
        while isinstance(inner := edits.current(cut.inputs[0]), Cut) and merges(edits.current, inner, cut):
            notes(cut, "merged with the cut before it")
            start, end = inner.bounds_of(cut.start, cut.end)
            cut = attrs.evolve(
                cut, inputs=inner.inputs, start=start, end=end, info=on_the_clock_of(cut.info, inner.info),
                keeps_first=inner.keeps_first and cut.keeps_first,
            )  # fmt: skip
            edits.put(cut)
    return edits.graph()
