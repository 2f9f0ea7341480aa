"""How long streams last of which no file tells: for estimates alone, which need to be right only roughly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timeline import is_still
from mediapipeline.planner.streams import Cut, Node, NodeId, Source, StreamGraph

__all__ = ["is_untold", "with_lengths"]


def with_lengths(graph: StreamGraph, ends: Iterable[Node], media: Mapping[str, MediaInfo]) -> StreamGraph:
    """What *ends* are made from, with lengths that follow from those of the input files where streams have none.

    Args:
        graph: The graph.
        ends: Outputs, or other nodes.
        media: Facts of the inputs, by id.
    """
    made: dict[NodeId, Node] = {}
    for node in graph.upstream((end.id for end in ends), lambda each: each.inputs):
        length = _length(node, made, media) if is_untold(node.info) else None
        made[node.id] = node if length is None else attrs.evolve(node, info=attrs.evolve(node.info, duration=length))
    return StreamGraph(made)


def is_untold(info: Stream) -> bool:
    """Whether it is picture or sound, more than a single frame, of unknown length."""
    return isinstance(info, VideoStream | AudioStream) and info.duration is None and not is_still(info)


def _length(node: Node, before: Mapping[NodeId, Node], media: Mapping[str, MediaInfo]) -> Fraction | None:
    if isinstance(node, Source):
        whole = media[node.input].duration if node.input in media else None
        return None if whole is None else max(Fraction(0), whole - node.seek)
    given = before[node.inputs[0]].info.duration if node.inputs else None
    if isinstance(node, Cut):
        ends = [end for end in (node.end, given) if end is not None]
        return max(Fraction(0), min(ends) - node.start) if ends else None
    return given
