"""The rule `merge_cuts`."""

from __future__ import annotations

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Cut, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["merge_cuts"]


@rule("exact")
def merge_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Make one cut of two in a row.

    in:video → cut(5s..60s) → cut(10s..20s) → out    becomes    in:video → cut(15s..25s) → out

    Not where joined streams are cut: the first cut may tell which parts are not needed, and both as one may not.
    """
    edits = Rewrite(graph)
    for node in graph:
        if not isinstance(node, Cut):
            continue
        inner = edits.current(node.inputs[0])
        if not isinstance(inner, Cut) or isinstance(edits.current(inner.inputs[0]), Concat):
            continue
        if inner.exact and node.exact and on_a_tick(inner.start, inner.info):
            ends = [end for end in (inner.end, None if node.end is None else inner.start + node.end) if end is not None]
            end = min(ends, default=None)
            notes(node, "merged with the cut before it")
            info = _on_the_clock_of(node.info, inner.info)
            edits.put(attrs.evolve(node, inputs=inner.inputs, start=inner.start + node.start, end=end, info=info))
    return edits.graph()


def _on_the_clock_of(info: Stream, inner: Stream) -> Stream:
    """*info*, with the clock that the stream has before the first cut; what is cut of a part may have had another."""
    timed = isinstance(info, VideoStream | AudioStream) and isinstance(inner, VideoStream | AudioStream)
    return attrs.evolve(info, time_base=inner.time_base) if timed else info
