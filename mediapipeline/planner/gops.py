"""Which frames of a part can be copied although it begins and ends between key frames: smart cut, the pure decision.

The part is laid out as runs. Whole groups of pictures are copied as packets; what lies before the first and after the
last of them is encoded, with the parameters of the stream. Nothing is assumed: where a fact is not known, or has not
been proven to give an output without a gap, the answer is a reason, for people.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

import attrs

from mediapipeline.media.packets import CodedPacket, PacketIndex
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timecode import to_microseconds_floor
from mediapipeline.planner.streams import Encode, Node, Sink, Source

__all__ = ["Layout", "Reason", "Run", "lay_out"]

Reason: TypeAlias = str

_PROFILES = {"Baseline": "baseline", "Constrained Baseline": "baseline", "Main": "main", "High": "high"}
_REORDERING: tuple[tuple[tuple[str, str], ...], ...] = (
    (("bf", "0"),),
    (("bf", "3"), ("b_strategy", "1"), ("x264-params", "b-pyramid=none")),
    (("bf", "3"), ("b_strategy", "1"), ("x264-params", "b-pyramid=normal")),
)  # by the frames that decoding is ahead of showing: x264 says so by its settings, whatever the frames
_QUALITY = (("crf", "16"), ("preset", "medium"))  # the seam shall not be seen
_SET = "sps-id=7:repeat-headers=1:open-gop=0"  # parameter sets of their own, before every key frame
_COPYING = 32  # frames that are copied in the time in which one is encoded
_TOO_FEW = range(1, len(_REORDERING) + 1)  # frames that are less than what is reordered: measured, times are lost then
_PROVEN = frozenset({"mp4", "mkv", "ts"})
_SUBSAMPLED = frozenset({"yuv420p", "yuvj420p"})


@attrs.frozen
class Run:
    """Frames in a row that are treated alike.

    Attributes:
        copied: Whether their packets are taken, or they are encoded.
        start: When the first of them is shown, seconds from the start of the file.
        end: When the first after them is.
        frames: How many they are.
        decode: When the first of them is decoded; may be negative.
    """

    copied: bool
    start: Fraction
    end: Fraction
    frames: int
    decode: Fraction


@attrs.frozen
class Layout:
    """The runs of a part, in order, and how the encoded ones are encoded so that they match.

    Attributes:
        first: When the first frame is shown, seconds from the start of the file.
        zero: The first time there can be of this stream, when it is read alone: FFmpeg counts MPEG streams from the
            first of the streams that it uses, not from the first of the file.
        options: Options of libx264.
    """

    runs: tuple[Run, ...]
    first: Fraction
    zero: Fraction
    options: tuple[tuple[str, str], ...]

    @property
    def frames(self) -> int:
        return sum(run.frames for run in self.runs)

    @property
    def copied(self) -> int:
        return sum(run.frames for run in self.runs if run.copied)


def lay_out(
    source: Source, start: Fraction, end: Fraction | None, encode: Encode, sinks: Iterable[Node]
) -> Layout | Reason:
    """The runs of the part [start, end), or why it has to be encoded as a whole.

    Args:
        source: The stream, with its packets.
        start: Seconds from the start of the file.
        end: The same; None for the end of the file.
        encode: What would be done instead.
        sinks: What takes it.
    """
    info, packets = source.info, source.packets
    if not isinstance(info, VideoStream) or packets is None:
        return "its packets are not known"
    containers = [sink.container for sink in sinks if isinstance(sink, Sink)]
    others = [name for name in containers if name not in _PROVEN]
    if "mkv" in containers and info.frame_rate and (1000 / info.frame_rate).denominator != 1:
        return "mkv would round its times to milliseconds"
    if others:
        return f"it has not been proven to play in {others[0]}"
    reason = _unsuited(source, info, encode)
    if reason is not None:
        return reason
    assert info.frame_rate is not None  # not suited without
    found = _runs(packets, info, info.frame_rate, start, end)
    if isinstance(found, Layout) and source.seekable:
        return attrs.evolve(found, zero=Fraction(0))
    return found


def _unsuited(source: Source, info: VideoStream, encode: Encode) -> Reason | None:
    """Why the stream as a whole, or the job, does not allow it."""
    if info.codec != "h264":
        return f"only h264 is cut like this, not {info.codec}"
    if info.codec not in encode.copy_codecs:
        return "the job or the container asks for encoding"
    if encode.encoder != "libx264" or encode.faults:
        return "it takes libx264"
    if info.pix_fmt not in _SUBSAMPLED or info.profile not in _PROFILES:
        return f"only 4:2:0 of 8 bits is cut like this, not {info.pix_fmt}, profile {info.profile}"
    if info.interlaced is not False:
        return "it is not known to be progressive"
    if info.rotation or info.rotation_by_tag:
        return "players have to turn it"
    if info.vfr is not False or not info.frame_rate:
        return "its frames are not known to be evenly spaced"
    if _in_milliseconds(source):
        return "its times are rounded to milliseconds"
    if source.access != "index":
        return "there is no index to find its packets by"
    return None


def _runs(
    index: PacketIndex, info: VideoStream, rate: Fraction, start: Fraction, end: Fraction | None
) -> Layout | Reason:
    packets = index.packets
    shown = sorted(packet.pts for packet in packets)
    if any(abs(later - earlier - 1 / rate) > index.time_base for earlier, later in pairwise(shown)):
        return "its frames are not evenly spaced"
    if not shown or not (index.begins or shown[0] < start):
        return "the packets before the part are not known"
    stop = len(shown) if end is None else bisect_left(shown, _as_cut(end, index.time_base))
    if stop == len(shown) and not index.ends:
        return "the packets after the part are not known"
    begin = bisect_left(shown, _as_cut(start, index.time_base))
    places = {at: bisect_left(shown, packet.pts) for at, packet in enumerate(packets) if packet.idr}
    clean = [
        at
        for at, place in places.items()
        if begin <= place <= stop and place - begin not in _TOO_FEW and stop - place not in _TOO_FEW
    ]
    if not clean:
        return "there is no IDR picture in it"
    to_the_end = stop == len(shown)
    first, last = clean[0], len(packets) if to_the_end else clean[-1]
    if first >= last:
        return "it holds no whole group of pictures"
    copied = packets[first:last]
    left, right = bisect_left(shown, packets[first].pts), stop if to_the_end else bisect_left(shown, packets[last].pts)
    if sorted(packet.pts for packet in copied) != shown[left:right]:
        return "its groups of pictures refer to each other"
    delay = _delay(copied, rate)
    if isinstance(delay, str):
        return delay
    if any(p.key and p.dts is not None and _near(p.dts, copied[0], rate) for p in packets[max(0, first - 3) : first]):
        return "key frames stand too close together"
    finish = shown[stop] if not to_the_end else shown[-1] + 1 / rate
    decode = copied[0].pts - delay / rate
    bounds = [(False, begin, left), (True, left, right), (False, right, stop)]
    runs = tuple(
        Run(
            copies,
            shown[a],
            shown[b] if b < len(shown) else finish,
            b - a,
            (copied[0].dts or decode) if copies else shown[a] - delay / rate,
        )
        for copies, a, b in bounds
        if b > a
    )
    options = (
        ("profile", _PROFILES[info.profile or ""]),
        *_QUALITY,
        *(option for option in _REORDERING[delay] if option[0] != "x264-params"),
        ("x264-params", ":".join([*(v for k, v in _REORDERING[delay] if k == "x264-params"), _SET])),
    )
    return _worth(Layout(runs, shown[begin], shown[0] if index.begins else Fraction(0), options), packets)


def _in_milliseconds(source: Source) -> bool:
    """Matroska's clock: measured, FFmpeg 7.0 leaves gaps where such packets are joined with others."""
    return source.packets is not None and source.packets.time_base == Fraction(1, 1000)


def _as_cut(time: Fraction, tick: Fraction) -> Fraction:
    """The bound that FFmpeg would compare times of frames with: see the decision on cuts and clocks."""
    floored = Fraction(to_microseconds_floor(time), 1_000_000)
    return floored if tick > Fraction(1, 1000) else round(floored / tick) * tick


def _near(decoded: Fraction, first: CodedPacket, rate: Fraction) -> bool:
    return first.dts is not None and first.dts - decoded <= 2 / rate


def _delay(copied: tuple[CodedPacket, ...], rate: Fraction) -> int | Reason:
    """Frames that decoding is ahead of showing, as the container has it."""
    dts = copied[0].dts
    if dts is None:
        return "its times of decoding are not known"
    delay = round((copied[0].pts - dts) * rate)
    order = {packet.pts: rank for rank, packet in enumerate(sorted(copied, key=lambda packet: packet.pts))}
    needed = max(at - order[packet.pts] for at, packet in enumerate(copied))
    if not needed <= delay < len(_REORDERING):
        return f"its frames are reordered by {max(needed, delay)}, which cannot be matched"
    return delay


def _worth(layout: Layout, packets: tuple[CodedPacket, ...]) -> Layout | Reason:
    """*layout*, if it takes less than encoding everything."""
    encoded = layout.frames - layout.copied
    runs = sum(not run.copied for run in layout.runs)
    group = Fraction(len(packets), max(1, sum(packet.key for packet in packets)))
    if encoded + Fraction(layout.copied, _COPYING) + runs * group < layout.frames:
        return layout
    return f"too little of it could be copied: {layout.copied} of {layout.frames} frames"
