"""Where a part may be cut before its frames are repeated, left out or counted: the pure decision.

Frames of a constant rate stand on a grid. A change of rate takes each to the nearest place of the new grid, so what is
moved by a whole number of new frames, and of ticks, goes to the same places, as much earlier. Only what is shown first
may be another frame, if the one before it is missing; then reading begins a little earlier, and that is cut off again.
What does not stand on the grid exactly, since the clock of its container rounds times, goes to the nearest place as
well, if the rate stays what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil

import attrs

from mediapipeline.media.streams import Stream, VideoStream
from mediapipeline.planner.streams import Concat, Cut, Frames, Node, NodeId, Retime
from mediapipeline.planner.ticks import MICROSECOND, on_a_tick, step_of, unit_of

__all__ = ["Ahead", "ahead_of_frames", "ahead_of_parts", "ahead_of_rate", "merges"]

_ZERO = Fraction(0)
_FINE = Fraction(1, 16)
"""Of a frame. What rounding moves times by, several times over, is much less than half a frame if a tick is no more."""


@attrs.frozen
class Ahead:
    """A cut before something else, and what is left to cut after that.

    Attributes:
        start: Seconds.
        end: None for all that follows.
        rest: Start and end of what is left to cut; None for nothing.
        count: Where frames are counted, how many there are after the first cut.
    """

    start: Fraction
    end: Fraction | None
    rest: tuple[Fraction, Fraction | None] | None
    count: int = 0


def ahead_of_frames(source: Node, frames: Frames, cut: Cut) -> Ahead | None:
    """How to cut before *frames* are counted; None where nothing would be gained, or nobody knows how.

    Args:
        source: What frames are counted of.
        frames: How many.
        cut: What cuts them.
    """
    info = source.info
    rate = _even(info)
    if rate is None or not _may_move(frames, cut) or info.start or info.end is None:
        return None
    start = _on_grid(cut.start, 1 / rate)
    last = frames.count if cut.end is None else min(frames.count, ceil(cut.end * rate))
    count = last - int(start * rate)
    if count < 1 or count == frames.count or start + 1 / rate > info.end:
        return None
    rest = cut.start - start
    return Ahead(start, cut.end, (rest, None) if rest else None, count=count)


def ahead_of_rate(source: Node, retime: Retime, cut: Cut) -> Ahead | None:
    """How to cut before *retime*; None where nothing would be gained, or nobody knows how.

    Args:
        source: What the rate is changed of.
        retime: How.
        cut: What cuts the result.
    """
    info = source.info
    rate = _even(info)
    if rate is None or not _may_move(retime, cut) or info.end is None:
        return None
    unit, made = 1 / rate, 1 / retime.rate
    start = _begin(info, unit, made, cut.start)
    if start <= (info.start or _ZERO) or start + unit > info.end:  # nothing is gained, or there is no frame
        return None
    # Which frame is shown last depends on the one after it.
    end = None if cut.end is None else cut.end + unit + made
    late, until = cut.start - start, None if cut.end is None else cut.end - start
    kept = None if end is None or end >= info.end else end
    return Ahead(start, kept, (late, until) if late or until is not None else None)


def _begin(info: Stream, unit: Fraction, made: Fraction, time: Fraction) -> Fraction:
    """From when on a change of rate gives at *time* and later what it gives from the start; 0 where nobody knows.

    Args:
        info: Of what the rate is changed of.
        unit: Seconds that a frame of it lasts.
        made: Seconds that a frame of the result lasts.
        time: Seconds.
    """
    if not isinstance(info, VideoStream) or info.time_base is None:
        return _ZERO
    begins, tick = info.start or _ZERO, info.time_base
    on_ticks = (unit / tick).denominator == 1 and (begins / tick).denominator == 1
    if not on_ticks and (unit != made or tick > unit * _FINE or abs(begins / unit - round(begins / unit)) > _FINE):
        return _ZERO
    step = step_of(made, tick, MICROSECOND) if on_ticks else step_of(unit, MICROSECOND)
    before = unit + made  # the frame that is shown then may begin so much before
    start = max(_ZERO, time - before) // step * step
    if on_ticks and (begins / unit).denominator == 1:
        with_a_frame = step_of(unit, step)
        start = max(start, time // with_a_frame * with_a_frame)
    return start if start >= step + before else _ZERO  # less is not worth it, and would never come to an end


def ahead_of_parts(whole: Concat, cut: Cut) -> Ahead | None:
    """How to cut the parts of *whole* before they are joined; None where nothing would be gained, or nobody knows how.

    Args:
        whole: What is joined.
        cut: What cuts it.
    """
    unit = unit_of(whole.info)
    if unit is None or not _may_move(whole, cut):
        return None
    start = _on_grid(cut.start, unit)
    rest = cut.start - start
    return Ahead(start, cut.end, (rest, None) if rest else None) if start or cut.end is not None else None


def _on_grid(time: Fraction, unit: Fraction) -> Fraction:
    """The last whole number of *unit* up to *time* from which it can be told how far that is, to the microsecond."""
    step = unit if (time / unit).denominator == 1 else step_of(unit, MICROSECOND)
    return time // step * step


def merges(current: Callable[[NodeId], Node], inner: Cut, outer: Cut) -> bool:
    """Whether *outer*, a cut of *inner*, can be made one with it.

    Not if *inner* may yet be moved before joining or counting frames: that tells exactly which of them are needed.

    Args:
        current: The node of an id.
        inner: The first cut.
        outer: The second.
    """
    if not (inner.exact and outer.exact and on_a_tick(inner.start, inner.info)):
        return False
    source = current(inner.inputs[0])
    if isinstance(source, Frames):
        return ahead_of_frames(current(source.inputs[0]), source, inner) is None
    return not isinstance(source, Concat) or ahead_of_parts(source, inner) is None


def _even(info: object) -> Fraction | None:
    """The rate of pictures with a constant one."""
    return info.frame_rate or None if isinstance(info, VideoStream) and info.vfr is False else None


def _may_move(node: Node, cut: Cut) -> bool:
    return cut.exact and cut.same_as is None and node.same_as is None
