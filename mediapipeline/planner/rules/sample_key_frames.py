"""The rule `sample_key_frames`."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.media.timeline import cut_stream
from mediapipeline.planner.access import is_refreshed, open_groups
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Sample, Source, StreamGraph

__all__ = ["sample_key_frames"]


@rule("within")
def sample_key_frames(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Take the key frame before a time, where the job allows it: a single frame is decoded for each still.

    in:video → sample(60s, keyframe) → out    becomes    in:video@60sk → sample(0s, keyframe) → out

    Only if FFmpeg finds key frames by an index and groups of pictures are closed: with open ones in MP4 it may take the
    key frame after that time, and so it may by an index that has times of decoding only. And not if the file hides its
    first pictures: the key frame may be one of them.
    """
    edits = Rewrite(graph)
    said: set[str] = set()
    for still in graph.of(Sample):
        source = graph.input_of(still)
        if (
            still.exact
            or not isinstance(source, Source)
            or source.key_frames
            or source.access != "index"
            or open_groups(source.info)
            or source.ahead
            or is_refreshed(source.info)
            or _hides_pictures(source.info)
            or source.seek  # the key frame may lie before the part that is read
        ):
            continue
        reader = attrs.evolve(
            source, id=f"{still.id}k", seek=still.time, key_frames=True,
            info=cut_stream(source.info, still.time, None),
        )  # fmt: skip
        edits.put(reader)
        edits.put(attrs.evolve(still, inputs=(reader.id,), time=Fraction(0)))
        if still.origin not in said:
            said.add(still.origin)
            notes(still, f"{source.input}: the key frame before each time is taken, as the job allows")
    return edits.graph()


def _hides_pictures(info: Stream) -> bool:
    return isinstance(info, VideoStream) and bool(info.preroll)
