"""Pictures that one filter takes together: FFmpeg shows those of the others by the clock of the first."""

from __future__ import annotations

from mediapipeline.ffmpeg.filtergraph import Expr
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timeline import is_still
from mediapipeline.operators.traits import POINTWISE
from mediapipeline.planner.streams import Filter, Node, NodeId
from mediapipeline.planner.ticks import ticks_coarsely

__all__ = ["finely_timed"]


def finely_timed(first: Node, made: NodeId, origin: str) -> Filter | None:
    """What lets *first* count in microseconds, where it has about a tick a frame; None where that is not needed.

    Frames of the others would be shown up to half a tick early, and by whether a cut before this, which changes the
    clock and perhaps nothing else, was left out.

    Args:
        first: The first picture that a filter takes.
        made: The id of what is returned.
        origin: JSON Pointer of the operation whose filter it is.
    """
    if not isinstance(first.info, VideoStream) or is_still(first.info) or not ticks_coarsely(first.info):
        return None
    return Filter(
        id=made, kind="video", inputs=(first.id,), info=first.info, origin=origin,
        name="settb", options=(("expr", Expr("AVTB")),), traits=POINTWISE,
    )  # fmt: skip
