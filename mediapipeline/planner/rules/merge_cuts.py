"""The rule `merge_cuts`."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.streams import AudioStream, SubtitleStream
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.streams import Cut, Rewrite, StreamGraph

__all__ = ["merge_cuts"]

_MICROSECONDS = 1_000_000


def _starts_on_a_tick(cut: Cut) -> bool:
    """Whether the cut begins at a whole microsecond and at a whole tick of the stream's clock.

    FFmpeg is told of bounds in microseconds and rounds them to ticks. Where the start of the first cut is both,
    rounding what is inside of it gives the same as rounding the sum; otherwise another frame, or sample, may be kept.
    """
    info = cut.info
    tick = info.time_base
    if isinstance(info, AudioStream):  # filters count samples, whatever the container counts
        tick = None if info.sample_rate is None else Fraction(1, info.sample_rate)
    elif isinstance(info, SubtitleStream):  # the coarsest of the forms that cues are cut in
        tick = Fraction(1, 100)
    return not _MICROSECONDS % cut.start.denominator and (
        cut.start == 0 or (tick is not None and (cut.start / tick).denominator == 1)
    )


@rule("exact")
def merge_cuts(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Make one cut of a cut of a cut.

    in:video → cut(5s..60s) → cut(10s..20s) → out    becomes    in:video → cut(15s..25s) → out
    """
    edits = Rewrite(graph)
    for node in graph:
        if not isinstance(node, Cut):
            continue
        inner = edits.current(node.inputs[0])
        if isinstance(inner, Cut) and inner.exact and node.exact and _starts_on_a_tick(inner):
            ends = [end for end in (inner.end, None if node.end is None else inner.start + node.end) if end is not None]
            end = min(ends, default=None)
            if node.kind == "video":
                notes(node, "merged with the cut before it")
            edits.put(attrs.evolve(node, inputs=inner.inputs, start=inner.start + node.start, end=end))
    return edits.graph()
