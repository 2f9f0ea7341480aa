"""Facts about packets, gathered before optimising and only where a rule might use them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.streams import Concat, Cut, Encode, Node, NodeId, Source, StreamGraph

__all__ = ["Look", "holds", "joined", "with_packets"]

Look: TypeAlias = Callable[[Source, Window, tuple[Fraction, ...]], PacketIndex | None]
"""Looks at the packets of a source in a window, and closely near some times; all count from the start of the file."""

_APART = Fraction(60)
"""Seconds between two parts that are worth looking twice."""

_TAIL = Fraction(4)
"""Seconds at the end of a file that are looked at with what is before them."""


def with_packets(graph: StreamGraph, look: Look) -> StreamGraph:
    """*graph* with the packets of every picture of which exact parts might be copied.

    Args:
        graph: The graph, before the rules.
        look: Looks at packets.
    """
    wanted: dict[NodeId, list[Window]] = {}
    ends: dict[NodeId, set[Fraction]] = {}
    for node in graph.of(Encode):
        if node.kind != "video" or not node.copy_codecs:
            continue
        parts = [_part(graph, leg) for leg in _legs(graph, graph.input_of(node))]
        found = [part for part in parts if part is not None]
        if len(found) < len(parts) or not any(cut for _, _, cut, _ in found):
            continue
        for source, window, _, end in found:
            if source.info.codec in node.copy_codecs:
                wanted.setdefault(source.id, []).append(window)
                ends.setdefault(source.id, set()).update(set() if end is None else {end})
    edits = Rewrite(graph)
    for sources in _by_stream(graph, wanted):
        windows = [window for source in sources for window in wanted[source.id]]
        for window in joined(windows):
            near = {time for each in windows for time in each if time is not None and holds(window, each)}
            near.update(time for each in sources for time in ends[each.id] if holds(window, (time, time)))
            stream = sources[0].info
            packets = look(sources[0], window, tuple(sorted(near - set(window))))
            if packets is None:  # empty, so that the plan can tell that they were looked at in vain
                packets = PacketIndex(stream.index, stream.time_base or Fraction(1), ())
            for source in sources:
                if all(holds(window, each) for each in wanted[source.id]):
                    edits.put(attrs.evolve(source, packets=packets))
    return edits.graph()


def _by_stream(graph: StreamGraph, wanted: Iterable[NodeId]) -> Iterable[list[Source]]:
    """The sources that read one stream of one file."""
    found: dict[tuple[str, int], list[Source]] = {}
    for name in wanted:
        source = graph[name]
        assert isinstance(source, Source)  # `_part` found it
        found.setdefault((source.input, source.info.index), []).append(source)
    return found.values()


def holds(outer: Window, inner: Window) -> bool:
    """Whether all of *inner* lies in *outer*."""
    return outer[0] <= inner[0] and (outer[1] is None or (inner[1] is not None and inner[1] <= outer[1]))


def joined(windows: Sequence[Window]) -> list[Window]:
    """Windows that hold them all, few where they lie close together."""
    found: list[Window] = []
    for start, end in sorted(windows, key=lambda window: window[0]):
        if found and (found[-1][1] is None or start <= found[-1][1] + _APART):
            begin, reached = found[-1]
            found[-1] = begin, None if reached is None or end is None else max(reached, end)
        else:
            found.append((start, end))
    return found


def _legs(graph: StreamGraph, node: Node) -> Iterator[Node | None]:
    """*node*, or the streams that it joins; None for each that has to be converted first."""
    if not isinstance(node, Concat):
        yield node
        return
    for name in node.made_of or node.inputs:
        yield None if name is None else graph.nodes.get(name)


def _part(graph: StreamGraph, node: Node | None) -> tuple[Source, Window, bool, Fraction | None] | None:
    """The source that *node* is a part of by exact cuts alone, which part, whether it is cut at all, and its end.

    What has to be looked at goes on to the end of the file where the part ends shortly before.
    """
    start, end, any_cut = Fraction(0), None, False
    while not isinstance(node, Source):
        if node is None:
            return None
        if node.same_as is not None:
            node = graph[node.same_as]
            continue
        if not isinstance(node, Cut) or not node.exact:
            return None
        start, end = node.bounds_of(start, end)
        any_cut = True
        node = graph.input_of(node)
    if node.seek:
        return None
    looked = end
    if end is not None and node.info.end is not None and end + _TAIL >= node.info.end:
        looked = None  # no prober that stops there can tell that nothing comes after
    return node, (start, looked), any_cut, end
