"""Where frames of a part are told other times, so that filters which go by the time make the same of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.streams import Filter, Node, Shift

__all__ = ["lateness", "later", "shift"]


def lateness(filters: Iterable[tuple[Filter, Fraction]]) -> Iterator[Fraction]:
    """For each filter, by how much later times are told to it than those of the part; as seldom changed as can be.

    Args:
        filters: In their order, each with the time that the part begins at by the times that it goes by.
    """
    told = list(filters)
    last = max((place for place, (node, _) in enumerate(told) if node.traits.timed), default=-1)
    late = Fraction(0)
    for place, (node, begins) in enumerate(told):
        if node.traits.timed:
            late = begins
        elif place > last or len(node.inputs) > 1:  # stills are seen from 0 on
            late = Fraction(0)
        yield late


def shift(node: Node, info: Stream, by: Fraction) -> Shift:
    """What tells the times of a stream with the facts *info* later, for *node*; its id is yet to be given."""
    return Shift(id=node.id, kind=node.kind, inputs=node.inputs[:1], info=later(info, by), origin=node.origin, by=by)


def later(info: Stream, by: Fraction) -> Stream:
    """*info* with all times later."""
    if not by or info.start is None or not isinstance(info, VideoStream | AudioStream):
        return info
    return attrs.evolve(info, start=info.start + by)
