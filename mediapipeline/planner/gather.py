"""Facts about packets, gathered before optimising and only where a rule might use them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import PacketIndex, Times, Window
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.streams import Concat, Cut, Encode, Node, NodeId, Source, StreamGraph

__all__ = ["Look", "holds", "joined", "place_in", "with_packets", "with_times"]

Look: TypeAlias = Callable[[Source, Mapping[Window, Times]], Sequence[PacketIndex | None]]
"""Looks at the packets of a source in windows, and closely near some times; all count from the start of the file."""

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
        times = {time for window in windows for time in window if time is not None}
        times.update(*(ends[source.id] for source in sources))
        looked = with_times(joined(windows), times)
        told, within = look(sources[0], looked), [*looked]
        stream = sources[0].info
        nothing = PacketIndex(stream.index, stream.time_base or Fraction(1), ())  # they were looked at in vain
        for source in sources:
            at = place_in(within, min(wanted[source.id], key=lambda window: window[0])[0])
            if all(holds(within[at], each) for each in wanted[source.id]):
                edits.put(attrs.evolve(source, packets=told[at] or nothing))
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


def place_in(windows: Sequence[Window], time: Fraction) -> int:
    """Which of *windows*, of those that are `joined`, *time* lies in; it lies in one."""
    return bisect_right(windows, time, key=lambda window: window[0]) - 1


def with_times(windows: Iterable[Window], times: Iterable[Fraction] = ()) -> dict[Window, Times]:
    """Each of *windows* with those of *times* that lie in it, but for its own ends."""
    ordered = sorted(set(times))
    found = {}
    for low, high in windows:
        end = len(ordered) if high is None else bisect_left(ordered, high)
        found[low, high] = tuple(ordered[bisect_right(ordered, low) : end])
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
