"""Whether frames are where they were taken to be: facts of packets, looked at only where something depends on them.

A part of what has its frame rate changed is cut before that, a little earlier than it begins, so that the frame that is
shown first is in it. How much earlier depends on how far frames are apart. Files that say how many they have tell. Of
others, such as Matroska, rules take for granted that none are missing (`Retime.near`). So once it is settled what is
read, the packets where it begins and ends are looked at. Where there is none so near, or nobody can tell, the job is
planned again with that part left behind the change of rate.

Of such files the rate is known from their first frames, too. A change to just that rate is told to change nothing; that
is not so where frames are missing further on. So before the rules, all packets are looked at there.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.gather import Look, holds, joined
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, Filter, Node, Retime, Shift, Source, StreamGraph

__all__ = ["Read", "far_apart", "taken_apart", "uneven_after_all"]

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


def uneven_after_all(graph: StreamGraph, look: Look) -> tuple[StreamGraph, list[Decision]]:
    """*graph* with changes of rate done that are told to change nothing, and do; what to say of it.

    Args:
        graph: The graph, before the rules.
        look: Looks at packets; of what it cannot tell, the word of the operator is taken.
    """
    edits = Rewrite(graph)
    said: list[Decision] = []
    known: dict[tuple[Read, Fraction, Fraction | None], bool] = {}
    for node in graph.of(Retime):
        if node.same_as is None:
            continue
        source, start, end = _part(graph, node)
        if source is None or not isinstance(source.info, VideoStream) or source.info.even is True:
            continue
        part = (_read(source), start, end)
        if part not in known:
            index = look(source, (start, end), ())
            known[part] = index is None or _is_steady(index, node.rate, start, end)
        if not known[part]:
            edits.put(attrs.evolve(node, same_as=None, fine=True))
            text = f"not left out: {source.input} lacks frames, or has some too many, for the rate that it begins with"
            said.append(Decision("planner", node.origin, text))
    return edits.graph(), said


def _is_steady(index: PacketIndex, rate: Fraction, start: Fraction, end: Fraction | None) -> bool:
    """Whether the frames of a part stand at one place of those of *rate* after the other, as the filter counts them."""
    low, high = index.ticks(start), None if end is None else index.ticks(end)
    times = sorted(packet.pts for packet in index.packets if low <= packet.pts and (high is None or packet.pts < high))
    if not times:
        return True
    step = rate * index.time_base
    over, under = step.numerator, step.denominator
    places = [(2 * (time - times[0]) * over + under) // (2 * under) for time in times]
    return places == list(range(len(places)))


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
