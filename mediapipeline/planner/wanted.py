"""What an encoder gets, where that is nothing but parts of sources: what could be taken as packets instead."""

from __future__ import annotations

import math
from fractions import Fraction

from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.gops import Part
from mediapipeline.planner.streams import Concat, Cut, Encode, Node, Source, StreamGraph

__all__ = ["wanted_parts"]


def wanted_parts(graph: StreamGraph, encode: Encode) -> list[Part] | None:
    """The parts that *encode* gets, one after the other; None where it gets more, or nobody has seen the packets."""
    node = graph.input_of(encode)
    if encode.kind != "video" or not encode.copy_codecs:
        return None
    if not isinstance(node, Concat):
        cut = isinstance(node, Cut) or (isinstance(node, Source) and node.seek > 0)
        part = _part(graph, node) if cut else None
        return None if part is None else [part]
    rate = node.info.frame_rate if isinstance(node.info, VideoStream) else None
    if not rate:
        return None
    parts: list[Part] = []
    for name, held in zip(node.made_of or node.inputs, node.inputs, strict=True):
        leg = None if name is None else graph.nodes.get(name)
        part = None if leg is None else _part(graph, leg, rate, graph[held].info.duration)
        if part is None:
            return None
        parts.append(part)
    return parts


def _part(graph: StreamGraph, leg: Node, rate: Fraction | None = None, length: Fraction | None = None) -> Part | None:
    start, end, node = Fraction(0), None, leg
    while isinstance(node, Cut) and node.exact:
        ends = [each for each in (node.end, None if end is None else node.start + end) if each is not None]
        start, end, node = node.start + start, min(ends, default=None), graph.input_of(node)
    if not isinstance(node, Source) or node.packets is None:
        return None
    start, end = node.seek + start, None if end is None else node.seek + end
    if rate is None:
        return Part(node, start, end)
    if length is None or leg.info.start is None:
        return None
    # In a whole, frames stand at whole multiples of one: where the part begins between two, the first stands twice.
    lead = math.floor(leg.info.start * rate + Fraction(1, 2))
    return Part(node, start, end, frames=round(length * rate), lead=lead)
