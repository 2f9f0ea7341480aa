"""The last stage of planning: from the optimised graph to what each output will be, and what will be checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.container import container_named
from mediapipeline.media.encoders import CODECS
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.custom import custom_requirements
from mediapipeline.planner.hidden import brought_to_light, read_apart
from mediapipeline.planner.joining import lay_out as joint
from mediapipeline.planner.options import decoder_for
from mediapipeline.planner.plan import PlannedStream
from mediapipeline.planner.wanted import why_not_partly
from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation, StreamKind
from mediapipeline.steps.late import filters_in
from mediapipeline.steps.step import FFmpegStep, Step

__all__ = ["Cause", "OperatorAt", "cause", "expected", "output_media", "planned_streams", "requirements", "why_encoded"]

OperatorAt: TypeAlias = Callable[[str], str | None]
"""Names the operator of an operation, by JSON Pointer."""


@attrs.frozen
class Cause:
    """Why a stream is encoded, and what to do for it to be copied; None where nothing of the job would help."""

    text: str
    hint: str | None = None


_TOLERANCE = Fraction(1, 20)
_LONGEST_PACKET = 1536  # samples, of the codecs that such containers hold
_UNTOLD = {"wavpack": Fraction(2), "alac": Fraction(1, 2)}
"""Seconds of a packet, at most, of codecs of which FFmpeg may copy the last one without telling how long it is."""
_NO_SETTINGS = "name no more than a codec, not an encoder or settings for one"
_DIALECT = re.compile(r"yuvj|yuva")


def requirements(graph: ir.StreamGraph, steps: Iterable[Step], muxers: Sequence[str]) -> tuple[str, ...]:
    """What FFmpeg must have to run *graph* by *steps*."""
    found = {f"muxer:{name}" for name in muxers} | custom_requirements(graph)
    found |= {f"decoder:{name}" for name in _decoders(graph)}
    found |= {"demuxer:concat" for node in graph if isinstance(node, ir.Joined | ir.Splice)}
    commands = (step for step in steps if isinstance(step, FFmpegStep))
    found |= {f"filter:{name}" for step in commands for name in filters_in(step.command, step.late)}
    for node in graph:
        if isinstance(node, ir.Encode):
            found.add(f"encoder:{node.encoder}")
        elif isinstance(node, ir.Splice):
            found.add("muxer:mpegts")
    return tuple(sorted(found))


def _decoders(graph: ir.StreamGraph) -> Iterator[str]:
    for source in graph.of(ir.Source):
        name = decoder_for(source.info)
        if name is not None and not all(isinstance(graph[use], ir.Copy) for use in graph.consumers[source.id]):
            yield name


def output_media(graph: ir.StreamGraph, sink: ir.Sink) -> MediaInfo:
    """What the file of *sink* will be, with its streams counted from 0."""
    streams: dict[str, list[Stream]] = {"video": [], "audio": [], "subtitle": [], "cover": []}
    for at, name in enumerate(sink.inputs):
        node = graph[name]
        start = node.info.start - (sink.media.start or 0) if node.info.start is not None else None
        streams[node.kind].append(attrs.evolve(node.info, index=at, start=start))
    pictures = [s for s in streams["video"] if isinstance(s, VideoStream)]
    return attrs.evolve(
        sink.media,
        start=Fraction(0),
        video=pictures[0] if pictures else None,
        other_video=tuple(pictures[1:]),
        audio=tuple(s for s in streams["audio"] if isinstance(s, AudioStream)),
        subtitles=tuple(s for s in streams["subtitle"] if isinstance(s, SubtitleStream)),
        covers=tuple(s for s in streams["cover"] if isinstance(s, VideoStream)),
    )


def planned_streams(graph: ir.StreamGraph, sink: ir.Sink, operator_at: OperatorAt) -> tuple[PlannedStream, ...]:
    """How each stream of an output comes about."""
    found = []
    for name in sink.inputs:
        node = graph[name]
        if isinstance(node, ir.Encode):
            reason = f"not copied: {why_encoded(graph, node, sink.container, operator_at)}"
            found.append(PlannedStream(kind=node.kind, encoder=node.encoder, codec=node.info.codec, reason=reason))
        else:
            reason = _copied(graph.input_of(node))
            if isinstance(node, ir.Copy) and node.clipped:
                reason = "cut at whole packets"
            if isinstance(node, ir.Joined):
                reason = f"{len(node.inputs)} files joined packet by packet: a decoder cannot tell them apart"
            edges = False
            if isinstance(node, ir.Splice):
                parts = [graph[part] for part in node.inputs]
                copied = sum(part.frames for part in parts if isinstance(part, ir.Packets))
                total = node.info.frames if isinstance(node.info, VideoStream) else None
                edges = any(isinstance(part, ir.Encode) for part in parts)
                rest = ", the rest encoded: it is cut between key frames" if edges else ": it is cut at key frames"
                reason = f"{copied} of {total} frames{rest}"
            found.append(
                PlannedStream(kind=node.kind, encoder=None, codec=node.info.codec, reason=reason, edges_encoded=edges)
            )
    return tuple(found)


def _copied(source: ir.Node) -> str:
    """What is copied of *source*, of which only a part may be wanted."""
    if not isinstance(source, ir.Cut):
        return "nothing changes it"
    begins = f": from the one at or before {float(source.start):.6g} s on" if source.start else ""
    return f"cut at key frames{begins if source.kind == 'video' else ''}"


def why_encoded(graph: ir.StreamGraph, node: ir.Encode, container: str, operator_at: OperatorAt) -> str:
    """Why the stream that *node* encodes for an output in *container* is not copied."""
    return cause(graph, node, container, operator_at).text


def cause(graph: ir.StreamGraph, node: ir.Encode, container: str, operator_at: OperatorAt) -> Cause:
    """Why the stream that *node* encodes for an output in *container* is not copied, and what would help."""
    source = graph.input_of(node)
    at_key_frames = isinstance(source, ir.Cut) and not source.exact and node.kind != "subtitle"
    if at_key_frames:  # which a copy can do
        source = graph.input_of(source)
    changed = _changed(graph, source, node.origin)
    if changed is not None:
        return _why_changed(graph, node, changed, operator_at, at_key_frames=at_key_frames)
    if not node.copy_codecs and node.pinned is None:
        return Cause("the job gives settings for an encoder", _NO_SETTINGS)
    if isinstance(source, ir.Source) and source.seek:
        text = f"cut at an exact time{_why_no_smart_cut(graph, node, operator_at)}"
        return Cause(text, _cut_for_copies(source))
    if node.kind != "cover" and not container_named(container).takes(node.kind, source.info.codec):
        return Cause(f"{container} does not take {source.info.codec}", "write another container")
    if node.pinned is not None:
        return Cause(node.pinned, node.unpinned)
    if source.info.codec not in node.copy_codecs:
        return Cause(f"the job asks for {node.info.codec}", f"ask for {source.info.codec}, or for no codec")
    if (hidden := _hidden(source, container)) is not None:
        return Cause(hidden, None if _hidden(source, "mp4") else "write MP4")
    if at_key_frames and isinstance(source, ir.Source) and not source.seekable:
        text = f"cut, and the key frames of {source.input!r} are not found by seeking"
        return Cause(text, "bring the input into MP4 first")
    return Cause("copying is switched off", "plan with all rules")


def _why_changed(
    graph: ir.StreamGraph, node: ir.Encode, changed: ir.Node, operator_at: OperatorAt, *, at_key_frames: bool
) -> Cause:
    name = operator_at(changed.origin) or changed.origin
    if isinstance(changed, ir.Cut):
        if at_key_frames and not changed.exact:
            return Cause(f"cut at key frames more than once ({name})", "cut once")
        source = graph.input_of(changed)
        if not changed.start and (apart := read_apart(source.info)) is not None:
            return Cause(apart)
        hint = "cut once, at key frames (accuracy: keyframe)" if at_key_frames else _cut_for_copies(source)
        return Cause(f"cut at an exact time ({name}){_why_no_smart_cut(graph, node, operator_at)}", hint)
    if isinstance(changed, ir.Concat) and changed is graph.input_of(node):
        no_smart_cut = _why_no_smart_cut(graph, node, operator_at) if node.copy_codecs else ""  # or it is told twice
        why, hint_to_join = _why_not_joined(graph, node)
        return Cause(f"joined by {name}{why}{no_smart_cut}", hint_to_join)
    return Cause(f"changed by {name}", f"leave out {name}")


def _changed(graph: ir.StreamGraph, stream: ir.Node, output: str) -> ir.Node | None:
    """What changes a stream, but for what the output at that place does to it by itself."""
    made_of = graph.ancestors(stream.id)
    return next((each for each in made_of if not isinstance(each, ir.Source) and each.origin != output), None)


def _cut_for_copies(source: ir.Node) -> str:
    """How a part of a stream can be copied, if at all."""
    if source.kind == "subtitle":
        return "leave out the cut"
    if isinstance(source, ir.Source) and not source.seekable:
        return "bring the input into MP4 first, and cut at key frames (accuracy: keyframe)"
    return "cut at key frames (accuracy: keyframe)"


def _hidden(source: ir.Node, container: str) -> str | None:
    return brought_to_light(source.info, container_named(container)) if isinstance(source, ir.Source) else None


def _why_not_joined(graph: ir.StreamGraph, node: ir.Encode) -> tuple[str, str | None]:
    """Why files are not joined by copies, as the end of a sentence, and what would help."""
    if not node.copy_codecs:
        settings = "the job gives settings for an encoder"
        return f", and {node.pinned or settings}", _NO_SETTINGS if node.pinned is None else node.unpinned
    found = joint(graph, node)
    if isinstance(found, str):
        return f", and {found}", "join whole files that are alike, in a container where that is proven to play"
    return ", and copying is switched off", "plan with all rules"


def _why_no_smart_cut(graph: ir.StreamGraph, node: ir.Encode, operator_at: OperatorAt) -> str:
    """Where packets of parts are to be copied, why they are not."""
    found = why_not_partly(graph, node, operator_at) if node.partly else None
    return "" if found is None else f"; no smart cut: {found}"


def expected(
    graph: ir.StreamGraph, sink: ir.Sink, media: MediaInfo, demuxer: str, max_duration: Fraction | None
) -> Expectation:
    """What is checked of an output before it is published."""
    begin = sink.media.start or Fraction(0)
    nodes = [graph[name] for name in sink.inputs]
    moved = _moved(graph, nodes, sink.container)
    streams = [_later(_expected_stream(graph, node, sink, begin), moved) for node in nodes if node.kind != "cover"]
    frame = max((_tolerance(graph[name].info) for name in sink.inputs), default=_TOLERANCE)
    ends = [stream.end for stream in streams if stream.kind != "subtitle"]
    known = [end for end in ends if end is not None]
    lows = [end.low for end in known if end.low is not None]
    highs = [end.high for end in known if end.high is not None]
    duration: Range | None = None
    if not media.still and (lows or highs):
        # The file ends with the stream that ends last.
        duration = Range(max(lows, default=None), max(highs) if len(highs) == len(ends) else None)
    if max_duration is not None:
        high = duration.high if duration is not None else None
        duration = Range(
            duration.low if duration is not None else None,
            max_duration if high is None else min(high, max_duration + frame),
        )
    return Expectation(
        demuxer=demuxer,
        streams=tuple(streams),
        duration=duration,
        covers=len(media.covers),
        start=_first(graph, nodes, begin),
    )


def _first(graph: ir.StreamGraph, nodes: Iterable[ir.Node], begin: Fraction) -> Fraction:
    """When the first picture or sound begins, from the *begin* of the output on."""
    starts = [
        _begins(graph, node) - begin
        for node in nodes
        if node.kind != "cover" and isinstance(node.info, VideoStream | AudioStream)
    ]
    return max(Fraction(0), min(starts, default=Fraction(0)))


def _begins(graph: ir.StreamGraph, node: ir.Node) -> Fraction:
    """When a stream begins; one that is cut at key frames no earlier than that."""
    if node.info.start is None and isinstance(cut := graph.input_of(node), ir.Cut):
        return max(Fraction(0), (graph.input_of(cut).info.start or Fraction(0)) - cut.start)
    return node.info.start or Fraction(0)


def _begins_by(graph: ir.StreamGraph, node: ir.Node, begin: Fraction) -> Fraction | None:
    """When pictures begin at the latest that are decoded from amid their file on: none is lost before them.

    At the beginning of a file there may be some that cannot be decoded, which is no fault of ours.
    """
    info = node.info
    steady = isinstance(info, VideoStream) and info.frame_rate and info.vfr is False and info.frames != 1
    if not steady or info.start is None or not isinstance(node, ir.Encode):
        return None
    read = [each for each in graph.ancestors(node.id) if isinstance(each, ir.Source)]
    if not any(each.seek for each in read) or any(isinstance(s.info, VideoStream) and s.info.vfr for s in read):
        return None
    return max(Fraction(0), info.start - begin) + _tolerance(info)


def _tolerance(info: Stream) -> Fraction:
    """One frame, and never less than a twentieth of a second; see `expected`."""
    rate = info.frame_rate if isinstance(info, VideoStream) else None
    if not rate:
        return _TOLERANCE
    # The encoder counts in frames: one that falls between two of its ticks is moved by half a frame at most.
    between = ((info.start or 0) * rate).denominator != 1
    return max(_TOLERANCE, 1 / rate) + (1 / (2 * rate) if between else 0)


def _held_back(info: VideoStream) -> Fraction:
    """About how long a decoder holds frames back to bring them into order."""
    return (1 + (3 if info.reorder is None else info.reorder)) / (info.frame_rate or Fraction(25))


def _padding(node: ir.Node, container: str) -> Fraction:
    """How much longer sound may be than what is heard of it, where the container does not tell the two apart.

    Encoders begin with silence of their own, of about a packet, and fill the last packet up. A copy begins with what
    its file hides.
    """
    info, into = node.info, container_named(container)
    if not isinstance(info, AudioStream) or into.hides or info.codec is None:
        return Fraction(0)
    known, before = CODECS.get(info.codec), info.preroll or Fraction(0)
    if into.trims or (known is not None and known.lossless):
        return before
    packet = info.packet or (Fraction(_LONGEST_PACKET, info.sample_rate) if info.sample_rate else Fraction(0))
    return max(2 * packet, packet + before)


def _moved(graph: ir.StreamGraph, nodes: Iterable[ir.Node], container: str) -> Fraction:
    """By how much all of a file may be later, as sound that is copied begins with what its file hides."""
    if container_named(container).hides:
        return Fraction(0)
    copied = [node for node in nodes if isinstance(node, ir.Copy) and isinstance(graph.input_of(node), ir.Source)]
    return max(
        (node.info.preroll or Fraction(0) for node in copied if isinstance(node.info, AudioStream)), default=Fraction(0)
    )


def _later(expected: StreamExpectation, most: Fraction) -> StreamExpectation:
    """*expected*, or up to so much later."""
    if not most or expected.kind != "video" or expected.end is None or expected.end.high is None:
        return expected
    return attrs.evolve(expected, end=Range(expected.end.low, expected.end.high + most))


def _expected_stream(graph: ir.StreamGraph, node: ir.Node, sink: ir.Sink, begin: Fraction) -> StreamExpectation:
    info = node.info
    end: Range | None = None
    source = graph.input_of(node)
    tolerance, padding = _tolerance(info), _padding(node, sink.container)
    if isinstance(node, ir.Copy) and isinstance(source, ir.Cut):
        # Packets from the key frame before the cut on: at most everything up to its end.
        file = graph.input_of(source)
        whole = file.info.end
        last = whole if source.end is None else source.end if whole is None else min(source.end, whole)
        if last is not None:
            # Packets are taken by when they are decoded: reordered pictures may be shown later by so much.
            packet = info.packet if isinstance(info, AudioStream) else None
            length = _held_back(info) if isinstance(info, VideoStream) else packet or Fraction(0)
            length += file.leads if isinstance(file, ir.Source) else 0
            begins = source.start if node.clipped else 0
            end = Range(
                max(Fraction(0), last - source.start - tolerance), last - begins + tolerance + max(length, padding)
            )
    elif info.end is not None and not isinstance(info, SubtitleStream):
        untold = Fraction(0) if isinstance(node, ir.Encode) else _UNTOLD.get(info.codec or "", Fraction(0))
        lasts = info.end - begin
        end = Range(max(Fraction(0), lasts - tolerance - untold), lasts + tolerance + padding)
        if isinstance(info, VideoStream) and info.vfr and node.id in graph.of_parts:
            # How long before the end the last frame begins is not known, nor how long it is: as the one before it,
            # which is no longer than the part.
            end = Range(None, info.end - begin + tolerance + info.end)
        elif isinstance(info, VideoStream) and info.vfr and end.low is not None:
            # MP4 and MOV count to the end of the packet that is decoded last, not of the frame that is shown last.
            end = Range(end.low - _held_back(info), end.high)
    match info:
        case VideoStream():
            # Full range and transparency are written in other words by some versions and containers.
            encoded = isinstance(node, ir.Encode)
            plain = encoded and info.color.range != "pc" and not _DIALECT.match(info.pix_fmt or "")
            still = info.frames == 1
            return StreamExpectation(
                kind="video", codec=info.codec, width=info.width, height=info.height,
                frame_rate=info.frame_rate if encoded and info.vfr is False and not still else None,
                pix_fmt=info.pix_fmt if plain else None, begins_by=_begins_by(graph, node, begin),
                end=None if still else end,
                frames=info.frames if isinstance(node, ir.Splice | ir.Joined) else None,
            )  # fmt: skip
        case AudioStream():
            return StreamExpectation(
                kind="audio", codec=info.codec, sample_rate=info.sample_rate, channels=info.channels, end=end
            )
    kind: StreamKind = "subtitle"
    return StreamExpectation(kind=kind, codec=info.codec)
