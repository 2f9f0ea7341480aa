"""What a job cannot do without: the frames that have to be decoded, and those that have to be encoded.

Counted from the streams and what is wanted of them, not from how they are read: a rule that reads twice, or from too
far ahead, does not change it. Beside what FFmpeg counted it is a measure of waste that needs no clock. Pure.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.packets import PacketIndex, Window
from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.media.timecode import to_microseconds_floor
from mediapipeline.planner import streams as ir

__all__ = ["Decoding", "Workload", "counted", "workload"]

_ZERO = Fraction(0)
_ALL: Window = (_ZERO, None)


@attrs.frozen(kw_only=True)
class Decoding:
    """What has to be decoded of a stream of pictures.

    Attributes:
        input: Id of the input.
        stream: Index of the stream in the file.
        parts: Times of the frames that are wanted, [start, end) in seconds from the start of the file; the end is None
            where everything is that follows. They are in order and do not touch.
        keys: Times at which the key frame before will do.
        frames: How many frames: of each part from the key frame before the first to the last, and as many more as
            are decoded before they are shown; of a part of one frame no more than that. None where the packets would
            have to be looked at.
    """

    input: str
    stream: int
    parts: tuple[tuple[Fraction, Fraction | None], ...] = ()
    keys: tuple[Fraction, ...] = ()
    frames: int | None = None


@attrs.frozen(kw_only=True)
class Workload:
    """What a job cannot do without.

    Attributes:
        decode: By stream.
        encode: Frames of pictures, over all outputs and passes; None where not known.
    """

    decode: tuple[Decoding, ...] = ()
    encode: int | None = None

    @property
    def decoded(self) -> int | None:
        """Frames that have to be decoded; None where not known."""
        return _sum(each.frames for each in self.decode)


def workload(graph: ir.StreamGraph) -> Workload:
    """What *graph*, which has been optimised or not, cannot do without."""
    encoded = [
        (2 if node.two_pass is not None else 1, _frames(node.info))
        for node in graph.of(ir.Encode)
        if node.kind == "video"
    ]
    return Workload(
        decode=tuple(_decodings(graph)),
        encode=_sum(None if frames is None else passes * frames for passes, frames in encoded),
    )


def _decodings(graph: ir.StreamGraph) -> Iterator[Decoding]:
    wanted = _Wanted(graph)
    streams: dict[tuple[str, int], list[ir.Source]] = {}
    for source in graph.of(ir.Source):
        if source.kind == "video" and (source.id in wanted.windows or source.id in wanted.keys):
            streams.setdefault((source.input, source.info.index), []).append(source)
    everywhere = {(n.input, n.info.index): n.packets for n in graph.of(ir.Source) if n.packets and n.packets.packets}
    for (name, stream), sources in streams.items():
        windows = (_later(window, node.seek) for node in sources for window in wanted.windows.get(node.id, ()))
        keys = {node.seek + key for node in sources for key in wanted.keys.get(node.id, ())}
        told = Decoding(input=name, stream=stream, parts=tuple(_merged([*windows])), keys=tuple(sorted(keys)))
        whole = min(sources, key=lambda node: node.seek)
        yield attrs.evolve(told, frames=_count(told, whole.info, whole.seek, everywhere.get((name, stream))))


# What is wanted of each stream


class _Wanted:
    """Which frames of each stream are decoded for, with times of that stream.

    Attributes:
        windows: By stream; in the end those of sources only, in order.
        keys: Times of a source at which the key frame before will do.
    """

    def __init__(self, graph: ir.StreamGraph) -> None:
        self._graph = graph
        self.windows: dict[ir.NodeId, list[Window]] = defaultdict(list)
        self.keys: dict[ir.NodeId, set[Fraction]] = defaultdict(set)
        for node in reversed(list(graph)):
            mine = _merged(self.windows.pop(node.id, []))
            if not isinstance(node, ir.Source):
                self._look_at(node, mine)
            elif mine:
                self.windows[node.id] = mine

    def _look_at(self, node: ir.Node, mine: list[Window]) -> None:
        """What *node* takes so that *mine* is there of it."""
        match node:
            case ir.Splice() | ir.Sink():
                for source in node.inputs:
                    self.windows[source].append(_ALL)
            case ir.Copy():
                pass  # nothing is decoded for it
            case ir.Cut():
                self.windows[node.inputs[0]] += (_within(window, node) for window in mine)
            case ir.Sample():
                self._sampled(node, self._graph.input_of(node).info)
            case ir.Shift():
                self.windows[node.inputs[0]] += (_later(window, -node.by) for window in mine)
            case ir.Concat():
                self._joined(node, mine)
            case ir.Measure():
                self.windows[node.inputs[0]].append(_ALL)
            case _:
                opaque = isinstance(node, ir.Filter) and not (node.traits.pointwise or node.traits.timed)
                for source in node.streams:
                    self.windows[source] += [_ALL] if opaque and mine else mine

    def _sampled(self, node: ir.Sample, info: Stream) -> None:
        (source,) = node.inputs
        if not node.exact:
            self.keys[source].add(node.time)
        elif isinstance(info, VideoStream) and info.frame_rate:
            self.windows[source].append((node.time, node.time + 1 / info.frame_rate))
        else:
            self.windows[source].append((node.time, node.time + Fraction(1, 1000)))

    def _joined(self, node: ir.Concat, mine: Sequence[Window]) -> None:
        """Of each part what lies in *mine* of the whole."""
        begins: Fraction | None = Fraction(0)
        for leg in node.inputs:
            length = self._graph[leg].info.duration
            if begins is None or length is None:  # where the next begins is not known either
                begins = None
                self.windows[leg].append(_ALL)
                continue
            ends = begins + length
            for start, end in mine:
                if start < ends and (end is None or end > begins):
                    stop = None if end is None or end >= ends else end - begins
                    self.windows[leg].append((max(_ZERO, start - begins), stop))
            begins = ends


def _within(window: Window, cut: ir.Cut) -> Window:
    start, end = _later(window, cut.start)
    ends = [each for each in (end, cut.end) if each is not None]
    return start, min(ends, default=None)


def _later(window: Window, by: Fraction) -> Window:
    start, end = window
    return start + by, None if end is None else end + by


def _merged(windows: list[Window]) -> list[Window]:
    """In order, with those that overlap or touch made one, and without those that are empty."""
    made: list[Window] = []
    for start, end in sorted(windows, key=lambda window: window[0]) if len(windows) > 1 else windows:
        if made and (made[-1][1] is None or start <= made[-1][1]):
            before, reached = made[-1]
            made[-1] = before, None if end is None or reached is None else max(end, reached)
        elif end is None or end > start:
            made.append((start, end))
    return made


# How many frames that is


def counted(
    work: Workload, media: Mapping[str, MediaInfo], look: Callable[[str, int, Window], PacketIndex | None]
) -> Workload:
    """*work* with the frames counted that planning had no reason to count.

    Args:
        work: Of a plan.
        media: Facts of the inputs by their ids.
        look: The packets of a stream, by input, index and window, as `PacketProber.index` tells them: by the clock of
            the file.
    """
    return attrs.evolve(work, decode=tuple(_looked_up(told, media[told.input], look) for told in work.decode))


def _looked_up(told: Decoding, media: MediaInfo, look: Callable[[str, int, Window], PacketIndex | None]) -> Decoding:
    info = next((s for s in media.streams if s.index == told.stream and isinstance(s, VideoStream)), None)
    if told.frames is not None or info is None:
        return told
    begin = media.start or Fraction(0)
    starts = [*(start for start, _ in told.parts), *told.keys]
    ends = [*(end for _, end in told.parts), *told.keys]
    known = [end for end in ends if end is not None]
    high = begin + max(known) if len(known) == len(ends) else None
    packets = look(told.input, told.stream, (begin + min(starts), high))
    if packets is None:
        return told
    # Facts as they are of a clip, which begins at 0
    info = attrs.evolve(info, start=None if info.start is None else info.start - begin)
    return attrs.evolve(told, frames=_count(told, info, Fraction(0), packets.moved(-begin)))


def _count(told: Decoding, info: Stream, seek: Fraction, packets: PacketIndex | None) -> int | None:
    """Frames, of a stream with the facts *info* from *seek* on."""
    assert isinstance(info, VideoStream)  # only pictures are counted
    if info.frames == 1:
        return 1
    if packets is not None:
        found = _by_packets(told, info, packets)
        if found is not None:
            return found
    if not told.parts:
        return len(told.keys)  # as far as anybody can tell, each has a key frame of its own
    (start, end), *others = told.parts
    begins = seek + (info.start or 0)
    if others or told.keys or start > begins:
        return None
    whole = None if seek else _frames(info)
    if end is None or (info.end is not None and end >= seek + info.end):
        return whole
    if info.vfr is not False or not info.frame_rate or seek:
        return None
    some = math.ceil((_floored(end) - begins) * info.frame_rate) + (info.reorder or 0)
    return some if whole is None else min(some, whole)


def _by_packets(told: Decoding, info: VideoStream, index: PacketIndex) -> int | None:
    """The packets of each part from the key one before it on, each counted once; None where they are not known."""
    packets = index.packets
    keys = sorted((packet.pts, at) for at, packet in enumerate(packets) if packet.key)
    shown = sorted((packet.pts, at) for at, packet in enumerate(packets))
    ahead = info.reorder or 0
    needed: set[int] = set()
    for start, end in told.parts:
        stop = len(shown) if end is None else bisect_left(shown, (index.ticks(_floored(end)), -1))
        wanted = shown[bisect_left(shown, (index.ticks(_floored(start)), -1)) : stop]
        if not (index.ends or (end is not None and stop < len(shown))):
            return None
        if not wanted:
            continue
        key = _key_before(keys, wanted[0][0])
        if key is None and not index.begins:
            return None
        first = 0 if key is None else key
        if len(wanted) == 1:  # a still: what is shown after it need not come out of the decoder
            until = bisect_right(shown, (wanted[0][0], math.inf))
            needed.update(at for _, at in shown[:until] if at >= first)
        else:
            needed.update(range(first, min(max(at for _, at in wanted) + 1 + ahead, len(packets))))
    for time in told.keys:
        key = _key_before(keys, index.ticks(time))
        if key is None:
            return None
        needed.add(key)
    return len(needed)


def _key_before(keys: Sequence[tuple[int, int]], time: Fraction | int) -> int | None:
    at = bisect_right(keys, (time, math.inf))
    return keys[at - 1][1] if at else None


def _floored(time: Fraction) -> Fraction:
    """As bounds are written for FFmpeg."""
    return Fraction(to_microseconds_floor(time), 1_000_000)


def _frames(info: Stream) -> int | None:
    if not isinstance(info, VideoStream):
        return None
    if info.frames is not None:
        return info.frames
    if info.vfr is not False or not info.frame_rate or info.duration is None:
        return None
    return round(info.duration * info.frame_rate)


def _sum(values: Iterable[int | None]) -> int | None:
    each = list(values)
    known = [value for value in each if value is not None]
    return sum(known) if len(known) == len(each) else None
