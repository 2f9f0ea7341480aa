"""Where reading really has to begin in files without an index: no later than at the key frame that is needed.

The rules that seek do not look at packets, but let FFmpeg begin some seconds early. It then decodes from the next key
frame on, and if groups of pictures are longer than those seconds, that comes after what is wanted. So once it is
settled what is read, the packets before it are looked at, and reading begins just before the key frame that they show:
mostly later than the rules had it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.packets import PacketIndex, Times, Window
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.gather import Look, joined, place_in, with_times
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Decision
from mediapipeline.planner.streams import Cut, NodeId, Sample, Source, StreamGraph
from mediapipeline.planner.ticks import tick_before

__all__ = ["land"]

_AIMED = Fraction(1, 2)
"""Seconds before the decoding of a key frame from which FFmpeg surely finds it."""

_SOUND = Fraction(2)
"""Seconds from the picture that reading begins at to the first sound that is wanted: one that a multiplexer may let a
packet of either be early, and one for the decoder to settle."""

_UNSURE = Fraction(4)
"""The same to the first picture, where a key frame need not be a clean beginning (refreshed bit by bit, for one)."""

_FAR = Fraction(32)
"""Seconds that are looked at where there is no key frame in those that are looked at first."""


def land(graph: StreamGraph, given: StreamGraph, look: Look) -> tuple[StreamGraph, list[Decision]]:
    """*graph* with its readings of files without an index begun where they have to, and what was decided.

    Args:
        graph: The graph, after the rules.
        given: The same before the rules.
        look: Looks at packets; what it cannot tell stays as it is.
    """
    readings: dict[tuple[str, int, Fraction], list[Source]] = {}
    for source in graph.of(Source):
        # MP4 with open groups of pictures has an index all the same, and is seekable.
        if source.access == "guess" and source.seek and not source.key_frames and not source.seekable:
            readings.setdefault((source.input, source.reading, source.seek), []).append(source)
    readings = {key: sources for key, sources in readings.items() if _of_parts(graph, sources)}
    pictures = {key: [each for each in sources if each.kind == "video"] for key, sources in readings.items()}
    found = _Keys(look, {source.id: _first(graph, source) for each in pictures.values() for source in each}, graph)
    edits = Rewrite(graph)
    decisions: list[Decision] = []
    whole = {(source.input, source.info.index): source.info for source in given.of(Source)}
    for key, sources in readings.items():
        bounds = [found.begin(source) for source in pictures[key]]
        known = [bound for bound in bounds if bound is not None]
        if not known or len(known) < len(bounds):
            continue
        heard = [_first(graph, source) - _SOUND for source in sources if source.kind == "audio"]
        begins = _on_all_clocks(max(Fraction(0), min([*known, *heard])), sources)
        if begins == key[2]:
            continue
        for source in sources:
            info = cut_stream(whole[source.input, source.info.index], begins, None) if begins else None
            info = whole[source.input, source.info.index] if info is None else info
            edits.put(attrs.evolve(source, seek=begins, info=info))
            for user in graph.consumers[source.id]:
                edits.put(_moved(graph[user], source.seek - begins))
        decided = f"{key[0]} read from {float(begins):.6g} s on, not from {float(key[2]):.6g} s"
        needed = "after that" if begins > key[2] else "so far before what is wanted"
        text = f"{decided}: its packets show that the key frame to decode from lies {needed}"
        decisions.append(Decision("planner", graph[graph.consumers[pictures[key][0].id][0]].origin, text))
    return edits.graph(), decisions


def _of_parts(graph: StreamGraph, sources: Sequence[Source]) -> bool:
    """Whether nothing but parts is taken of them."""
    users = [graph[user] for source in sources for user in graph.consumers.get(source.id, ())]
    return bool(users) and all(isinstance(user, Cut | Sample) for user in users)


def _first(graph: StreamGraph, source: Source) -> Fraction:
    """The first time that is wanted of a source, from the start of the file."""
    parts = (graph[user] for user in graph.consumers[source.id])
    return source.seek + min(_start(part) for part in parts if isinstance(part, Cut | Sample))


def _start(part: Cut | Sample) -> Fraction:
    return part.start if isinstance(part, Cut) else part.time


def _moved(part: object, by: Fraction) -> Cut | Sample:
    assert isinstance(part, Cut | Sample)  # nothing else takes a source that is not read from the start
    if isinstance(part, Sample):
        return attrs.evolve(part, time=part.time + by)
    return attrs.evolve(part, start=part.start + by, end=None if part.end is None else part.end + by)


def _on_all_clocks(time: Fraction, sources: Iterable[Source]) -> Fraction:
    """*time*, or a little before it: where all of *sources* have a tick."""
    half = Fraction(time // Fraction(1, 2), 2)
    return half if all(tick_before(half, source.info) == half for source in sources) else Fraction(int(half))


class _Keys:
    """What packets tell of the key frames before the times that are wanted of some sources."""

    def __init__(self, look: Look, wanted: dict[NodeId, Fraction], graph: StreamGraph) -> None:
        self._look, self._wanted = look, wanted
        self._seen: dict[tuple[str, int], tuple[list[Window], list[_Shown | None]]] = {}
        streams: dict[tuple[str, int], list[Source]] = {}
        for name in wanted:
            source = graph[name]
            assert isinstance(source, Source)
            streams.setdefault((source.input, source.info.index), []).append(source)
        for stream, sources in streams.items():
            times = {wanted[source.id] for source in sources}
            windows = with_times(joined([(time, time) for time in times]), times)
            self._seen[stream] = [*windows], self._shown(sources[0], windows)

    def begin(self, source: Source) -> Fraction | None:
        """When to begin to read at the latest, so that what is wanted is decoded; None where nobody can tell."""
        time = self._wanted[source.id]
        windows, shown = self._seen[source.input, source.info.index]
        seen = shown[place_in(windows, time)]
        if seen is None:
            return None
        found = seen.begin(time)
        if found is None and not seen.index.begins:
            (far,) = self._shown(source, {(max(Fraction(0), time - _FAR), time): ()})
            found = None if far is None else far.begin(time)
        return Fraction(0) if found is None else found

    def _shown(self, source: Source, windows: Mapping[Window, Times]) -> list[_Shown | None]:
        return [None if index is None else _Shown(index) for index in self._look(source, windows)]


class _Shown:
    """The key frames of a stream in the order in which they are shown."""

    def __init__(self, index: PacketIndex) -> None:
        self.index = index
        self._keys = sorted((packet for packet in index.packets if packet.key), key=lambda packet: packet.pts)

    def begin(self, time: Fraction) -> Fraction | None:
        """When to begin so that the last one shown not after *time* is found; None where there is none."""
        index = self.index
        place = bisect_right(self._keys, math.floor(index.ticks(time)), key=lambda packet: packet.pts)
        if not place:
            return None
        key = self._keys[place - 1]
        decoded = index.time(key.pts) - 1 if key.dts is None else index.time(key.dts)
        return min(decoded - _AIMED, time - (_AIMED if key.idr else _UNSURE))
