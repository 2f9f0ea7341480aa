"""The rule `seek_video`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.planner.access import picture_lead, seek_sources
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Source, StreamGraph

__all__ = ["seek_video"]


@rule("exact")
def seek_video(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Begin to decode at the key frame before what is wanted, not at the start of the file.

    in:video → cut(60s..70s) → out    becomes    in:video@60s → cut(0s..10s) → out
    """
    return seek_sources(graph, notes, _lead)


def _lead(source: Source) -> Fraction | None:
    return picture_lead(source) if source.kind == "video" else None
