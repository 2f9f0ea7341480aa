"""The rule `retime_early`."""

from __future__ import annotations

from typing import TypeGuard

import attrs

from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Filter, Node, Retime, StreamGraph

__all__ = ["retime_early"]


@rule("exact")
def retime_early(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Leave out frames before filtering, so that only what is kept is filtered.

    in:video → scale(w=640) → retime(10) → out    becomes    in:video → retime(10) → scale(w=640) → out

    Only past filters that make each frame of one frame, perhaps with a still laid over it, and that nothing else takes
    from; and not where that would make more frames to filter.
    """
    edits = Rewrite(graph)
    for node in graph.of(Retime):
        filters = _filters_before(graph, edits, node)
        if node.same_as is not None or not filters:
            continue
        source = edits.current(filters[0].inputs[0])
        rate = source.info.frame_rate if isinstance(source.info, VideoStream) else None
        if rate is None or node.rate >= rate:
            continue
        taken = source.id
        for place, each in zip([*filters, node], [node, *filters], strict=True):
            info = _paced(source.info if each is node else each.info, node.info)
            edits.put(attrs.evolve(each, id=place.id, inputs=(taken, *each.inputs[1:]), info=info))
            taken = place.id
        names = list(dict.fromkeys(each.name for each in filters))
        notes(node, f"frames left out before {', '.join(names[:3])}{', …' if len(names) > 3 else ''}")
    return edits.graph()


def _filters_before(graph: StreamGraph, edits: Rewrite, node: Retime) -> list[Filter]:
    """The filters in a row before *node* that it may cross, in order; also those that another rate has crossed."""
    found: list[Filter] = []
    before: Node = edits.current(node.inputs[0])
    while _crossed(before, graph):
        found.append(before)
        before = edits.current(before.inputs[0])
    return found[::-1]


def _crossed(node: Node, graph: StreamGraph) -> TypeGuard[Filter]:
    if not isinstance(node, Filter) or node.same_as is not None or len(graph.consumers[node.id]) != 1:
        return False
    return graph.frame_by_frame(node)


def _paced(info: object, like: object) -> VideoStream:
    """*info* with the times of *like*."""
    assert isinstance(info, VideoStream)  # only pictures have a rate
    assert isinstance(like, VideoStream)
    return attrs.evolve(
        info, frame_rate=like.frame_rate, vfr=like.vfr, even=like.even, frames=like.frames, start=like.start,
        duration=like.duration, time_base=like.time_base,
    )  # fmt: skip
