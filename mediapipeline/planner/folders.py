"""Outputs that are several files: which clip becomes which file of a folder, and what is planned of the whole.

A destination that ends in a slash is a folder, and nothing else is; so no name of a file is ever taken for a pattern.
The names of the files in it are the planner's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from mediapipeline.errors import Problems
from mediapipeline.media.container import CONTAINERS, Container, container_named, is_folder
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators.lowering import Clip, Package
from mediapipeline.planner import streams as ir
from mediapipeline.planner.assemble import expected, output_media, planned_streams
from mediapipeline.planner.plan import PlannedFile, PlannedOutput
from mediapipeline.spec import Output
from mediapipeline.steps.expectation import Expectation

__all__ = ["INDEX", "FileToWrite", "files_of", "planned_outputs"]

INDEX = "master.m3u8"
"""Name of the playlist of all playlists in a folder."""


class FileToWrite(NamedTuple):
    """A file of an output: its name in the folder (None where the output is that file), and what it holds."""

    name: str | None
    container: Container
    clip: Clip
    segment: Fraction | None = None


def files_of(
    path: str, output: Output, clip: Clip, container: Container | None, problems: Problems
) -> list[FileToWrite]:
    """The files of an output; none with problems.

    Args:
        path: JSON Pointer of the output.
        output: As the job has it.
        clip: What it writes.
        container: What format and destination say; None where they say nothing.
        problems: Takes what does not fit together.
    """
    if is_folder(output.destination) and not clip.files:
        problems.add(
            path + "/destination", "is-a-folder", f"{output.destination!r} names a folder, and the clip is one file",
            "name the file in it", kind="planning",
        )  # fmt: skip
        return []
    if (len(clip.files) > 1 or clip.package is not None) and not is_folder(output.destination):
        problems.add(
            path + "/destination", "several-files",
            f"{output.destination!r} is one file, and {output.clip!r} is {len(clip.files)}",
            'name a folder for them, which ends in a slash: "stills/"', kind="planning",
        )  # fmt: skip
        return []
    if clip.package is not None:
        return _packaged(path, output, clip, clip.package, problems)
    stills = ", ".join(name for name, each in CONTAINERS.items() if each.still)
    if container is None:
        if is_folder(output.destination):
            message = f"{output.destination!r} does not tell what kind of files they are"
            problems.add(path, "missing-format", message, f'add "format": one of {stills}', kind="planning")
        return []
    if not container.still and any(each.info.still for each in clip.files):
        at = "/format" if output.format is not None else "/destination"
        message = f"{container.name} is not a format of pictures, and {output.clip!r} is {len(clip.files)} of them"
        problems.add(path + at, "not-a-picture-format", message, f"take one of {stills}", kind="planning")
        return []
    if not clip.files:
        return [FileToWrite(None, container, clip)]
    if not is_folder(output.destination):
        return [FileToWrite(None, container, clip.files[0])]
    digits = max(3, len(str(len(clip.files))))
    return [
        FileToWrite(f"{number:0{digits}}.{container.suffixes[0]}", container, each)
        for number, each in enumerate(clip.files, 1)
    ]


def _packaged(path: str, output: Output, clip: Clip, package: Package, problems: Problems) -> list[FileToWrite]:
    if output.format is not None:
        message = f"{output.clip!r} says by itself what kind of files it is"
        problems.add(path + "/format", "not-allowed", message, "leave out the format", kind="planning")
        return []
    container = container_named(package.container)
    files = []
    pictures = 0
    for each in clip.files:
        pictures += each.video is not None
        name = f"video-{pictures}_" if each.video is not None else "audio_"
        files.append(FileToWrite(f"{name}.{container.suffixes[0]}", container, each, package.segment))
    return files


def planned_outputs(
    graph: ir.StreamGraph,
    specs: Mapping[str, Output],
    writers: Mapping[str, str],
    operator_at: Callable[[str], str | None],
    max_duration: Fraction | None,
) -> tuple[PlannedOutput, ...]:
    """The outputs that *graph* writes.

    Args:
        graph: The optimised graph.
        specs: The job's outputs by id.
        writers: The step that writes each, by id.
        operator_at: Names the operator of an operation, by JSON Pointer.
        max_duration: Seconds that an output may last.
    """
    sinks: dict[str, list[ir.Sink]] = {}
    for sink in graph.sinks:
        sinks.setdefault(sink.output, []).append(sink)

    def planned(sink: ir.Sink) -> PlannedFile:
        media = output_media(graph, sink)
        return PlannedFile(
            name=sink.part or "",
            segment=sink.segment,
            media=media,
            streams=planned_streams(graph, sink, operator_at),
            expectation=expected(graph, sink, media, container_named(sink.container).demuxer, max_duration),
        )

    def output(id_: str, written: Sequence[ir.Sink]) -> PlannedOutput:
        files = tuple(planned(sink) for sink in written)
        folder = written[0].part is not None
        return PlannedOutput(
            id=id_,
            destination=specs[id_].destination,
            clip=specs[id_].clip,
            container=written[0].container,
            media=MediaInfo(files=tuple(file.media for file in files)) if folder else files[0].media,
            streams=() if folder else files[0].streams,
            expectation=Expectation() if folder else files[0].expectation,
            step=writers[id_],
            files=files if folder else (),
            index=INDEX if folder and written[0].segment is not None else None,
        )

    return tuple(output(id_, written) for id_, written in sinks.items())
