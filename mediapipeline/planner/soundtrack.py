"""Sound that is encoded by a step of its own while the edges of a smart cut are, and copied into the output.

A process that reads a list of files beside the one that it takes the sound from has a thread for each, and FFmpeg 5.1
hands over packet by packet: threads wait for each other a hundred thousand times in ten minutes. Apart, encoding the
sound waits for nobody. What is written is the same, byte for byte, or else it is not done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType

import attrs

from mediapipeline.ffmpeg.command import OutputFile
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.estimate import estimate_sinks
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.measuring import Measuring
from mediapipeline.planner.rule import Decision
from mediapipeline.steps.files import Work
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import FFmpegStep

__all__ = ["Soundtrack", "soundtrack"]

_CONTAINERS = frozenset({"mp4", "mov"})
"""Containers that tell of every sample where it is, also in a file of sound alone."""

_ENCODERS = frozenset({"aac"})
"""Encoders of which they tell nothing that a copy would not tell again."""

_DEMUXER = "mov"
"""FFmpeg's name of what reads them."""

_SHORTEST = 60
"""Seconds of sound from which on a process of its own is no more work than what it saves."""


@attrs.frozen
class Soundtrack:
    """How the sound of an output comes to it.

    Attributes:
        graph: What the process that writes the output works on: sound that is prepared is copied there.
        steps: What prepares it.
        files: The file and demuxer to read instead of each stream that is prepared.
        decisions: What was decided, where there was a choice.
    """

    graph: ir.StreamGraph
    steps: tuple[FFmpegStep, ...] = ()
    files: Mapping[ir.NodeId, tuple[str, str]] = MappingProxyType({})
    decisions: tuple[Decision, ...] = ()

    def read(self, resources: Resources) -> Resources:
        """*resources* of the process that writes the output, which reads the files as well."""
        sizes = [step.resources.disk_written for step in self.steps]
        known = [size for size in (resources.disk_read, *sizes) if size is not None]
        return attrs.evolve(resources, disk_read=sum(known) if len(known) > len(sizes) else None)


def soundtrack(
    graph: ir.StreamGraph,
    group: Sequence[ir.Sink],
    number: int,
    *,
    extra: Mapping[ir.NodeId, tuple[str, str]],
    demuxers: Mapping[str, tuple[str, ...]],
    measured: Measuring,
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> Soundtrack:
    """How the sound of *group*, which one process writes, is encoded.

    *number* tells it from others; *extra* and *demuxers* are those of `CommandBuilder`.
    """
    streams = [graph[stream] for sink in group for stream in sink.inputs]
    tracks = [node for node in streams if isinstance(node, ir.Encode) and node.kind == "audio"]
    if not tracks or not any(isinstance(node, ir.Splice) for node in streams):
        return Soundtrack(graph)
    origin = group[0].origin
    against = _against(group, tracks)
    if against is not None:
        said = f"the sound is encoded by the process that writes the file: {against}"
        return Soundtrack(graph, decisions=(Decision("schedule", origin, said),))
    (sink,) = group
    sinks = [
        attrs.evolve(
            sink, id=f"{track.id}.sink", kind="audio", inputs=(track.id,), info=track.info,
            media=MediaInfo(start=sink.media.start, duration=sink.media.duration),
        )
        for track in tracks
    ]  # fmt: skip
    files = {track.id: Work(f"sound-{number}-{at}.{sink.container}").token for at, track in enumerate(tracks)}
    begins = {name: found.start for name, found in media.items()}
    made = graph.upstream((track.id for track in tracks), lambda node: node.inputs)
    alone = ir.StreamGraph({node.id: node for node in [*made, *sinks]})
    build = CommandBuilder(alone, sinks, extra, demuxers, measured=measured.names, begins=begins)
    command = build.build({})
    outputs = tuple(map(_kept, command.outputs, tracks, files.values()))
    outputs += command.outputs[len(tracks) :]  # what comes to nothing
    step = FFmpegStep(
        id=f"sound-{number}",
        title=f"encode the sound of {sink.output}",
        needs=measured.before(build.late),
        command=attrs.evolve(command, outputs=outputs),
        duration=max((track.info.duration or Fraction(0) for track in tracks), default=None),
        operations=build.operations,
        resources=estimate_sinks(alone, sinks, machine, media),
        late=tuple(build.late),
    )
    said = (
        "the sound is encoded by a process of its own, while the edges of the picture are, and then copied: "
        "encoded while the picture is copied, both would wait for each other"
    )
    return Soundtrack(
        _prepared(graph, sink, tracks),
        (step,),
        {name: (token, _DEMUXER) for name, token in files.items()},
        (Decision("schedule", origin, said),),
    )


def _against(group: Sequence[ir.Sink], tracks: Sequence[ir.Encode]) -> str | None:
    """Why *tracks* are not encoded apart; None where they are."""
    if len(group) > 1:
        return "it writes several files"
    container = group[0].container
    unknown = [track.info.codec or track.encoder for track in tracks if track.encoder not in _ENCODERS]
    if container not in _CONTAINERS or unknown:
        return f"a copy of {', '.join(unknown) or 'it'} into {container} is not known to be the same to the last bit"
    if any(track.info.start != 0 for track in tracks):
        return (
            "it does not begin with the picture"  # FFmpeg 7 would take the last packet of such a file for a whole one
        )
    if min(track.info.duration or 0 for track in tracks) < _SHORTEST:
        return f"of less than {_SHORTEST} s, it is not worth one of its own"
    return None


def _kept(output: OutputFile, track: ir.Encode, token: str) -> OutputFile:
    """*output* as a file that is read once, from its start, and tells of every sample where it is."""
    rate = track.info.sample_rate if isinstance(track.info, AudioStream) else None
    # Edits are told in ticks of the whole, else of a millisecond: what they leave out of the last packet as well.
    clock = () if rate is None else (("movie_timescale", str(rate)),)
    options = (*((key, value) for key, value in output.options if key != "movflags"), *clock)
    return attrs.evolve(output, file=token, options=options)


def _prepared(graph: ir.StreamGraph, sink: ir.Sink, tracks: Sequence[ir.Encode]) -> ir.StreamGraph:
    """What is left to do for *sink* where *tracks* are files."""
    files: dict[ir.NodeId, ir.Node] = {
        track.id: ir.Prepared(id=track.id, kind=track.kind, info=_with_bit_rate(track), origin=track.origin)
        for track in tracks
    }
    left = graph.upstream((sink.id,), lambda node: () if node.id in files else node.inputs)
    return ir.StreamGraph({node.id: files.get(node.id, node) for node in left})


def _with_bit_rate(track: ir.Encode) -> Stream:
    """Its facts with the bit rate that the encoder is asked for, which the file is to tell."""
    asked = dict(track.options).get("b")
    return track.info if asked is None else attrs.evolve(track.info, bit_rate=int(asked))
