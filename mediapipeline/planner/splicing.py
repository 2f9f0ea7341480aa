"""Steps that make one file of coded pictures of the parts of a `Splice`.

Each part becomes an MPEG transport stream of its own, timed as it stands in the whole; such files may simply stand one
after the other. Parameter sets lie in the stream there, before every IDR picture, so each part brings its own. The
whole is then copied into the output like any other file.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.command import Command, InputFile, Option, OutputFile
from mediapipeline.ffmpeg.demuxers import INPUT_OPTIONS
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timecode import seconds_text, to_microseconds_floor
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.estimate import estimate_sinks, processor_cores
from mediapipeline.planner.machine import Machine
from mediapipeline.steps.files import Source, Work
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import FFmpegStep, JoinFilesStep, Step

__all__ = ["Spliced", "splice_steps"]

_BASE = 10
"""Seconds at which the whole begins: times of decoding lie before those of showing, and may not be negative."""

_EARLIER = 6
"""Seconds before what is copied from which the file is read, so that times of decoding are known when it comes."""


@attrs.frozen
class Spliced:
    """A whole, and how it comes about.

    Attributes:
        steps: The last one leaves the file.
        token: The file.
        muxer: FFmpeg's name of its format.
    """

    steps: tuple[Step, ...]
    token: str
    muxer: str


def splice_steps(
    graph: ir.StreamGraph,
    splice: ir.Splice,
    number: int,
    demuxers: Mapping[str, tuple[str, ...]],
    *,
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> Spliced:
    """The steps of *splice*, which is the one of that number."""
    steps: list[Step] = []
    tokens = []
    before = Fraction(0)
    for at, part in enumerate(graph[each] for each in splice.inputs):
        assert isinstance(part.info, VideoStream)  # only pictures are spliced
        token = Work(f"splice-{number}-{at}.ts").token
        placed: tuple[Option, ...] = (("mpegts_flags", "+initial_discontinuity"),) if at else ()
        if isinstance(part, ir.Packets):
            step = _copy(graph, part, before, placed, token=token, demuxers=demuxers)
        else:
            step = _encode(graph, part, before, placed, token=token, demuxers=demuxers, machine=machine, media=media)
        steps.append(attrs.evolve(step, id=f"splice-{number}-{at}"))
        tokens.append(token)
        before += part.info.duration or 0
    whole = Work(f"splice-{number}.ts").token
    size = sum(step.resources.disk_written or 0 for step in steps)
    join = JoinFilesStep(
        id=f"splice-{number}",
        title="join the parts",
        needs=tuple(step.id for step in steps),
        sources=tuple(tokens),
        target=whole,
        resources=Resources(cpu_seconds=Fraction(1, 20), disk_space=size, disk_written=size, duration=Fraction(1, 20)),
    )
    return Spliced((*steps, join), whole, "mpegts")


def _at(time: Fraction) -> Option:
    return ("output_ts_offset", seconds_text(_BASE + time))


def _encode(
    graph: ir.StreamGraph,
    part: ir.Node,
    before: Fraction,
    placed: tuple[Option, ...],
    *,
    token: str,
    demuxers: Mapping[str, tuple[str, ...]],
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> FFmpegStep:
    sink = ir.Sink(
        id=f"{part.id}.sink", kind="video", inputs=(part.id,), info=part.info, origin=part.origin, output="part",
        container="ts", media=MediaInfo(duration=part.info.duration),
    )  # fmt: skip
    alone = ir.StreamGraph({node.id: node for node in [*reversed(list(graph.ancestors(part.id))), sink]})
    build = CommandBuilder(alone, [sink], {}, demuxers)
    command = build.build({})
    (output,) = command.outputs
    output = attrs.evolve(output, file=token, options=(*output.options, *placed, _at(before)))
    return FFmpegStep(
        id="",
        title=f"encode {float(part.info.duration or 0):.3g} s between key frames",
        command=attrs.evolve(command, outputs=(output,)),
        duration=part.info.duration,
        cpus=processor_cores(alone, [sink]),
        operations=build.operations,
        resources=estimate_sinks(alone, [sink], machine, media),
    )


def _copy(
    graph: ir.StreamGraph,
    part: ir.Packets,
    before: Fraction,
    placed: tuple[Option, ...],
    *,
    token: str,
    demuxers: Mapping[str, tuple[str, ...]],
) -> FFmpegStep:
    """Packets from the first key one on that is decoded at `decode`, or half a frame before; counted, not timed.

    FFmpeg would compare an end with times of decoding, which are not in order with those of showing.
    """
    source = graph.input_of(part)
    assert isinstance(source, ir.Source)  # packets are an input's
    assert isinstance(part.info, VideoStream)
    tick = part.info.time_base or Fraction(1, 1_000_000)
    seek = max(Fraction(0), part.start - _EARLIER) // tick * tick
    half = 1 / (2 * part.info.frame_rate) if part.info.frame_rate else Fraction(0)
    begins = max(seek, part.zero)
    skip = max(Fraction(0), (part.decode - half - begins) // tick * tick)
    shift = before + _floored(begins) + _floored(skip) - part.start
    read = (*INPUT_OPTIONS.get(demuxers[source.input][0], ()), *((("ss", seconds_text(seek)),) if seek else ()))
    options: tuple[Option, ...] = (
        ("c:0", "copy"),
        ("frames:0", str(part.frames)),
        *((("ss", seconds_text(skip)),) if skip else ()),
        ("map_metadata", "-1"),
        ("map_chapters", "-1"),
        *placed,
        _at(shift),
    )
    size = int((source.info.bit_rate or 0) * (part.info.duration or 0) / 8)
    return FFmpegStep(
        id="",
        title=f"copy {part.frames} frames",
        command=Command(
            inputs=(InputFile(file=Source(source.input).token, options=read, demuxers=demuxers[source.input]),),
            outputs=(
                OutputFile(file=token, muxer="mpegts", maps=(InputStream(0, source.info.index),), options=options),
            ),
        ),
        duration=part.info.duration,
        resources=Resources(
            cpu_seconds=Fraction(1, 20),
            memory=40_000_000,
            disk_space=size,
            disk_read=size,
            disk_written=size,
            duration=Fraction(1, 20),
        ),
    )


def _floored(time: Fraction) -> Fraction:
    return Fraction(to_microseconds_floor(time), 1_000_000)
