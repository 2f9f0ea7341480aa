"""Scheduling steps of plugins' own: which processes stand at the ends of their pipes.

Each stream that such a step reads is brought to it by an FFmpeg process of its own, unless it is a stream of a file as
it is and the step can open that; its result is taken by the one process that needs it, all at the same time. So the
processes form a tree, in which none can wait for itself. What several processes need is kept as a file, without loss.
"""

from __future__ import annotations

import graphlib
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.command import Option, OutputFile
from mediapipeline.ffmpeg.filtergraph import InputStream
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.estimate import estimate_custom, estimate_kept, estimate_measures, total
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.measuring import Measuring
from mediapipeline.steps.files import Pipe, Work
from mediapipeline.steps.files import Source as SourceFile
from mediapipeline.steps.pipes import joined, pipes_read, pipes_written
from mediapipeline.steps.resources import Resources
from mediapipeline.steps.step import CustomStep, FFmpegStep, FileStream, Step

__all__ = ["Received", "apart", "at_once", "custom_requirements", "custom_steps", "in_order", "received"]

_MUXER = "nut"
_FINE = 90_000
_MICRO = 1_000_000
_TIMES_TOLD = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Formats that tell the time of every frame."""
_MOST_TICKS = 2**31 - 1
"""Ticks a second that NUT can count."""
_RAW: Mapping[str, tuple[Option, ...]] = {
    "video": (("c:0", "rawvideo"), ("fps_mode:0", "passthrough")),
    # Every form of sample that FFmpeg has is one of these, exactly.
    "audio": (("c:0", "pcm_f64le"),),
}
_KEPT: Mapping[str, tuple[Option, ...]] = {
    "video": (("c:0", "ffv1"), ("level:0", "3"), ("g:0", "1"), ("fps_mode:0", "passthrough")),
    "audio": _RAW["audio"],
}


@attrs.frozen
class Received:
    """How the result of a `Custom` gets to the processes that need it.

    Attributes:
        number: Of the `Custom` among all of the job.
        node: The `Custom` itself.
        token: What is read.
        kept: Whether that is a file, which several may read.
    """

    number: int
    node: ir.Custom
    token: str
    kept: bool

    @property
    def read(self) -> tuple[str, str]:
        """The token and FFmpeg's name of the format."""
        return self.token, _MUXER

    @property
    def keeper(self) -> str:
        """Id of the step that writes the file."""
        return f"keep-{self.number}"


def apart(graph: ir.StreamGraph) -> ir.StreamGraph:
    """*graph* without the ways that lead into a `Custom`: what is before one is done by other processes."""
    if not graph.of(ir.Custom):
        return graph
    nodes: dict[ir.NodeId, ir.Node] = {}
    for node in graph:
        if isinstance(node, ir.Custom):
            nodes[node.id] = ir.Received(id=node.id, kind=node.kind, info=node.info, origin=node.origin)
        else:
            nodes[node.id] = node
    return ir.StreamGraph(nodes)


def received(
    graph: ir.StreamGraph, leaves: ir.StreamGraph, processes: Iterable[Sequence[ir.NodeId]]
) -> Mapping[ir.NodeId, Received]:
    """How the results of the steps of plugins get on.

    Args:
        graph: All of the job.
        leaves: The same, by `apart`.
        processes: Of each process that writes outputs, the nodes that it makes; twice of one in two passes.
    """
    customs = graph.of(ir.Custom)
    if not customs:
        return {}
    readers = dict.fromkeys((node.id for node in customs), 0)
    roots = [*processes, *([node.id] for node in graph.of(ir.Measure))]
    roots += [[stream] for node in customs for stream in node.inputs]
    for each in roots:
        for node in leaves.upstream(each, _frames_of):
            if isinstance(node, ir.Received):
                readers[node.id] += 1
    return {
        node.id: Received(
            number, node, *((Work(f"custom-{number}.nut").token, True) if readers[node.id] > 1
                            else (Pipe(f"custom-{number}").token, False))
        )
        for number, node in enumerate(customs)
    }  # fmt: skip


def _frames_of(node: ir.Node) -> tuple[ir.NodeId, ...]:
    return () if isinstance(node, ir.Copy) else node.streams


def custom_steps(
    graph: ir.StreamGraph,
    found: Mapping[ir.NodeId, Received],
    demuxers: Mapping[str, tuple[str, ...]],
    measured: Measuring,
    *,
    machine: Machine,
    media: Mapping[str, MediaInfo],
) -> list[Step]:
    """The steps that make the results of *found*, in the graph that `apart` gives."""
    extra = {node: each.read for node, each in found.items()}
    steps: list[Step] = []
    for each in found.values():
        node, inputs = each.node, []
        bare = [_bare(graph, stream, media) if node.opens else None for stream in node.inputs]
        for at, stream in enumerate(node.inputs):
            if (source := bare[at]) is not None:
                inputs.append(SourceFile(source.input).token)
                continue
            token = Pipe(f"custom-{each.number}-in-{at}").token
            inputs.append(token)
            info = graph[stream].info
            one: tuple[Option, ...] = (("frames:0", "1"),) if getattr(info, "frames", None) == 1 else ()
            options = (*_RAW[graph[stream].kind], *_clock(info), *one)
            build = CommandBuilder(
                graph, (), extra, demuxers, measured=measured.names, taps=[(stream, _written(token, options))]
            )
            command = build.build({})
            steps.append(
                FFmpegStep(
                    id=f"feed-{each.number}-{at}",
                    title=f"read for {node.runner}",
                    needs=measured.before(build.late),
                    command=command,
                    duration=info.duration,
                    operations=build.operations,
                    resources=estimate_measures(graph, [graph[stream]], machine, media),
                    late=tuple(build.late),
                )
            )
        result = Pipe(f"custom-{each.number}").token
        steps.append(
            CustomStep(
                id=f"custom-{each.number}",
                title=node.runner + "".join(f", which reads {source.input} itself" for source in bare if source),
                runner=node.runner,
                parameters=node.parameters,
                operation=node.origin,
                inputs=tuple(inputs),
                opened=tuple(
                    None if source is None else FileStream(index=source.info.index, demuxers=demuxers[source.input])
                    for source in bare
                ),
                output=result,
                duration=node.info.duration,
                resources=_with_reading(
                    estimate_custom(node),
                    (estimate_measures(graph, [source], machine, media) for source in bare if source is not None),
                ),
            )
        )
        if each.kept:
            steps.append(_keep(each, result))
    return steps


def _bare(graph: ir.StreamGraph, stream: ir.NodeId, media: Mapping[str, MediaInfo]) -> ir.Source | None:
    """The stream of a file that *stream* is, where there is nothing to be done but to decode it.

    Whoever decodes that gets the times that FFmpeg counts: the file tells them for every frame, and begins at 0.
    """
    node = graph[stream]
    if isinstance(node, ir.Filter) and node.name == "format":
        before = graph.input_of(node)
        asked = dict(node.options)
        if isinstance(before.info, VideoStream) and asked == {"pix_fmts": before.info.pix_fmt}:
            node = before
    if not isinstance(node, ir.Source) or not isinstance(node.info, VideoStream):
        return None
    found = media[node.input]
    told = found.format in _TIMES_TOLD and found.start == 0 and node.info.frames != 1
    # FFmpeg turns what it decodes; and what edit lists hide is not the same to all of its versions.
    plain = not (node.info.rotation or node.info.preroll or node.seek or node.key_frames)
    return node if told and plain else None


def _with_reading(step: Resources, reading: Iterable[Resources]) -> Resources:
    """What a step uses that decodes by itself."""
    return attrs.evolve(total([step, *reading]), memory=step.memory, disk_space=step.disk_space)


def custom_requirements(graph: ir.StreamGraph) -> set[str]:
    """What FFmpeg must have for the steps of plugins in *graph*."""
    if not graph.of(ir.Custom):
        return set()
    options = (*_RAW.values(), *_KEPT.values())
    return {f"muxer:{_MUXER}", f"demuxer:{_MUXER}", *(f"encoder:{value}" for ((_, value), *_) in options)}


def _keep(each: Received, result: str) -> FFmpegStep:
    """Writes down what several processes need."""
    alone = ir.StreamGraph(
        {each.node.id: ir.Received(id=each.node.id, kind=each.node.kind, info=each.node.info, origin=each.node.origin)}
    )
    written = _written(each.token, (*_KEPT[each.node.kind], *_clock(each.node.info)))
    build = CommandBuilder(alone, (), {each.node.id: (result, _MUXER)}, {}, taps=[(each.node.id, written)])
    return FFmpegStep(
        id=each.keeper,
        title=f"keep what {each.node.runner} makes",
        command=build.build({}),
        duration=each.node.info.duration,
        resources=estimate_kept(each.node),
    )


def _written(token: str, options: tuple[Option, ...]) -> OutputFile:
    """A stream in NUT, whose index would grow with its length."""
    return OutputFile(
        file=token, muxer=_MUXER, maps=(InputStream(0, 0),),
        options=(*options, ("map_metadata", "-1"), ("write_index", "0"), ("avioflags", "direct")),
    )  # fmt: skip


def _clock(info: Stream) -> tuple[Option, ...]:
    """A unit of time that times are whole numbers of: those of the file, of its rate, of cuts, and of encoders."""
    if not isinstance(info, VideoStream):
        return ()  # sound has its samples
    parts = [_FINE, _MICRO, (info.time_base or Fraction(1)).denominator, (info.frame_rate or Fraction(1)).numerator]
    ticks = math.lcm(*parts)
    return (("enc_time_base:0", f"1/{ticks if ticks <= _MOST_TICKS else _MICRO}"),)


def in_order(steps: Sequence[Step], found: Mapping[ir.NodeId, Received]) -> tuple[Step, ...]:
    """*steps* with what they need of *found*, in an order in which they can run, and a stream flows."""
    keepers = {each.token: each.keeper for each in found.values() if each.kept}
    after = [_after_keepers(step, keepers) for step in steps]
    by_id = {step.id: step for step in after}
    writers = {token: step.id for step in after for token in pipes_written(step)}
    sorter = graphlib.TopologicalSorter(
        {step.id: [*step.needs, *(writers[token] for token in pipes_read(step))] for step in after}
    )
    return tuple(by_id[name] for name in sorter.static_order())


def _after_keepers(step: Step, keepers: Mapping[str, str]) -> Step:
    if not isinstance(step, FFmpegStep):
        return step
    needed = [keepers[source.file] for source in step.command.inputs if source.file in keepers]
    return attrs.evolve(step, needs=tuple(dict.fromkeys([*step.needs, *needed])))


def at_once(steps: Sequence[Step]) -> list[Resources]:
    """What each piece of work uses that runs by itself: a step, or several that are joined by pipes."""
    found = []
    for group in joined(steps):
        memories = [step.resources.memory for step in group]
        known = [memory for memory in memories if memory is not None]
        whole = total(step.resources for step in group)
        found.append(attrs.evolve(whole, memory=sum(known) if len(known) == len(memories) else None))
    return found
