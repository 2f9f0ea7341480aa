"""Where frames of a part are told other times, so that filters which go by the time make the same of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.planner.streams import Filter, Node, Shift

__all__ = ["later", "told"]


def told(filters: Sequence[tuple[Filter, Fraction, Stream]], info: Stream, rest: Fraction = Fraction(0)) -> list[Node]:
    """*filters* in a row after a part, with a shift wherever other times have to be told, as seldom as can be.

    Ids and first inputs are yet to be given.

    Args:
        filters: Each with the time at which the part begins, by the times that it goes by, and with the facts of what
            it gives, counted from there.
        info: Facts of the part.
        rest: By how much later times are told in the end.
    """
    timed = [place for place, (node, _, _) in enumerate(filters) if node.traits.timed]
    made: list[Node] = []
    late = Fraction(0)
    for place, (node, begins, given) in enumerate(filters):
        wanted = late
        if node.traits.timed:
            wanted = begins
        elif len(node.inputs) > 1 or not timed or place > timed[-1]:  # stills are seen from 0 on
            wanted = Fraction(0)
        if wanted != late:
            made.append(_shift(node, info, wanted - late))
        info, late = later(given, wanted), wanted
        made.append(attrs.evolve(node, info=info))
    if rest != late:
        made.append(_shift(filters[-1][0], info, rest - late))
    return made


def _shift(node: Filter, info: Stream, by: Fraction) -> Shift:
    """What tells the times of a stream with the facts *info* later, for *node*."""
    return Shift(id=node.id, kind=node.kind, inputs=node.inputs[:1], info=later(info, by), origin=node.origin, by=by)


def later(info: Stream, by: Fraction) -> Stream:
    """*info* with all times later."""
    if not by or info.start is None or not isinstance(info, VideoStream | AudioStream):
        return info
    return attrs.evolve(info, start=info.start + by)
