"""Whether files can be joined packet by packet, and where each of them is placed: the pure decision.

FFmpeg joins what does not fit as well, exits with 0 and leaves a file that does not play. So everything that a decoder
takes from the beginning of a file is compared, and where a fact is not known the answer is a reason, for people.

Pictures are placed where the parts of the whole begin, so that no error adds up. A packet of sound cannot be cut, and
the decoder needs the one before the first that is heard; so of each part as many packets are taken as bring the next
one nearest to its place: packets follow each other without a gap, and are never further from their picture than half of
one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.streams import Concat, Cut, Encode, JoinedPart, Node, Sink, Source, StreamGraph
from mediapipeline.planner.ticks import tells_samples_apart

__all__ = ["Joint", "Reason", "lay_out"]

Reason: TypeAlias = str

_PROVEN = frozenset({"mp4", "mov", "mkv", "ts"})
_PICTURES = frozenset({"h264"})
_SOUND = frozenset({"aac", "mp3", "ac3", "eac3", "mp2"})
_SELF_DESCRIBING = frozenset({"aac", "mp3", "ac3", "eac3", "mp2"})
"""Codecs that tell a decoder everything in each packet; AAC does so where there is no header for it."""
_OF_ALL = ("codec", "profile", "index", "time_base", "extradata", "preroll")
_OF_PICTURES = (
    "width", "height", "sar", "pix_fmt", "frame_rate", "color", "interlaced", "rotation", "reorder", "delay", "start",
)  # fmt: skip
_OF_SOUND = ("sample_rate", "channel_layout", "channels", "packet", "start")
_WORDS = {
    "index": "place in its file", "time_base": "clock", "extradata": "header for the decoder",
    "pix_fmt": "pixel format", "sar": "shape of pixels", "frame_rate": "frame rate", "preroll": "beginning",
    "reorder": "order of frames", "delay": "order of frames", "sample_rate": "sample rate",
    "channel_layout": "layout", "packet": "length of packets", "color": "colour", "interlaced": "kind of fields",
}  # fmt: skip


@attrs.frozen
class Joint:
    """Where the files are placed.

    Attributes:
        sources: In order.
        parts: Where each is placed.
        lead: Seconds of each file before what its part begins with.
        frames: Of pictures, how many there are.
        apart: Seconds that a sound is from its picture at most.
    """

    sources: tuple[Source, ...]
    parts: tuple[JoinedPart, ...]
    lead: Fraction = Fraction(0)
    frames: int | None = None
    apart: Fraction = Fraction(0)


def lay_out(graph: StreamGraph, node: Encode) -> Joint | Reason:
    """How to join what *node* would encode, or why it has to be encoded.

    Args:
        graph: The graph.
        node: An encoder of a `Concat`.
    """
    whole = graph.input_of(node)
    if not isinstance(whole, Concat):
        return "nothing is joined"
    containers = {sink.container for sink in map(graph.__getitem__, graph.consumers[node.id]) if isinstance(sink, Sink)}
    if not containers <= _PROVEN:
        return f"it has not been proven to play in {min(containers - _PROVEN)}"
    sources: list[Source] = []
    leads: set[Fraction] = set()
    for number, name in enumerate(whole.made_of or whole.inputs, 1):
        if name is None:
            return f"clip {number} has to be converted to match"
        found = _file(graph, graph.nodes.get(name))
        if found is None:
            return f"clip {number} is not a whole, unchanged file"
        sources.append(found[0])
        leads.add(found[1])
    if len(leads) > 1:
        return "their pictures do not begin alike"
    (lead,) = leads
    infos = [source.info for source in sources]
    different = _difference(infos)
    if different is not None:
        return different
    if infos[0].codec not in node.copy_codecs:
        return f"the output is to hold another codec than {infos[0].codec}"
    lengths = [graph[name].info.duration for name in whole.inputs]
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        return "nobody knows how long they are"
    first = infos[0]
    placed = (_sound if isinstance(first, AudioStream) else _pictures)(first, infos, known, lead)
    return placed if isinstance(placed, str) else attrs.evolve(placed, sources=tuple(sources), lead=lead)


def _file(graph: StreamGraph, node: Node | None) -> tuple[Source, Fraction] | None:
    """The source that *node* is, and how much of its beginning is left out; that holds no picture."""
    lead = Fraction(0)
    if isinstance(node, Cut) and node.exact and node.end is None:
        lead = node.start
        node = graph.input_of(node)
        if node.kind == "video" and lead > (node.info.start or 0):
            return None
    return (node, lead) if isinstance(node, Source) and not node.seek and not node.key_frames else None


def _difference(infos: Sequence[Stream]) -> Reason | None:
    """What tells the streams apart, or is not known of the first."""
    first = infos[0]
    if not isinstance(first, VideoStream | AudioStream):
        return "only pictures and sound are joined"
    picture = isinstance(first, VideoStream)
    if first.codec not in (_PICTURES if picture else _SOUND):
        return f"only {', '.join(sorted(_PICTURES if picture else _SOUND))} is joined like this, not {first.codec}"
    for number, info in enumerate(infos[1:], 2):
        for field in (*_OF_ALL, *(_OF_PICTURES if picture else _OF_SOUND)):
            one, other = getattr(first, field), getattr(info, field)
            if one != other:
                shown = "" if field in ("extradata", "color", "preroll") else f": {other}, not {one}"
                return f"clip {number} has another {_WORDS.get(field, field)}{shown}"
    if first.extradata is None and first.codec not in _SELF_DESCRIBING:
        return "what a decoder has to be told beforehand is not known"
    if first.time_base is None:
        return "its clock is not known"
    return None


def _pictures(first: Stream, infos: Sequence[Stream], lengths: Sequence[Fraction], lead: Fraction) -> Joint | Reason:
    assert isinstance(first, VideoStream)
    assert first.time_base is not None  # looked at before
    rate = first.frame_rate
    if first.vfr is not False or not rate:
        return "its frames are not known to be evenly spaced"
    if first.preroll != 0:
        return "its first packet is not the first that is shown"
    if first.rotation or first.rotation_by_tag:
        return "it is rotated: players have to turn it"
    if not 0 <= ((first.start or 0) - lead) * rate < Fraction(1, 2):
        return "its picture begins later than the clip"
    parts, begin = [], Fraction(0)
    for number, (info, length) in enumerate(zip(infos, lengths, strict=True), 1):
        frames = info.frames if isinstance(info, VideoStream) else None
        if info.duration is None or abs(info.duration - length) > first.time_base:
            return f"clip {number} does not last a whole number of frames"
        if frames is not None and frames != length * rate:
            return f"clip {number} has {frames} frames, not {length * rate}"
        begin += length
        if (begin / first.time_base).denominator != 1 and number < len(infos):
            return f"its clock does not tell when clip {number + 1} begins"
        parts.append(JoinedPart(length=length))
    return Joint((), tuple(parts), frames=int(begin * rate))


def _sound(first: Stream, infos: Sequence[Stream], lengths: Sequence[Fraction], lead: Fraction) -> Joint | Reason:
    assert isinstance(first, AudioStream)
    packet = first.packet
    if packet is None or first.preroll is None or first.start != 0:
        return "where its packets lie is not known"
    if not tells_samples_apart(first):
        return "its clock rounds where its packets lie"
    before = first.preroll + lead
    if before not in (0, packet):
        return "what lies before it is not one packet"
    parts, here, due, apart = [], Fraction(0), Fraction(0), Fraction(0)
    for number, (info, length) in enumerate(zip(infos, lengths, strict=True), 1):
        if info.duration is None:
            return f"nobody knows how long the sound of clip {number} is"
        held = math.ceil((info.duration - lead) / packet - Fraction(1, 100))
        due += length
        last = number == len(infos)
        room = (due - here) / packet if last else (due - here - before) / packet
        taken = min(held, math.ceil(room) if last else _nearest(room))
        after = here + taken * packet + (0 if last else before)
        if taken < 1 or due - after > packet / (1 if last else 2):
            return f"the sound of clip {number} ends {float(due - after):.3g} s before its picture"
        apart = max(apart, abs(after - due)) if not last else apart
        parts.append(JoinedPart(length=after - here, packets=taken, until=lead + (taken - Fraction(1, 2)) * packet))
        here = after
    return Joint((), tuple(parts), apart=apart)


def _nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))
