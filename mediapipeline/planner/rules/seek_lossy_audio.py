"""The rule `seek_lossy_audio`."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.encoders import CODECS
from mediapipeline.planner.access import seek_sources
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Source, StreamGraph

__all__ = ["seek_lossy_audio"]

_WARM_UP = {"index": Fraction(1), "guess": Fraction(4)}


@rule("within")
def seek_lossy_audio(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Begin to decode sound a little before it is wanted, so that its decoder has settled by then.

    in:audio → cut(60s..70s) → out    becomes    in:audio@59s → cut(1s..11s) → out

    The samples stand at the same places, as exactly as the clock of the file tells (1 ms in Matroska). Where a codec
    fills in noise, or a frame depends on all before it, they may have other values than if decoded from the start of
    the file, at the same level.
    """
    return seek_sources(graph, notes, _lead)


def _lead(source: Source) -> Fraction | None:
    codec = CODECS.get(source.info.codec or "")
    if source.kind != "audio" or (codec is not None and codec.lossless):
        return None
    return _WARM_UP.get(source.access)
