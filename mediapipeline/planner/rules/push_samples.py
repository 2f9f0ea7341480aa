"""The rule `push_samples`."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias

import attrs

from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timeline import still_stream
from mediapipeline.planner.pacing import moves
from mediapipeline.planner.rewrite import Rewrite
from mediapipeline.planner.rule import Notes, rule
from mediapipeline.planner.shifts import told
from mediapipeline.planner.streams import Cut, Filter, Node, Sample, Shift, StreamGraph
from mediapipeline.planner.ticks import on_a_tick

__all__ = ["push_samples"]

_At: TypeAlias = tuple[Filter, Fraction]
"""A filter, and the time of the still there."""
_MOST = 32
"""The most filters that a still is taken past: it gets its own copy of each, and there may be many stills."""


@rule("exact")
def push_samples(graph: StreamGraph, notes: Notes) -> StreamGraph:
    """Take a still before cutting and filtering, so that only the one frame is filtered.

    in:video → cut(5s..9s) → hflip() → sample(1s) → out    becomes    in:video → sample(6s) → hflip() → out

    Only past filters that make each frame of one frame, perhaps with a still laid over it, and past cuts that are sure
    to hold a frame at that time. A filter that goes by the time gets the time of the whole. A still that may be a key
    frame stays in a part that begins after 0: the key frame may lie before that part.
    """
    edits = Rewrite(graph)
    said: set[str] = set()
    for node in graph.of(Sample):
        filters: list[_At] = []
        time, here = node.time, graph.input_of(node)
        while len(filters) <= _MOST:
            if isinstance(here, Cut) and _crosses(graph, node, time, here):
                time += here.start
            elif isinstance(here, Shift) and here.same_as is None and time >= here.by:
                time -= here.by
            elif isinstance(here, Filter) and here.same_as is None and _passes(graph, node, time, here):
                filters.append((here, time))
            else:
                break
            here = graph.input_of(here)
        if here is graph.input_of(node) or len(filters) > _MOST:
            continue
        _place(edits, node, time, here, filters[::-1])
        if node.origin not in said:
            said.add(node.origin)
            notes(node, "taken before the clip is cut and filtered")
    return edits.graph()


def _crosses(graph: StreamGraph, still: Sample, time: Fraction, cut: Cut) -> bool:
    """Whether the still at *time* can be taken before *cut*; not if that may move too: it leaves less to look at."""
    if len(graph.consumers[cut.inputs[0]]) == 1 and moves(graph.__getitem__, cut):
        return False
    return _holds(cut, time) and (still.exact or not cut.start)


def _passes(graph: StreamGraph, still: Sample, time: Fraction, node: Filter) -> bool:
    """Whether the still at *time* can be taken before *node*.

    Past other stills only if it cannot be before time 0, past what goes by the time only if that can be told again.
    """
    if not graph.frame_by_frame(node, timed=True):
        return False
    return (len(node.inputs) == 1 and not node.traits.timed) or (still.exact and on_a_tick(time, node.info))


def _holds(cut: Cut, time: Fraction) -> bool:
    """Whether the part has a frame at *time* or later, which is the one that the whole has from there on."""
    info = cut.info
    if not cut.exact or cut.same_as is not None or not on_a_tick(cut.start, info):
        return False
    if cut.end is None:
        return True
    if not isinstance(info, VideoStream) or info.vfr is not False or not info.frame_rate:
        return False
    return time + 1 / info.frame_rate <= cut.end - cut.start


def _place(edits: Rewrite, node: Sample, time: Fraction, source: Node, filters: Sequence[_At]) -> None:
    """Put the still at *source* and *filters* after it; the last keeps the id, so that whoever takes it still does."""
    still = attrs.evolve(node, inputs=(source.id,), info=_still(source), time=time)
    after = told([(each, then, _still(each)) for each, then in filters], still.info)
    edits.put_row([still, *after], source.id, node.id)


def _still(node: Node) -> VideoStream:
    assert isinstance(node.info, VideoStream)  # stills are taken of pictures
    return still_stream(node.info)
