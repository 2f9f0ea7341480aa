"""Which frames of a part can be copied although it begins and ends between key frames: smart cut, the pure decision.

Each part is laid out as runs. Whole groups of pictures are copied as packets; what lies before the first and after the
last of them is encoded, with the parameters of the stream. Nothing is assumed: where a fact is not known, or has not
been proven to give an output without a gap, the answer is a reason, for people.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from operator import sub

import attrs

from mediapipeline.media.packets import CodedPacket, PacketIndex
from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.media.timecode import to_microseconds_floor
from mediapipeline.planner.cuttable import PROFILES, Reason, ruled_out, unable
from mediapipeline.planner.streams import Encode, Node, Source

__all__ = ["Layout", "Part", "Run", "lay_out"]

# By the number of frames that decoding is ahead of showing: x264 says so by its settings, whatever the frames. With
# pbratio=1 B-frames are as good as others.
_REORDERING: tuple[tuple[tuple[str, str], ...], ...] = (
    (("bf", "0"),),
    (("bf", "3"), ("b_strategy", "1"), ("x264-params", "b-pyramid=none:pbratio=1")),
    (("bf", "3"), ("b_strategy", "1"), ("x264-params", "b-pyramid=normal:pbratio=1")),
)
_MOST_REORDERED = len(_REORDERING) - 1
_QUALITY = (("crf", "12"), ("preset", "superfast"))  # grain too: the seam must not be seen, and it is short
# Parameter sets with an id of their own, before every key frame; x264 marks scene cuts as such without giving them any.
_SET = "sps-id=7:repeat-headers=1:open-gop=0:scenecut=0"
_COPYING = 32  # frames that are copied in the time that it takes to encode one
_TOO_FEW = _MOST_REORDERED  # frames: given no more than it reorders, x264 does not tell when they are decoded
_ALLOWED = Fraction(1, 1000)  # seconds that a frame may be off its place: Matroska rounds to milliseconds
_EVEN = Fraction(1, 45_000)  # seconds that it may be off without any clock of an output showing it


@attrs.frozen
class Part:
    """What is wanted of a source: the frames that are shown in [start, end).

    Attributes:
        source: The stream, with its packets.
        start: Seconds from the start of the file.
        end: The same; None for the end of the file.
        frames: How many frames it takes up in the whole, where that is settled.
        lead: How often the first frame is repeated before its own place, as the part begins between two frames and is
            shown at once.
    """

    source: Source
    start: Fraction
    end: Fraction | None
    frames: int | None = None
    lead: int = 0


@attrs.frozen
class Run:
    """Frames in a row that are treated alike.

    Attributes:
        part: Number of the part that they belong to.
        copied: Whether their packets are taken, or they are encoded.
        start: When the first of them is shown, seconds from the start of the file.
        end: When the first after them is.
        frames: How many they become.
        after: If copied, a time later than every key frame before the first packet, but not later than the decoding of
            that packet; None if the stream begins with it, as its time of decoding may be unknown.
        lead: How many of the frames repeat the first one; see `Part`.
        entry: Where decoding has to begin if the key frame before the first of them may refer to earlier frames: when
            the last one that does not is shown, in seconds from the start of the file.
    """

    part: int
    copied: bool
    start: Fraction
    end: Fraction
    frames: int
    after: Fraction | None = None
    lead: int = 0
    entry: Fraction | None = None


@attrs.frozen
class Layout:
    """The runs of all parts, in order, and how the encoded ones are encoded so that they match.

    Attributes:
        options: Options of libx264.
        delay: How many frames decoding is ahead of showing.
        retimed: Whether the runs disagree on that, or the source does not tell its times exactly, so that all times
            have to be counted anew.
        worth: Whether it is cheaper than encoding everything.
        begin: When the first frame is shown, seconds from the start of its part.
    """

    runs: tuple[Run, ...]
    options: tuple[tuple[str, str], ...]
    delay: int
    retimed: bool
    worth: bool = True
    begin: Fraction = Fraction(0)

    @property
    def frames(self) -> int:
        return sum(run.frames for run in self.runs)

    @property
    def copied(self) -> int:
        return sum(run.frames for run in self.runs if run.copied)


def lay_out(parts: Sequence[Part], encode: Encode, sinks: Iterable[Node]) -> Layout | Reason:
    """The runs of *parts*, one after the other, or the reason to encode all of it.

    Args:
        parts: What is wanted.
        encode: What would be done instead.
        sinks: What takes it.
    """
    infos = [part.source.info for part in parts if isinstance(part.source.info, VideoStream)]
    if len(infos) < len(parts):
        return "its packets are not known"
    if (reason := ruled_out(infos, encode, sinks)) is not None:
        return reason
    if any(part.source.packets is None for part in parts):
        return "its packets are not known"
    first = infos[0]
    rate = first.frame_rate
    assert rate is not None  # ruled out without
    found = _splits(parts, rate, _TOO_FEW)
    if not isinstance(found, str) and _retimed(found):
        found = _splits(parts, rate, _TOO_FEW + 1)  # measured: transport streams lose times then
    if isinstance(found, str):
        return found
    delays = {split.delay for split in found if split.delay is not None}
    if not delays:
        return next(split.reason for split in found if split.reason)
    delay = max(delays)
    settings = _REORDERING[min(delay, _MOST_REORDERED)]
    options = (
        ("profile", PROFILES[first.profile or ""]),
        *_QUALITY,
        *(option for option in settings if option[0] != "x264-params"),
        ("x264-params", ":".join([*(v for k, v in settings if k == "x264-params"), _SET])),
    )
    runs = tuple(run for split in found for run in split.runs)
    if any(not run.copied for run in runs) and (reason := unable(encode)) is not None:
        return reason
    begin = _ticked(max(Fraction(0), runs[0].start - parts[0].start), parts[0].source.info)
    layout = Layout(runs, options, delay, _retimed(found), begin=begin)
    if _worth(layout, max(split.group for split in found)):
        return layout
    if encode.at_any_cost:
        return attrs.evolve(layout, worth=False)
    return f"too little of it could be copied: {layout.copied} of {layout.frames} frames"


@attrs.frozen
class _Split:
    """A part as runs; if `delay` is None, all of it is encoded, for the given `reason`."""

    runs: tuple[Run, ...]
    delay: int | None = None
    uneven: bool = False
    group: Fraction = Fraction(0)
    reason: Reason = ""


def _retimed(splits: Sequence[_Split]) -> bool:
    delays = {split.delay for split in splits if split.delay is not None}
    most = max(delays, default=0)
    # Of a part that is encoded as a whole x264 may get fewer frames than it reorders: see `_TOO_FEW`.
    short = any(split.delay is None and sum(run.frames for run in split.runs) <= most for split in splits)
    return len(delays) > 1 or most > _MOST_REORDERED or short or any(split.uneven for split in splits)


def _splits(parts: Sequence[Part], rate: Fraction, few: int) -> list[_Split] | Reason:
    splits = [_split(number, part, rate, few) for number, part in enumerate(parts)]
    failed = next((split for split in splits if isinstance(split, str)), None)
    return [split for split in splits if isinstance(split, _Split)] if failed is None else failed


def _split(number: int, part: Part, rate: Fraction, few: int) -> _Split | Reason:
    """A part as runs.

    Args:
        number: Of the part.
        part: What is wanted.
        rate: Frames a second.
        few: How many frames are too few to be encoded by themselves.
    """
    index, info = part.source.packets, part.source.info
    assert index is not None  # `lay_out` has looked
    assert isinstance(info, VideoStream)
    step = 1 / (rate * index.time_base)
    shown = _known(index)
    if not index.packets:
        return "its packets are not known: an edit list may leave out some, or none tells when it is shown"
    if not shown or not (index.begins or index.time(shown[0]) < part.start):
        return "the packets before the part are not known"
    if info.reorder and all(packet.pts == packet.dts for packet in index.packets):
        return "its times do not tell in which order frames are shown"
    far = _farthest(shown, step) * index.time_base
    if far > max(index.time_base, _ALLOWED):
        return "its frames are not evenly spaced"
    places = _places(part, index, shown)
    if isinstance(places, str):
        return places
    begin, stop = places

    def time(place: int) -> Fraction:
        return index.time(shown[place]) if place < len(shown) else index.time(shown[-1]) + 1 / rate

    def run(low: int, high: int) -> Run:
        lead = part.lead if low == begin else 0
        return Run(number, False, time(low), time(high), high - low + lead, lead=lead)

    group = Fraction(len(index.packets), max(1, sum(packet.key for packet in index.packets)))
    taken = _taken(index, shown, begin, stop, step=step, lead=part.lead, few=few)
    if isinstance(taken, str):
        whole = _entered(index, [run(begin, stop)])
        return whole if isinstance(whole, str) else _Split(whole, group=group, reason=taken)
    left, right = taken.left, taken.right
    copied = Run(number, True, time(left), time(right), right - left, after=taken.after)
    runs = [*([run(begin, left)] if left > begin else []), copied, *([run(right, stop)] if stop > right else [])]
    entered = _entered(index, runs)
    if isinstance(entered, str):
        return entered
    return _Split(entered, taken.delay, not taken.told or far > _EVEN, group)


@attrs.frozen
class _Taken:
    """Whole groups of pictures: `left` is the place of the first frame, `right` of the first one after them.

    `after` and `delay` are as in `Run` and `Layout`; `told` is whether the container gives that delay, or a longer one.
    """

    left: int
    right: int
    after: Fraction | None
    delay: int
    told: bool


def _taken(
    index: PacketIndex, shown: Sequence[int], begin: int, stop: int, *, step: Fraction, lead: int, few: int
) -> _Taken | Reason:
    """What can be copied of the frames from the place *begin* to *stop*, or why nothing can."""
    packets = index.packets
    keys = {at: bisect_left(shown, packet.pts) for at, packet in enumerate(packets) if packet.key}
    places = {at: place for at, place in keys.items() if packets[at].idr}
    too_few = range(1, few + 1)
    clean = [
        at
        for at, place in places.items()
        if begin + bool(lead) <= place <= stop and place - begin + lead not in too_few and stop - place not in too_few
    ]
    if not clean:
        within = [at for at, place in keys.items() if begin < place < stop]
        if not within:
            return "it lies within one group of pictures"
        if any(at in places for at in within):
            return "the key frames in it lie too close to where it begins or ends"
        return "no key frame in it is an IDR picture (its groups of pictures are open)"
    to_the_end = stop == len(shown)
    first, last = clean[0], len(packets) if to_the_end else clean[-1]
    if first >= last:
        return "it holds no whole group of pictures"
    taken = packets[first:last]
    left, right = places[first], stop if to_the_end else places[last]
    if sorted(packet.pts for packet in taken) != shown[left:right]:
        return "its groups of pictures refer to each other"
    delay, told = _delay(taken, step)
    decoded = Fraction(taken[0].dts) if told and taken[0].dts is not None else taken[0].pts - delay * step
    before = max((packet.pts for packet in packets[:first] if packet.key), default=None)
    if before is not None and before >= decoded:
        return "key frames stand too close together"
    between = decoded - step / 2 if before is None else (before + decoded) / 2
    after = min(
        Fraction(ceil(between)), decoded
    )  # all times are moved by it: whole ticks, which may be as long as frames
    from_start = first == 0 and index.begins
    return _Taken(left, right, None if from_start else index.zero + after * index.time_base, delay, told)


def _places(part: Part, index: PacketIndex, shown: Sequence[int]) -> tuple[int, int] | Reason:
    """The places, among the times in *shown*, of the first frame in the part and of the first one after it."""
    begin = bisect_left(shown, _bound(part.start, index))
    stop = len(shown) if part.end is None else bisect_left(shown, _bound(part.end, index))
    if stop == len(shown) and not index.ends:
        return "the packets after the part are not known"
    if part.frames is not None:
        stop = min(stop, begin + part.frames - part.lead)
        if stop - begin + part.lead < part.frames:
            return "its last frame has to stand for longer than it does"
    if begin >= stop:
        return "there is no frame in it"
    if part.lead and index.time(shown[begin]) < part.start:
        return "its first frame begins less than a tick before it does, and times are counted from the next"
    return begin, stop


def _entered(index: PacketIndex, runs: Sequence[Run]) -> tuple[Run, ...] | Reason:
    """*runs*; those that are encoded with the `entry` that they need."""
    found: list[Run] = []
    for run in runs:
        entry = None if run.copied else _entry(index, run.start)
        if isinstance(entry, str):
            return entry
        found.append(attrs.evolve(run, entry=entry))
    return tuple(found)


def _entry(index: PacketIndex, start: Fraction) -> Fraction | Reason | None:
    """Where decoding has to begin for the frame at *start*, if not at the key frame before it.

    In pictures that are refreshed bit by bit, decoding cannot begin at every key frame.
    """
    keys = sorted((packet.pts, packet.idr is True) for packet in index.packets if packet.key)
    before = [key for key in keys if index.time(key[0]) <= start]
    if before and before[-1][1]:
        return None
    clean = [pts for pts, idr in before if idr]
    if clean:
        return index.time(clean[-1])
    return Fraction(0) if index.begins else "it is not known where decoding can begin"


def _known(index: PacketIndex) -> list[int]:
    """The times of the packets, in order, as far as none between them is missing.

    Packets were read in the order of decoding: some of the last ones are shown after others that were not read.
    """
    packets = index.packets
    shown = sorted(packet.pts for packet in packets)
    if shown and not index.begins:
        shown = shown[bisect_left(shown, packets[0].pts) :]
    if shown and not index.ends:
        last = packets[-1].dts
        shown = [] if last is None else shown[: bisect_left(shown, last + 1)]
    return shown


def _farthest(shown: Sequence[int], step: Fraction) -> Fraction:
    """How many ticks a frame is off its place at most, if there should be one every *step* ticks."""
    if {later - earlier for earlier, later in pairwise(shown)} <= {step}:
        return Fraction(0)  # the usual case, and quick to find
    first, over, under = shown[0], step.numerator, step.denominator
    return Fraction(max(abs((time - first) * under - place * over) for place, time in enumerate(shown)), under)


def _ticked(time: Fraction, info: Stream) -> Fraction:
    """*time* as a filter tells it by the clock of a stream, to the tick: then it may be nearer to another frame."""
    tick = info.time_base if isinstance(info, VideoStream) else None
    return floor(time / tick + Fraction(1, 2)) * tick if tick else time


def _bound(time: Fraction, index: PacketIndex) -> Fraction:
    """The tick that FFmpeg would compare times of frames with: see the decision on cuts and clocks.

    It counts them from the start of the file, which it rounds to ticks as well.
    """
    tick = index.time_base
    floored = Fraction(to_microseconds_floor(time), 1_000_000)
    if tick > _ALLOWED:
        return index.ticks(floored)
    return Fraction(_nearest(floored / tick) - _nearest(index.zero / tick))


def _nearest(value: Fraction) -> int:
    """The nearest whole number, of two the one that is further from 0."""
    return floor(value + Fraction(1, 2)) if value >= 0 else ceil(value - Fraction(1, 2))


def _delay(taken: Sequence[CodedPacket], step: Fraction) -> tuple[int, bool]:
    """How many frames decoding is ahead of showing, and whether the container says so (or gives more than needed)."""
    times = [packet.pts for packet in taken]
    order = {time: rank for rank, time in enumerate(sorted(times))}
    needed = max(map(sub, range(len(times)), map(order.__getitem__, times)))
    first = taken[0]
    delay = -1 if first.dts is None else round((first.pts - first.dts) / step)
    return (delay, True) if delay >= needed else (needed, False)


def _worth(layout: Layout, group: Fraction) -> bool:
    """Whether *layout* is cheaper than encoding everything; *group* is the length of a group of pictures in frames."""
    encoded = layout.frames - layout.copied
    runs = sum(not run.copied for run in layout.runs)
    return encoded + Fraction(layout.copied, _COPYING) + runs * group < layout.frames
