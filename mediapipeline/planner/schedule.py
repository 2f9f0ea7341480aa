"""Scheduling: which outputs one process writes, and what must be done before.

Outputs that share a decoded or filtered stream are written by one process, so that the work is done once; outputs that
share nothing get processes of their own, so that they can run at the same time. Text subtitles that are cut are
prepared by separate steps.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.demuxers import SAFE_DEMUXERS
from mediapipeline.media.container import container_named
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import Chapter, VideoStream
from mediapipeline.planner import streams as ir
from mediapipeline.planner.command import CommandBuilder
from mediapipeline.planner.custom import Received, apart, custom_steps, in_order, received
from mediapipeline.planner.estimate import LITTLE, estimate_sinks, processor_cores
from mediapipeline.planner.folders import INDEX
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.measuring import Measuring, measuring
from mediapipeline.planner.preparing import Preparing
from mediapipeline.planner.stills import are_stills, divided, in_turn
from mediapipeline.steps.files import Asset, Final
from mediapipeline.steps.step import FFmpegStep, PictureRung, PlaylistStep, Step

__all__ = ["Schedule", "schedule"]

_MOST_READINGS = 16  # each has a decoder of its own, with its frames and threads
_NAMED = 3  # outputs that the id of a step names


@attrs.frozen
class Schedule:
    """Steps in an order in which they can run.

    Attributes:
        steps: What runs.
        assets: Texts that the commands read, by digest.
        writers: Id of the step that writes each output.
    """

    steps: tuple[Step, ...]
    assets: Mapping[str, str]
    writers: Mapping[str, str]


def schedule(graph: ir.StreamGraph, media: Mapping[str, MediaInfo], machine: Machine) -> Schedule:
    """Group the outputs of *graph* into processes.

    Args:
        graph: The optimised graph.
        media: What each input was found to be, by its id.
        machine: What estimates count on.
    """
    demuxers = {name: _demuxers(found.format) for name, found in media.items()}
    graph, customs, groups = _apart(graph, machine.cores)
    together = Counter(group[0].output for group in groups)
    extra = {node: each.read for node, each in customs.items()}
    measured = measuring(graph, demuxers, machine, media, extra)
    made_up = custom_steps(graph, customs, demuxers, measured, machine=machine, media=media)
    steps: list[Step] = [*measured.steps, *made_up]
    assets: dict[str, str] = {}
    writers: dict[str, str] = {}
    preparing = Preparing(graph, demuxers, machine, media)
    ids: set[str] = set()
    for group in groups:
        prepared: dict[ir.NodeId, tuple[str, str]] = {**extra}
        needs: list[str] = []
        for stream in (stream for sink in group for stream in sink.inputs):
            made = preparing.prepare(graph[stream], steps)
            if made is not None:
                prepared[stream], before = made
                needs.extend(before)
        # The last step of an output waits for its earlier ones; not so for stills, which are waited for one by one.
        needs += [writers[sink.output] for sink in group if sink.output in writers and not are_stills([sink])]
        chapters = _chapter_files(group, assets)
        first = _first_pass(graph, group, demuxers, machine, media=media, measured=measured, extra=extra)
        if first is not None:
            steps.append(first)
            needs.append(first.id)
        begins = {name: found.start for name, found in media.items()}
        build = CommandBuilder(
            graph, group, prepared, demuxers, listed=preparing.listed, measured=measured.names, begins=begins
        )  # fmt: skip
        command = build.build(chapters)
        if are_stills(group):
            command = in_turn(command, together[group[0].output], machine.cores)
        assets |= build.lists
        needs += measured.before(build.late)
        step = FFmpegStep(
            id=_step_id(group, ids),
            title=_title(graph, group),
            needs=tuple(dict.fromkeys(needs)),
            command=command,
            duration=_longest(sink.media.duration for sink in group),
            cpus=processor_cores(graph, group),
            operations=build.operations,
            resources=estimate_sinks(graph, group, machine, media),
            late=tuple(build.late),
            shares=_shares(graph, group),
        )
        steps.append(step)
        writers.update((sink.output, step.id) for sink in group)
    for playlist in _playlists(graph, writers):
        steps.append(playlist)
        writers[playlist.output] = playlist.id
    return Schedule(in_order(steps, customs) if customs else tuple(steps), assets, writers)


def _apart(
    whole: ir.StreamGraph, cores: int
) -> tuple[ir.StreamGraph, Mapping[ir.NodeId, Received], list[list[ir.Sink]]]:
    """The graph without what comes before the steps of plugins, what those hand on, and the sinks of each process."""
    graph = apart(whole)
    groups = _processes(graph, _groups(graph), cores)
    return graph, received(whole, graph, _made(graph, groups)), groups


def _made(graph: ir.StreamGraph, groups: Sequence[Sequence[ir.Sink]]) -> Iterator[Sequence[ir.NodeId]]:
    """The streams that each process makes; twice for one of two passes."""
    for group in groups:
        streams = [stream for sink in group for stream in sink.inputs]
        yield streams
        if any(_in_two_passes(graph, stream) for stream in streams):
            yield streams


def _first_pass(
    graph: ir.StreamGraph,
    group: Sequence[ir.Sink],
    demuxers: Mapping[str, tuple[str, ...]],
    machine: Machine,
    *,
    media: Mapping[str, MediaInfo],
    measured: Measuring,
    extra: Mapping[ir.NodeId, tuple[str, str]],
) -> FFmpegStep | None:
    """The step that gathers statistics for the encoders that ask for two passes; None where none does."""
    (sink, *others) = group
    twice = tuple(stream for stream in sink.inputs if _in_two_passes(graph, stream))
    if not twice or others:  # an output of two passes is alone in its process
        return None
    statistics = attrs.evolve(sink, inputs=twice)
    build = CommandBuilder(graph, [statistics], extra, demuxers, measured=measured.names)
    command = build.build({}, first_pass=True)
    return FFmpegStep(
        id=f"first-pass+{sink.output}",
        title=f"first pass of {sink.output}",
        needs=measured.before(build.late),
        command=command,
        duration=sink.media.duration,
        cpus=processor_cores(graph, [sink]),
        operations=build.operations,
        resources=attrs.evolve(estimate_sinks(graph, [statistics], machine, media), disk_space=0, disk_written=0),
        late=tuple(build.late),
    )


def _in_two_passes(graph: ir.StreamGraph, stream: ir.NodeId) -> bool:
    node = graph[stream]
    return isinstance(node, ir.Encode) and node.two_pass is not None


def _demuxers(found: str | None) -> tuple[str, ...]:
    """What an input may be opened as: what it was when it was probed."""
    names = tuple(name for name in (found or "").split(",") if name in SAFE_DEMUXERS)
    return names or SAFE_DEMUXERS


def _longest(durations: Iterable[Fraction | None]) -> Fraction | None:
    known = list(durations)
    found = [duration for duration in known if duration is not None]
    return max(found) if found and len(found) == len(known) else None


def _step_id(group: Sequence[ir.Sink], taken: set[str]) -> str:
    """An id that is added to those that are *taken*. No id of an output has a plus sign or a tilde."""
    names = list(dict.fromkeys(sink.output for sink in group))
    named = "write-" + "+".join(names if len(names) <= _NAMED else [*names[:_NAMED], f"{len(names) - _NAMED}-more"])
    if named in taken:  # the files of one output, in several processes
        named = f"{named}~{len(taken)}"
    taken.add(named)
    return named


def _title(graph: ir.StreamGraph, group: Sequence[ir.Sink]) -> str:
    names = ", ".join(dict.fromkeys(sink.output for sink in group))
    streams = [graph[stream] for sink in group for stream in sink.inputs]
    return f"{'encode' if any(isinstance(node, ir.Encode) for node in streams) else 'copy'} {names}"


# Groups


def _groups(graph: ir.StreamGraph) -> list[list[ir.Sink]]:
    """Outputs by what they share, in the order of the job."""
    if len(graph.sinks) == 1:
        return [list(graph.sinks)]
    parent: dict[str, str] = {sink.id: sink.id for sink in graph.sinks}

    def root(sink: str) -> str:
        while parent[sink] != sink:
            parent[sink] = parent[parent[sink]]
            sink = parent[sink]
        return sink

    owner: dict[ir.NodeId, str] = {}
    reached: dict[ir.NodeId, str] = {}
    for sink in graph.sinks:
        if any(_in_two_passes(graph, stream) for stream in sink.inputs):
            continue  # its statistics are found by the place of the stream among those that the process writes
        queue = [graph[stream] for stream in sink.inputs]
        for node in queue:
            if isinstance(node, ir.Copy) or node.kind not in ("video", "audio"):
                continue
            other = owner.setdefault(node.id, sink.id)
            parent[root(sink.id)] = root(other)
            if reached.get(node.id) is None:  # what lies above a shared node is shared already
                reached[node.id] = sink.id
                queue.extend(graph[source] for source in node.streams)
    grouped: dict[str, list[ir.Sink]] = {}
    for sink in graph.sinks:
        grouped.setdefault(root(sink.id), []).append(sink)
    return list(grouped.values())


def _processes(graph: ir.StreamGraph, groups: Sequence[Sequence[ir.Sink]], cores: int) -> list[list[ir.Sink]]:
    """Groups in processes: the files of one output are written together, unless they read too much at once.

    Stills read little, and are divided among the cores.
    """
    found: list[list[ir.Sink]] = []
    readings: list[set[ir.NodeId]] = []
    stills: dict[str, list[Sequence[ir.Sink]]] = {}
    for group in groups:
        if are_stills(group) and len({sink.output for sink in group}) == 1:
            stills.setdefault(group[0].output, []).append(group)
            continue
        reads = set[ir.NodeId]()
        if len(groups) > 1:
            above = graph.upstream((sink.id for sink in group), _decoded_from)
            reads.update(node.id for node in above if isinstance(node, ir.Source))
        outputs = {sink.output for sink in group}
        if (
            found
            and len(outputs) == 1
            and outputs == {sink.output for sink in found[-1]}
            and len(readings[-1] | reads) <= _MOST_READINGS
        ):
            found[-1].extend(group)
            readings[-1] |= reads
        else:
            found.append(list(group))
            readings.append(reads)
    for each in stills.values():
        found += [[sink for group in part for sink in group] for part in divided(each, cores, _MOST_READINGS)]
    return sorted(found, key=lambda group: -_pixels(graph, group))  # larger ones first: small ones fill the gaps


def _pixels(graph: ir.StreamGraph, group: Sequence[ir.Sink]) -> Fraction:
    """How many pixels a second are encoded."""
    encoded = (graph[stream] for sink in group for stream in sink.inputs if isinstance(graph[stream], ir.Encode))
    infos = [node.info for node in encoded if isinstance(node.info, VideoStream) and node.info.frames != 1]
    return sum((info.width * info.height * (info.frame_rate or Fraction(25)) for info in infos), Fraction(0))


def _shares(graph: ir.StreamGraph, group: Sequence[ir.Sink]) -> tuple[Fraction, ...]:
    """Each output's share of the encoding of pictures; empty if fewer than two have any."""
    pixels = [_pixels(graph, [sink]) for sink in group]
    if sum(each > 0 for each in pixels) < 2:
        return ()
    whole = sum(pixels)
    return tuple(Fraction(round(1000 * each / whole), 1000) for each in pixels)


def _playlists(graph: ir.StreamGraph, writers: Mapping[str, str]) -> Iterator[PlaylistStep]:
    """The steps that write the playlists that name other playlists."""
    written: dict[str, list[ir.Sink]] = {}
    for sink in graph.sinks:
        if sink.segment is not None:
            written.setdefault(sink.output, []).append(sink)
    for output, sinks in written.items():
        pictures, sound = [], None
        for sink in sinks:
            token = Final(output, sink.part).token
            info = graph[sink.inputs[0]].info
            if isinstance(info, VideoStream):
                rate = info.frame_rate if info.vfr is False else None
                pictures.append(PictureRung(playlist=token, width=info.width, height=info.height, frame_rate=rate))
            else:
                sound = token
        yield PlaylistStep(
            id=f"list-{output}", title=f"write the playlist of {output}", needs=(writers[output],), output=output,
            variants=tuple(pictures), sound=sound, target=Final(output, INDEX).token, resources=LITTLE,
        )  # fmt: skip


def _decoded_from(node: ir.Node) -> tuple[ir.NodeId, ...]:
    return () if isinstance(node, ir.Copy) else node.streams


# Chapters


def _chapter_files(group: Sequence[ir.Sink], assets: dict[str, str]) -> dict[str, str]:
    """The chapter file of each output that has one, by the output's id; the texts are put into *assets*."""
    files = {}
    for sink in group:
        if sink.media.chapters and container_named(sink.container).chapters:
            text = _ffmetadata(sink.media.chapters)
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            assets[digest] = text
            files[sink.output] = Asset(digest).token
    return files


def _ffmetadata(chapters: Sequence[Chapter]) -> str:
    """Chapters as FFmpeg's metadata file; times in microseconds."""
    lines = [";FFMETADATA1"]
    for chapter in chapters:
        lines += ["[CHAPTER]", "TIMEBASE=1/1000000"]
        lines += [f"START={round(chapter.start * 1_000_000)}", f"END={round(chapter.end * 1_000_000)}"]
        if chapter.title:
            escaped = "".join("\\" + c if c in "=;#\\\n" else c for c in chapter.title)
            lines.append(f"title={escaped}")
    return "\n".join(lines) + "\n"
