"""Whether frames are as near each other as a rule took them to be.

A part of what has its frame rate changed is cut before that, a little earlier than it begins, so that the frame that is
shown first is in it. How much earlier depends on how far frames are apart. Files that say how many they have tell. Of
others, such as Matroska, rules take for granted that none are missing (`Retime.near`). So once it is settled what is
read, the packets where it begins and ends are looked at. Where there is none so near, or nobody can tell, the job is
planned again with that part left behind the change of rate.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.planner.gather import Look, holds, joined
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, Filter, Node, Retime, Shift, Source, StreamGraph

__all__ = ["Read", "far_apart", "taken_apart"]

Read: TypeAlias = tuple[str, int] | None
"""A stream of an input: the id of that, and the index of the stream; None where it is not known what is read."""

_Span: TypeAlias = tuple[Fraction, Fraction]


def far_apart(graph: StreamGraph, look: Look) -> dict[Read, Decision]:
    """The streams of which there is no frame, or nobody knows of any, as near as it was taken to be; what to say of it.

    Args:
        graph: The graph, after the rules.
        look: Looks at packets.
    """
    found: dict[Read, Decision] = {}
    needed: dict[Read, list[tuple[_Span, Decision]]] = {}
    sources: dict[Read, Source] = {}
    for node in graph.of(Retime):
        if node.near is None:
            continue
        source, begin, end = _part(graph, node)
        read = _read(source)
        named = node.origin if source is None else source.input
        text = (
            f"all of {named} up to the part is looked at: there may be no frame within {float(node.near):.3g} s of it"
        )
        said = Decision("planner", node.origin, text)
        if source is None:
            found[read] = said
            continue
        sources[read] = source
        ends = [] if end is None else [(end - node.near, end)]
        needed.setdefault(read, []).extend((window, said) for window in [(begin, begin + node.near), *ends])
    for read, wanted in needed.items():
        windows: list[Window] = [each for each, _ in wanted]
        for window in joined(windows):
            index = look(sources[read], window, ())
            times = [] if index is None else sorted(packet.pts for packet in index.packets)
            for each, said in wanted:
                if holds(window, each) and (index is None or not _any_between(times, index, each)):
                    found[read] = said
    return found


def taken_apart(graph: StreamGraph, streams: Container[Read] | None = None) -> StreamGraph:
    """*graph* with nothing to be taken for granted of *streams*; None is all of them.

    Args:
        graph: The graph, before the rules.
        streams: As `far_apart` told them.
    """
    edits = Rewrite(graph)
    for node in graph.of(Retime):
        if streams is None or _read(_part(graph, node)[0]) in streams:
            edits.put(attrs.evolve(node, apart=True))
    return edits.graph()


def _read(source: Source | None) -> Read:
    return None if source is None else (source.input, source.info.index)


def _part(graph: StreamGraph, retime: Retime) -> tuple[Source | None, Fraction, Fraction | None]:
    """The source that *retime* takes a part of, frame by frame, and from when to when by the clock of the file."""
    node: Node = graph.input_of(retime)
    start, end = Fraction(0), None
    while not isinstance(node, Source):
        match node:
            case Node(same_as=str(same)):
                node = graph[same]
                continue
            case Cut(exact=True):
                ends = [each for each in (node.end, None if end is None else node.start + end) if each is not None]
                start, end = node.start + start, min(ends, default=None)
            case Shift():
                start, end = start - node.by, None if end is None else end - node.by
            case Filter() if graph.frame_by_frame(node, timed=True):
                pass
            case _:
                return None, start, end
        node = graph.input_of(node)
    return node, node.seek + start, None if end is None else node.seek + end


def _any_between(times: Sequence[int], index: PacketIndex, span: _Span) -> bool:
    at = bisect_left(times, index.ticks(span[0]))
    return at < len(times) and times[at] < index.ticks(span[1])
