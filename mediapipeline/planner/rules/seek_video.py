"""The rule `seek_video`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.planner.access import seek_sources
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Source, StreamGraph

__all__ = ["seek_video"]

_EARLY = Fraction(4)
"""Without an index FFmpeg guesses where to read from; measured: that may be after the wanted frame, by up to a GOP."""
_OPEN = frozenset({"hevc", "vvc"})
_MOST_REORDERED = 16


@rule("exact")
def seek_video(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Begin to decode at the key frame before what is wanted, not at the start of the file.

    in:video → cut(60s..70s) → out    becomes    in:video@60s → cut(0s..10s) → out
    """
    return seek_sources(graph, notes, _lead)


def _lead(source: Source) -> Fraction | None:
    if source.kind != "video":
        return None
    return {"index": _leading(source.info), "guess": _EARLY}.get(source.access)


def _leading(info: Stream) -> Fraction:
    """How long before a key frame the pictures begin that are decoded after it and cannot be without what is before.

    HEVC's encoders leave groups of pictures open by default, and such pictures are then dropped.
    """
    if not isinstance(info, VideoStream) or info.codec not in _OPEN or not info.frame_rate:
        return Fraction(0)
    return (1 + (_MOST_REORDERED if info.reorder is None else info.reorder)) / info.frame_rate
