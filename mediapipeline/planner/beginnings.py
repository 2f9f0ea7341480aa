"""Streams of an output whose container tells nobody that one of them begins late: all begin with it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import attrs

from mediapipeline.errors import Problem, Problems
from mediapipeline.media.container import Container
from mediapipeline.media.streams import AudioStream, Chapter, VideoStream
from mediapipeline.planner.expand import GraphBuilder
from mediapipeline.planner.streams import Encode, Node, NodeId

__all__ = ["begin_together", "earlier"]

_UNNOTICED = Fraction(1, 25)
"""Seconds by which copied sound may be heard too early; of more than that, people see that it is."""


def begin_together(build: GraphBuilder, streams: Sequence[NodeId], container: Container, problems: Problems) -> None:
    """Have what begins late of the *streams* of an output begin at its time 0, where there are several of them.

    A picture is shown from then on, as long as its first frame lasts until the next: FFmpeg does so by itself where one
    is copied, or where its rate varies. Before sound there is silence, which a copy cannot have.

    Args:
        build: The graph, in which their nodes are replaced.
        streams: Streams of pictures, sound, text or cover art.
        container: One that has everything begin `at_once`.
        problems: Where to say that a copy that the job demands would be heard too early.
    """
    lasting = [node for node in map(build.nodes.__getitem__, streams) if node.kind in ("video", "audio")]
    if len(lasting) == 1:
        return
    for node in lasting:
        info, late = node.info, node.info.start or Fraction(0)
        if not isinstance(info, VideoStream | AudioStream) or late < _told(info):
            continue
        why = f"the sound begins after {float(late):.3g} s, and {container.name} cannot tell"
        changes: dict[str, Any] = {"info": attrs.evolve(info, start=Fraction(0), duration=info.end)}
        if isinstance(node, Encode):
            changes["fill"] = isinstance(info, AudioStream) or info.vfr is False
            if isinstance(info, AudioStream) and late > _UNNOTICED:
                changes["copy_codecs"] = frozenset()
                if node.pinned is None:
                    changes |= {"pinned": why, "unpinned": "write another container"}
        elif isinstance(info, AudioStream) and late > _UNNOTICED:
            hint = "let it be encoded, or write another container"
            problems.extend([_fault(node, why, hint)])
        build.nodes[node.id] = attrs.evolve(node, **changes)


def earlier(chapters: Sequence[Chapter], by: Fraction) -> tuple[Chapter, ...]:
    """What is left of *chapters* where the first *by* seconds are not."""
    return tuple(Chapter(max(Fraction(0), c.start - by), c.end - by, c.title) for c in chapters if c.end > by)


def _told(info: VideoStream | AudioStream) -> Fraction:
    """From how much on it makes a difference, seconds: a frame, or a sample."""
    rate = info.frame_rate if isinstance(info, VideoStream) else info.sample_rate
    return 1 / Fraction(rate) if rate else Fraction(1, 1000)


def _fault(node: Node, message: str, hint: str) -> Problem:
    return Problem(f"{node.origin}/codec/audio", "cannot-copy", message, hint, "planning")
