"""What a process opens and reads: which inputs, from where to where, and about how many packets and bytes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner import streams as ir

__all__ = ["Opened", "bytes_read", "lead_of", "opened_by", "packets_in", "packets_read"]

_LEAD = Fraction(1)  # seconds from the key frame to what is sought: half of two seconds, which are usual between two
_FRAME_TIME = Fraction(1, 10)  # seconds at the most that are read for one frame
_PACKET = 1024  # samples in a packet of sound, as a rule


@attrs.frozen
class Opened:
    """An input that a process opens: from where in it, and until when from there on; None is to its end."""

    input: str
    seek: Fraction
    end: Fraction | None


def opened_by(graph: ir.StreamGraph, sinks: Sequence[ir.Node]) -> list[Opened]:
    """The inputs that a process opens, each for every place that it is read from, and for every list that names it."""
    nodes = graph.upstream((sink.id for sink in sinks), lambda node: node.streams)
    members = {node.id for node in nodes}
    until: dict[tuple[str, Fraction, int, str], Fraction | None] = {}
    for source in nodes:
        if not isinstance(source, ir.Source):
            continue
        users = [graph[user] for user in graph.consumers.get(source.id, ()) if user in members]
        ends = [_end(user, source) for user in users]
        known = [end for end in ends if end is not None]
        end = max(known) if known and len(known) == len(ends) else None
        lists = next((user.id for user in users if isinstance(user, ir.Joined)), "")
        begins = next((user.start for user in users if isinstance(user, ir.Packets)), source.seek)
        opened = source.input, begins, source.reading, lists
        before = until.get(opened, end)
        until[opened] = None if before is None or end is None else max(before, end)
    return [Opened(name, seek, end) for (name, seek, _, _), end in until.items()]


def _end(user: ir.Node, source: ir.Source) -> Fraction | None:
    """How much is read for *user*, seconds; None is all. Of a still nearly all of it is what lies before."""
    if isinstance(user, ir.Packets) and isinstance(user.info, VideoStream) and user.info.frame_rate:
        return user.frames / user.info.frame_rate
    if isinstance(user, ir.Sample):
        return lead_of(source) + user.time * (not source.key_frames) + _FRAME_TIME
    return user.end if isinstance(user, ir.Cut) else None


def lead_of(source: ir.Source) -> Fraction:
    """Seconds from the key frame that decoding begins at to the time that is sought."""
    return min(_LEAD, source.seek) if source.kind == "video" and not source.key_frames else Fraction(0)


def _span(file: Opened, duration: Fraction) -> Fraction:
    """Seconds that are read of an input of that *duration*."""
    rest = max(duration - file.seek, Fraction(0))
    return rest if file.end is None else min(file.end, rest)


def bytes_read(files: Sequence[Opened], media: Mapping[str, MediaInfo]) -> int | None:
    """Of each input the share of its time that is read, and again from each place that it is opened at."""
    amount = Fraction(0)
    for file in files:
        size, duration = media[file.input].size, media[file.input].duration
        if size is None:
            return None
        amount += size * _span(file, duration) / duration if duration else size
    return int(amount)


def packets_read(files: Sequence[Opened], media: Mapping[str, MediaInfo]) -> Fraction:
    """Of all streams of the inputs: a demuxer hands out what nobody takes as well."""
    spans = [(media[each.input], _span(each, media[each.input].duration or Fraction(0))) for each in files]
    return sum((packets_in(stream, span) for found, span in spans for stream in found.streams), Fraction(0))


def packets_in(info: Stream, duration: Fraction | None) -> Fraction:
    """About how many packets there are; where that is not known, too few to matter."""
    if duration is None:
        return Fraction(0)
    if isinstance(info, VideoStream):
        return duration * (info.frame_rate or 0)
    if isinstance(info, AudioStream):
        return duration * (info.sample_rate or 48000) / _PACKET
    return Fraction(0)
