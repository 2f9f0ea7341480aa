"""The rule `copy_untouched`."""

from __future__ import annotations

import attrs

from mediapipeline.media.container import container_named
from mediapipeline.media.streams import AudioStream, VideoStream
from mediapipeline.planner.hidden import brought_to_light
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Copy, Cut, Encode, Sink, Source, StreamGraph

__all__ = ["copy_untouched"]

_TIMED = (VideoStream, AudioStream)


@rule("copies")
def copy_untouched(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Copy a stream that nothing changes, if the container takes its codec and the job accepts it.

    in:video → encode(libx264) → out    becomes    in:video → copy → out

    A cut that may fall on key frames is copied as well, if FFmpeg finds these by seeking; but not one of subtitles:
    packets cannot be clipped, and a subtitle that is shown across the cut would delay the picture. What a file hides
    before its beginning stays hidden: a container that cannot hide it gets no copy.
    """
    edits = Rewrite(graph)
    for node in graph.of(Encode):
        source = graph.input_of(node)
        why = "nothing changes it"
        if isinstance(source, Cut) and not source.exact and node.kind != "subtitle":
            source, why = graph.input_of(source), "it is cut at key frames only"
        if not isinstance(source, Source) or (source is not graph.input_of(node) and not source.seekable):
            continue
        if _shows_more(graph, node, source):
            continue
        if source.seek == 0 and source.info.codec in node.copy_codecs:  # read from later on, it is cut
            notes(node, f"{node.kind} copied: {why}, and the output may hold {source.info.codec}")
            info = graph.input_of(node).info
            if isinstance(info, _TIMED) and isinstance(node.info, _TIMED):
                # If a cut at key frames kept everything and was left out, nothing was promised of where it ends.
                info = attrs.evolve(info, start=node.info.start, duration=node.info.duration)
            edits.put(Copy(id=node.id, kind=node.kind, inputs=node.inputs, info=info, origin=node.origin))
    return edits.graph()


def _shows_more(graph: StreamGraph, node: Encode, source: Source) -> bool:
    sinks = [graph[user] for user in graph.consumers[node.id]]
    return any(
        isinstance(each, Sink) and brought_to_light(source.info, container_named(each.container)) for each in sinks
    )
