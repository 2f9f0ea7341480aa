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
from collections import deque
from collections.abc import Container, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.gather import Look, holds, joined, place_in, with_times
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, Filter, Node, Retime, Shift, Source, StreamGraph

__all__ = ["Doubt", "doubts", "settled", "taken_apart"]

Doubt: TypeAlias = tuple[str, str, int]
"""Frames that may be further apart than they were taken to be: the place of the operation that goes by them, the id of
an input, and the index of its stream."""

_Span: TypeAlias = tuple[Fraction, Fraction]


def settled(graph: StreamGraph, look: Look) -> tuple[StreamGraph, list[Decision]]:
    """*graph* with its changes of rate as they are, now that packets are looked at; and what to say of it.

    Those that are told to change nothing do change something where frames are missing, and of frames that are not those
    of a file nothing can be looked at, so that nothing is to be taken for granted of them.

    Args:
        graph: The graph, before the rules.
        look: Looks at packets; where it cannot tell, the word of the operator is taken.
    """
    edits = Rewrite(graph)
    said: list[Decision] = []
    unsure: dict[tuple[str, int], list[tuple[Retime, Source, Window]]] = {}
    for node in graph.of(Retime):
        info = graph.input_of(node).info
        if isinstance(info, VideoStream) and info.even is True:
            continue
        source, start, end = _part(graph, node)
        if source is None:
            edits.put(attrs.evolve(node, apart=True))
        elif node.same_as is not None:
            unsure.setdefault((source.input, source.info.index), []).append((node, source, (start, end)))
    for each in unsure.values():
        source = each[0][1]
        windows = with_times(joined([part for _, _, part in each]))
        told, within = look(source, windows), [*windows]
        steady: dict[tuple[Fraction, Window], bool] = {}
        for node, _, part in each:
            if (node.rate, part) not in steady:
                index = told[place_in(within, part[0])]
                steady[node.rate, part] = index is None or _is_steady(index, node.rate, *part)
            if not steady[node.rate, part]:
                edits.put(attrs.evolve(node, same_as=None, fine=True))
                text = f"not left out: {source.input} lacks frames, or has some too many, for the rate it begins with"
                said.append(Decision("planner", node.origin, text))
    return edits.graph(), said


def doubts(graph: StreamGraph, look: Look) -> dict[Doubt, Decision]:
    """Where `Retime.near` is not confirmed by packets, and what to say of it.

    Args:
        graph: The graph, after the rules.
        look: Looks at packets.
    """
    found: dict[Doubt, Decision] = {}
    needed: dict[tuple[str, int], list[tuple[_Span, Doubt, Decision]]] = {}
    sources: dict[tuple[str, int], Source] = {}
    for node in graph.of(Retime):
        if node.near is None:
            continue
        source, begin, end = _part(graph, node)
        if source is None:
            continue
        stream = source.input, source.info.index
        text = (
            f"{source.input} is decoded from where reading begins, not from where the part does: at its bounds no frame"
            f" may come for {float(node.near):.3g} s"
        )
        spans = [(begin, begin + node.near), *([] if end is None else [(end - node.near, end)])]
        said = Decision("planner", node.origin, text)
        needed.setdefault(stream, []).extend((span, (node.origin, *stream), said) for span in spans)
        sources[stream] = source
    for stream, wanted in needed.items():
        spans_left = deque(sorted(wanted, key=lambda each: each[0]))
        windows: list[Window] = [span for span, _, _ in wanted]
        looked = with_times(joined(windows))
        for window, index in zip(looked, look(sources[stream], looked), strict=True):
            times = [] if index is None else sorted(packet.pts for packet in index.packets)
            while spans_left and holds(window, spans_left[0][0]):
                span, doubt, said = spans_left.popleft()
                if index is None or not _any_between(times, index, span):
                    found[doubt] = said
    return found


def taken_apart(graph: StreamGraph, where: Container[Doubt] | None = None) -> StreamGraph:
    """*graph* with nothing to be taken for granted.

    Args:
        graph: The graph, before the rules.
        where: What `doubts` tells; None is everywhere.
    """
    edits = Rewrite(graph)
    for node in graph.of(Retime):
        source, _, _ = _part(graph, node)
        if where is None or (source is not None and (node.origin, source.input, source.info.index) in where):
            edits.put(attrs.evolve(node, apart=True))
    return edits.graph()


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
                start, end = node.bounds_of(start, end)
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
