"""What an encoder is given, where that is nothing but parts of sources, so that packets could be taken instead."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.planner.cuttable import Reason, ruled_out
from mediapipeline.planner.gops import Part, lay_out
from mediapipeline.planner.streams import Concat, Cut, Encode, Node, NodeId, Sample, Source, StreamGraph

__all__ = ["is_cut_exactly", "wanted_parts", "why_not_partly"]


def wanted_parts(graph: StreamGraph, encode: Encode) -> list[Part] | None:
    """The parts that *encode* is given, one after the other; None if there is more, or packets were not looked at."""
    if encode.kind != "video" or not encode.copy_codecs:
        return None
    parts = _parts(graph, encode)
    return None if parts is None or any(part.source.packets is None for part in parts) else parts


def is_cut_exactly(graph: StreamGraph, encode: Encode) -> bool:
    """Whether the picture that *encode* is given is, or holds, an exact part of a source, whatever else is done to it.

    Pictures that are laid over it do not count, nor does what a still is taken from.
    """
    if encode.kind != "video" or (isinstance(encode.info, VideoStream) and encode.info.frames == 1):
        return False
    seen: set[tuple[NodeId, bool]] = set()
    ahead = [(name, False) for name in encode.inputs]
    while ahead:
        name, cut = ahead.pop()
        if (name, cut) in seen:
            continue
        seen.add((name, cut))
        node = graph[name]
        if isinstance(node, Source):
            moves = isinstance(node.info, VideoStream) and node.info.frames != 1
            if cut and moves and node.kind == "video":
                return True
        elif node.same_as is not None:
            ahead.append((node.same_as, cut))
        elif isinstance(node, Concat):
            ahead += [(each, cut) for each in node.inputs]
        elif node.inputs and not isinstance(node, Sample):
            ahead.append((node.inputs[0], cut or (isinstance(node, Cut) and _leaves_out(graph, node))))
    return False


def _leaves_out(graph: StreamGraph, cut: Cut) -> bool:
    """Whether *cut* leaves out frames, and is exact."""
    info = graph.input_of(cut).info
    ends = cut.end is not None and (info.end is None or cut.end < info.end)
    return cut.exact and (ends or cut.start > (info.start or 0))


def why_not_partly(graph: StreamGraph, encode: Encode, operator_at: Callable[[str], str | None]) -> Reason | None:
    """Why everything that *encode* is given is encoded, though it holds parts of sources; None where it need not be.

    Args:
        graph: The graph, after the rules.
        encode: An encoder of pictures.
        operator_at: Names the operator of an operation, by JSON Pointer.
    """
    whole, sinks = graph.input_of(encode), [graph[name] for name in graph.consumers[encode.id]]
    joins = isinstance(whole, Concat)
    infos: list[VideoStream] = []
    for number, name in enumerate(whole.inputs if joins else (whole.id,), 1):
        node, at = graph[name], f"clip {number} is " if joins else ""
        if _cut_of_what_is_rounded(graph, node):
            return f"{at}cut from what begins less than a tick after a frame"
        while not isinstance(node, Source):
            by_itself = isinstance(node, Cut) or node.origin in (encode.origin, whole.origin if joins else None)
            if not node.inputs or not by_itself or (isinstance(node, Concat) and node is not whole):
                how = "joined" if isinstance(node, Concat) else "changed" if node.inputs else "made up"
                return f"{at}{how} by {operator_at(node.origin) or node.origin}"
            node = graph.input_of(node)
        if isinstance(node.info, VideoStream):
            infos.append(node.info)
    parts = _parts(graph, encode)
    if parts is not None:
        found = lay_out(parts, encode, sinks)
        return found if isinstance(found, str) else None
    form = "its parts have to be converted to match" if joins else "it is cut at key frames as well"
    return ruled_out(infos, encode, sinks) or form


def _parts(graph: StreamGraph, encode: Encode) -> list[Part] | None:
    """The parts that *encode* is given, one after the other; None if it is given more."""
    node = graph.input_of(encode)
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
    start: Fraction = Fraction(0)
    end: Fraction | None = None
    node = leg
    while isinstance(node, Cut) and node.exact:
        start, end = node.bounds_of(start, end)
        node = graph.input_of(node)
    if not isinstance(node, Source) or _cut_of_what_is_rounded(graph, leg):
        return None
    start, end = node.seek + start, None if end is None else node.seek + end
    if rate is None:
        return Part(node, start, end)
    if length is None or leg.info.start is None:
        return None
    # In a whole, frames stand at multiples of a frame's length: if the part begins between two, its first is repeated.
    lead = math.floor(leg.info.start * rate + Fraction(1, 2))
    return Part(node, start, end, frames=round(length * rate), lead=lead)


def _cut_of_what_is_rounded(graph: StreamGraph, node: Node) -> bool:
    """Whether *node* is cut from a part that begins less than a tick after a frame: FFmpeg keeps that frame."""
    while isinstance(node, Cut) and node.exact:
        node = graph.input_of(node)
        if isinstance(node, Cut) and _just_after_a_frame(graph.input_of(node).info, node.start):
            return True
    return False


def _just_after_a_frame(info: Stream, time: Fraction) -> bool:
    """Whether *time* is less than a tick after that of a frame, where frames are known to be even."""
    if not isinstance(info, VideoStream) or not info.frame_rate or info.time_base is None:
        return False
    return 0 < (time - (info.start or 0)) % (1 / info.frame_rate) < info.time_base
