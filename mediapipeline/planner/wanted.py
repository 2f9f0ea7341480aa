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
        part = _part(graph, node) if isinstance(node, Cut) else None
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


def _part(graph: StreamGraph, node: Node, rate: Fraction | None = None, length: Fraction | None = None) -> Part | None:
    cut = node if isinstance(node, Cut) else None
    source = node if cut is None else graph.input_of(cut)
    if not isinstance(source, Source) or source.packets is None or (cut is not None and not cut.exact):
        return None
    start = source.seek + (Fraction(0) if cut is None else cut.start)
    end = None if cut is None or cut.end is None else source.seek + cut.end
    if rate is None:
        return Part(source, start, end)
    if length is None or node.info.start is None:
        return None
    # In a whole, frames stand at whole multiples of one: where the part begins between two, the first stands twice.
    lead = math.floor(node.info.start * rate + Fraction(1, 2))
    return Part(source, start, end, frames=round(length * rate), lead=lead)
