"""The rule `cut_parts`."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Concat, Cut, NodeId, Rewrite, StreamGraph

__all__ = ["cut_parts"]


@rule("exact")
def cut_parts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Join only the parts of which something is kept, and cut only the first and last of them.

    a:video, b:video → concat() → cut(10s..12s) → out    becomes    b:video → cut(0s..2s) → out    where a lasts 10 s

    Only where the cut begins with a frame, since joined frames are counted from 0, and where nobody else takes the
    whole.
    """
    edits = Rewrite(graph)
    for node in graph.of(Cut):
        whole = graph.input_of(node)
        if not isinstance(whole, Concat) or not node.exact or len(graph.consumers[whole.id]) > 1:
            continue
        unit = _unit(whole.info)
        bounds = _bounds(graph, whole)
        if node.same_as is not None or unit is None or bounds is None or (node.start / unit).denominator != 1:
            continue
        kept: list[NodeId] = []
        made_of: list[NodeId | None] = []
        for number, (leg, begin, end) in enumerate(zip(whole.inputs, bounds, bounds[1:], strict=False)):
            if end <= node.start or (node.end is not None and node.end <= begin):
                continue
            start = max(Fraction(0), node.start - begin)
            stop = None if node.end is None or node.end >= end else node.end - begin
            if start == 0 and stop is None:
                kept.append(leg)
                made_of.append((whole.made_of or whole.inputs)[number])
                continue
            info = cut_stream(graph[leg].info, start, stop)
            part = attrs.evolve(node, id=f"{node.id}p{number}", inputs=(leg,), start=start, end=stop, info=info)
            edits.put(part)
            kept.append(part.id)
            made_of.append(part.id)
        if not kept:
            continue
        if node.kind == "video":
            notes(node, f"{len(kept)} of {len(whole.inputs)} joined parts are needed: the others are not read")
        if len(kept) == 1:
            edits.redirect(node.id, kept[0])
        else:
            edits.put(attrs.evolve(whole, id=node.id, inputs=tuple(kept), made_of=tuple(made_of), info=node.info))
    return edits.graph()


def _unit(info: Stream) -> Fraction | None:
    """Seconds that one frame, or sample, lasts."""
    rate = info.frame_rate if isinstance(info, VideoStream) else None
    if isinstance(info, AudioStream) and info.sample_rate is not None:
        rate = Fraction(info.sample_rate)
    return 1 / rate if rate else None


def _bounds(graph: StreamGraph, whole: Concat) -> list[Fraction] | None:
    """Where each part of *whole* begins, and where the last ends; None where that is not known to the frame."""
    unit, bounds = _unit(whole.info), [Fraction(0)]
    for leg in whole.inputs:
        info = graph[leg].info
        if unit is None or info.duration is None or info.start or (info.duration / unit).denominator != 1:
            return None
        bounds.append(bounds[-1] + info.duration)
    return bounds
