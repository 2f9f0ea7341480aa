"""How the parts of a `Splice` become one stream of coded pictures.

If the copied parts lie in MP4 or MOV and their clock tells every frame exactly, only the encoded parts become files,
with the same clock, and the output is written from a list: these files, and between them the sources, each from one key
frame up to another. FFmpeg puts the parameter sets of each before its IDR pictures. Nothing is copied twice.

Otherwise each part becomes an MPEG transport stream with the times that it has in the whole; such files may simply
follow one another. There, parameter sets are in the stream as well. The whole is then copied into the output like any
other file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil

import attrs

from mediapipeline.ffmpeg.command import Command, InputFile, Option, OutputFile
from mediapipeline.ffmpeg.demuxers import INPUT_OPTIONS
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timecode import seconds_text, to_microseconds_floor
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.estimate import LITTLE, estimate_packets, estimate_sinks, processor_cores
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.options import read_along
from mediapipeline.steps.files import Source, Work
from mediapipeline.steps.listing import Member
from mediapipeline.steps.step import FFmpegStep, JoinFilesStep, Step

__all__ = ["Spliced", "listed_parts", "splice_steps"]

_BASE = 10
"""Seconds at which the whole begins: times of decoding come before those of showing, and must not be negative."""

_EARLIER = 6
"""How many seconds earlier the file is read, so that times of decoding are known when the copied part comes."""

_COPYTS: tuple[Option, ...] = (("copyts", None),)
_RAW: tuple[Option, ...] = (("seek_timestamp", "1"), ("noaccurate_seek", None))
"""With `_COPYTS`, these make times those of the file itself, with nothing added."""

_IN_STREAM = "mpegts"
"""The format that has the parameter sets in the stream already."""

_SETS: tuple[Option, ...] = (("bsf:0", "h264_mp4toannexb,dump_extra=freq=keyframe"),)
"""Parameter sets at the beginning of every key frame. By itself FFmpeg puts them before IDR pictures only, and 5.1 puts
them after messages that refer to them; other key frames could not be sought if the header has another part's sets."""

_CLOCK = 90_000
"""Ticks a second, of a transport stream."""

_LISTED = "mp4"
"""The format whose parts are read where they lie: a seek by its index finds the packet asked for, in all versions."""

_MADE = ("mov", "mp4", "m4a", "3gp", "3g2", "mj2")
"""FFmpeg's names of the format of the files that are made for a list."""

_SHORT = 10
"""Seconds. Edges that last no longer are encoded on one core, beside the copying."""

_MOST_READINGS = 16
"""The most parts that one process makes; each has a reading of its own, with a decoder and its frames."""


@attrs.frozen
class Spliced:
    """How a `Splice` is made, and where it is read from: one file, or several in a list.

    Attributes:
        steps: What has to be done before; if it becomes one file, the last step leaves that.
        token: The file.
        muxer: FFmpeg's name of its format.
        members: The files that it is read from, one after the other, if it does not become one.
    """

    steps: tuple[Step, ...]
    token: str = ""
    muxer: str = ""
    members: tuple[Member, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The steps to wait for before it is read."""
        return tuple(step.id for step in (self.steps if self.members else self.steps[-1:]))


def listed_parts(splices: Mapping[ir.NodeId, Spliced]) -> dict[ir.NodeId, tuple[Member, ...]]:
    """The parts of those that do not become one file."""
    return {name: each.members for name, each in splices.items() if each.members}


def splice_steps(
    graph: ir.StreamGraph,
    splice: ir.Splice,
    number: int,
    demuxers: Mapping[str, tuple[str, ...]],
    *,
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> Spliced:
    """How *splice* is made; *number* tells its steps and files from those of others."""
    clock = _clock(graph, splice, demuxers)
    placed: list[_Placed] = []
    before = Fraction(0)
    for at, name in enumerate(splice.inputs):
        part = graph[name]
        assert isinstance(part.info, VideoStream)  # only pictures are spliced
        file = Work(f"splice-{number}-{at}.{'ts' if clock is None else 'mp4'}").token
        placed.append(_Placed(part, part.info, file, before, clock))
        before += part.info.duration or 0
    steps: list[Step] = []
    encoded = [each for each in placed if not isinstance(each.part, ir.Packets)]
    copied = [each for each in placed if isinstance(each.part, ir.Packets)]
    for name, kind in (("edges", encoded), ("copies", copied if clock is None else [])):  # at the same time
        for at in range(0, len(kind), _MOST_READINGS):
            some = kind[at : at + _MOST_READINGS]
            edges = name == "edges"
            step = _edges(graph, some, demuxers, machine, media) if edges else _copies(graph, some, demuxers, media)
            which = f"-{at // _MOST_READINGS}" if len(kind) > _MOST_READINGS else ""
            steps.append(attrs.evolve(step, id=f"splice-{number}-{name}{which}"))
    if clock is not None:
        return Spliced(tuple(steps), members=tuple(_member(graph, each, demuxers) for each in placed))
    whole = Work(f"splice-{number}.ts").token
    size = sum(step.resources.disk_written or 0 for step in steps)
    passing = attrs.evolve(LITTLE, disk_space=size, disk_read=size, disk_written=size)
    join = JoinFilesStep(
        id=f"splice-{number}",
        title="join the parts",
        needs=tuple(step.id for step in steps),
        sources=tuple(each.token for each in placed),
        target=whole,
        resources=passing,
    )
    if not splice.retimed:
        return Spliced((*steps, join), whole, "mpegts")
    timed = Work(f"splice-{number}-timed.ts").token
    retime = FFmpegStep(
        id=f"splice-{number}-timed",
        title="count the times of the parts anew",
        needs=(join.id,),
        command=_retime(splice, whole, timed),
        duration=before,
        resources=passing,
    )
    return Spliced((*steps, join, retime), timed, "mpegts")


@attrs.frozen
class _Placed:
    """A part, its file, the seconds before it in the whole, and the clock of all where they are listed."""

    part: ir.Node
    info: VideoStream
    token: str
    before: Fraction
    clock: Fraction | None

    def encoded(self, output: OutputFile) -> OutputFile:
        """*output*, which is to hold it."""
        if self.clock is None:
            return attrs.evolve(output, file=self.token, options=(*output.options, *self.options(self.before)))
        clock = ("video_track_timescale", str(self.clock.denominator))
        return attrs.evolve(output, file=self.token, muxer="mp4", options=(*output.options, clock))

    def options(self, shift: Fraction) -> tuple[Option, ...]:
        follows: tuple[Option, ...] = (("mpegts_flags", "+initial_discontinuity"),) if self.before else ()
        return (*follows, ("output_ts_offset", seconds_text(_BASE + shift)))


def _edges(
    graph: ir.StreamGraph,
    placed: Sequence[_Placed],
    demuxers: Mapping[str, tuple[str, ...]],
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> FFmpegStep:
    """The step that encodes parts."""
    sinks = [
        ir.Sink(
            id=f"{each.part.id}.sink", kind="video", inputs=(each.part.id,), info=each.info, origin=each.part.origin,
            output=f"part{at}", container="ts", media=MediaInfo(duration=each.info.duration),
        )
        for at, each in enumerate(placed)
    ]  # fmt: skip
    made = graph.upstream((sink.inputs[0] for sink in sinks), lambda node: node.inputs)
    alone = ir.StreamGraph({node.id: _by_the_file(graph, node, media) for node in [*made, *sinks]})
    build = CommandBuilder(alone, sinks, {}, demuxers)
    command = build.build({})
    outputs = tuple(
        each.encoded(output)
        # Further outputs only make FFmpeg count times from the start of the file, which it does here anyway.
        for each, output in zip(placed, command.outputs, strict=False)
    )
    also = _also_begun(
        ((at, each.file) for at, each in enumerate(command.inputs)),
        (node for node in made if isinstance(node, ir.Source)),
        media,
    )
    inputs = tuple(attrs.evolve(each, options=(*_RAW, *each.options)) for each in command.inputs)
    seconds = sum((each.info.duration or Fraction(0) for each in placed), Fraction(0))
    return FFmpegStep(
        id="",
        title=f"encode {sum(each.info.frames or 0 for each in placed)} frames between key frames",
        command=attrs.evolve(command, inputs=inputs, outputs=(*outputs, *also), options=_COPYTS),
        duration=max((each.info.duration or Fraction(0) for each in placed), default=None),
        cpus=processor_cores(alone, sinks) if seconds > _SHORT else 1,
        operations=build.operations,
        resources=estimate_sinks(ir.StreamGraph({node.id: node for node in [*made, *sinks]}), sinks, machine, media),
    )


def _clock(graph: ir.StreamGraph, splice: ir.Splice, demuxers: Mapping[str, tuple[str, ...]]) -> Fraction | None:
    """The clock of the copied parts, if they can be read where they lie; None if they have to become files."""
    clocks = set()
    for part in map(graph.__getitem__, splice.inputs):
        if not isinstance(part, ir.Packets):
            continue
        source = graph.input_of(part)
        # In a list, the first stream of one file goes on as the first of the next.
        if not isinstance(source, ir.Source) or source.info.index != 0 or _LISTED not in demuxers[source.input]:
            return None
        if _span(source, part) is None:
            return None
        clocks.add(source.info.time_base)
    (clock, *others) = clocks
    assert isinstance(splice.info, VideoStream)
    rate = splice.info.frame_rate
    if splice.retimed or others or clock is None or clock.numerator != 1 or not rate:
        return None
    return clock if (1 / rate / clock).denominator == 1 else None


def _span(source: ir.Source, part: ir.Packets) -> tuple[Fraction, Fraction | None] | None:
    """From when to when *part* is read, by the clock of the file; None if that would not be certain to give just it.

    A seek to a time leads to the last key frame that is decoded by then. Reading up to a time ends at the first packet,
    of any stream, that is not before it.
    """
    index = source.packets
    if index is None or not index.listable:
        return None
    shown = index.ticks(part.start)
    times = [packet.pts for packet in index.packets]
    if shown.denominator != 1 or shown.numerator not in times:
        return None
    at = times.index(shown.numerator)
    taken, later = index.packets[at : at + part.frames], index.packets[at + part.frames : at + part.frames + 1]
    decoded = [packet.dts for packet in (*taken, *later) if packet.dts is not None]
    if len(taken) < part.frames or len(decoded) < len(taken) + len(later) or decoded != sorted(set(decoded)):
        return None
    first = taken[0]
    if later and decoded[-2] in index.overtaken:
        return None
    if any(packet.key and time <= first.pts for packet, time in zip(taken[1:], decoded[1:], strict=False)):
        return None
    end = (decoded[-2] + Fraction(decoded[-1] - decoded[-2], 2)) * index.time_base if later else None
    return first.pts * index.time_base, end


def _member(graph: ir.StreamGraph, placed: _Placed, demuxers: Mapping[str, tuple[str, ...]]) -> Member:
    """A part in the list."""
    length = placed.info.duration or Fraction(0)
    if not isinstance(placed.part, ir.Packets):
        return Member(token=placed.token, demuxers=_MADE, length=length)
    source = graph.input_of(placed.part)
    assert isinstance(source, ir.Source)
    span = _span(source, placed.part)
    assert span is not None  # `_clock` has looked
    return Member(
        token=Source(source.input).token, demuxers=demuxers[source.input], length=length, begin=span[0], end=span[1]
    )


def _copies(
    graph: ir.StreamGraph,
    placed: Sequence[_Placed],
    demuxers: Mapping[str, tuple[str, ...]],
    media: Mapping[str, MediaInfo],
) -> FFmpegStep:
    """The step that takes packets."""
    files = [_copy(graph, each, at, demuxers=demuxers, media=media) for at, each in enumerate(placed)]
    sources = [source for each in placed if isinstance(source := graph.input_of(each.part), ir.Source)]
    also = _also_begun(((at, source.file) for at, (source, _) in enumerate(files)), sources, media)
    return FFmpegStep(
        id="",
        title=f"copy {sum(each.info.frames or 0 for each in placed)} frames",
        command=Command(
            inputs=tuple(source for source, _ in files),
            outputs=(*(output for _, output in files), *also),
            options=_COPYTS,
        ),
        duration=max((each.info.duration or Fraction(0) for each in placed), default=None),
        resources=estimate_packets([each.info for each in placed]),
    )


def _also_begun(
    files: Iterable[tuple[int, str]], sources: Iterable[ir.Source], media: Mapping[str, MediaInfo]
) -> tuple[OutputFile, ...]:
    """Outputs that are thrown away, of the stream that each of *files* begins with; the number is the input's.

    If a file begins at time 0 exactly, FFmpeg 5.1 counts times from the first stream that is taken all the same.
    """
    zeros = {
        Source(source.input).token: source.zero
        for source in sources
        if source.zero not in (None, source.info.index) and not media[source.input].start
    }
    return tuple(read_along(at, zero) for at, name in files if (zero := zeros.get(name)) is not None)


def _by_the_file(graph: ir.StreamGraph, node: ir.Node, media: Mapping[str, MediaInfo]) -> ir.Node:
    """*node* with the times of the file itself: versions of FFmpeg do not agree on when a file begins."""
    source = node if isinstance(node, ir.Source) else graph.input_of(node) if isinstance(node, ir.Cut) else None
    if not isinstance(source, ir.Source):
        return node
    begin = media[source.input].start or Fraction(0)
    if isinstance(node, ir.Cut):
        begin += source.seek
        return attrs.evolve(node, start=node.start + begin, end=None if node.end is None else node.end + begin)
    return attrs.evolve(source, seek=source.seek + begin if source.seek else source.seek)


def _copy(
    graph: ir.StreamGraph,
    placed: _Placed,
    number: int,
    *,
    demuxers: Mapping[str, tuple[str, ...]],
    media: Mapping[str, MediaInfo],
) -> tuple[InputFile, OutputFile]:
    """Packets from the first key frame later than `after` on, ended by their number and not by a time.

    FFmpeg would compare the time with that of decoding, which has another order than that of showing.
    """
    part = placed.part
    assert isinstance(part, ir.Packets)
    source = graph.input_of(part)
    assert isinstance(source, ir.Source)  # packets are an input's
    begin = media[source.input].start or Fraction(0)
    early = part.start - _EARLIER
    # Of a transport stream whose clock starts over FFmpeg counts what was before as negative, and no output from there.
    late = Fraction(ceil(-begin)) if begin < 0 else Fraction(0)
    skip = Fraction(0) if part.after is None else max(Fraction(0), _floored(part.after + begin + late))
    shift = placed.before + skip - (part.start + begin + late)
    read = (
        *_RAW,
        *((("itsoffset", seconds_text(late)),) if late else ()),
        *INPUT_OPTIONS.get(demuxers[source.input][0], ()),
        *((("ss", seconds_text(_floored(early + begin))),) if early > 0 else ()),
    )
    options: tuple[Option, ...] = (
        ("c:0", "copy"),
        ("frames:0", str(part.frames)),
        *((("ss", seconds_text(skip)),) if skip else ()),
        *(() if _IN_STREAM in demuxers[source.input] else _SETS),
        ("map_metadata", "-1"),
        ("map_chapters", "-1"),
        *placed.options(shift),
    )
    stream = InputStream(number, source.info.index)
    return (
        InputFile(file=Source(source.input).token, options=read, demuxers=demuxers[source.input]),
        OutputFile(file=placed.token, muxer="mpegts", maps=(stream,), options=options),
    )


def _retime(splice: ir.Splice, source: str, target: str) -> Command:
    """Put every frame at its place, and its decoding as far ahead as the parts need.

    The clock is the same on both sides, so that all versions of FFmpeg count in it: 5.1 takes the filter's for another.
    """
    assert isinstance(splice.info, VideoStream)
    frame = f"{_CLOCK}/({splice.info.frame_rate})"
    pts, dts = f"round(round((PTS-STARTPTS)/({frame}))*{frame})", f"round((N-{splice.delay})*{frame})"
    options: tuple[Option, ...] = (
        ("c:0", "copy"),
        ("bsf:0", f"setts=pts={pts}:dts={dts}"),
        ("output_ts_offset", str(_BASE)),
        ("map_metadata", "-1"),
    )
    return Command(
        # Without it, FFmpeg sees a leap of the clock where parts reorder their frames by different numbers.
        options=_COPYTS,
        inputs=(InputFile(file=source, options=(("f", "mpegts"),), demuxers=("mpegts",)),),
        outputs=(OutputFile(file=target, muxer="mpegts", maps=(InputStream(0, 0),), options=options),),
    )


def _floored(time: Fraction) -> Fraction:
    return Fraction(to_microseconds_floor(time), 1_000_000)
