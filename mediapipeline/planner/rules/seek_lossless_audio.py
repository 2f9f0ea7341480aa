"""The rule `seek_lossless_audio`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.encoders import CODECS
from mediapipeline.planner.access import seek_sources
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Source, StreamGraph
from mediapipeline.planner.ticks import tells_samples_apart

__all__ = ["seek_lossless_audio"]


@rule("exact")
def seek_lossless_audio(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Begin to decode sound where it is wanted, if what it decodes to does not depend on what came before.

    in:audio → cut(60s..70s) → out    becomes    in:audio@60s → cut(0s..10s) → out

    Only if the clock of the file is fine enough to tell samples apart, so that they are found at the same places.
    """
    return seek_sources(graph, notes, _lead)


def _lead(source: Source) -> Fraction | None:
    codec = CODECS.get(source.info.codec or "")
    if source.kind != "audio" or source.access != "index" or codec is None or not codec.lossless:
        return None
    return Fraction(0) if tells_samples_apart(source.info) else None
