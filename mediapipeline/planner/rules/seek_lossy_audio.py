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
    """Begin to decode sound a little before it is wanted, so that its decoder is in its stride by then.

    in:audio → cut(60s..70s) → out    becomes    in:audio@59s → cut(1s..11s) → out

    The samples are those at the same places, as exactly as the clock of the file tells (Matroska's: 1 ms). Codecs that
    make up noise, or whose first frames depend on all before, may give them other values than a decoder that began at
    the start of the file, at the same level.
    """
    return seek_sources(graph, notes, _lead)


def _lead(source: Source) -> Fraction | None:
    codec = CODECS.get(source.info.codec or "")
    if source.kind != "audio" or (codec is not None and codec.lossless):
        return None
    return _WARM_UP.get(source.access)
