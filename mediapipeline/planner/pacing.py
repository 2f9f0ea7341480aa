"""Where a part may be cut before its frames are repeated, left out, counted or joined: the pure decision.

A change of rate takes each frame to the nearest place among those of the new rate. If a cut moves them by whole frames
of the new rate, and by whole ticks of a clock that stays the same, they go to the same places, moved alike. Only what
is shown first may be another frame, where the one that would be shown then lies before the cut; so the cut is made
earlier, by as much as two frames are apart, and the rest is cut off after the change. What is shown last depends on the
frame after it, so the cut ends later as well. Where it is not known how far frames are apart, they are taken to be near
each other: `mediapipeline.planner.spacing` looks whether they are.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import TypeAlias, TypeGuard

import attrs

from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timecode import to_microseconds_floor
from mediapipeline.planner.streams import Concat, Cut, Frames, Node, NodeId, Retime
from mediapipeline.planner.ticks import MICROSECOND, in_microseconds, on_a_tick, step_of, ticks_coarsely, unit_of

__all__ = [
    "Ahead",
    "ahead_of_frames",
    "ahead_of_parts",
    "ahead_of_rate",
    "bounds_of",
    "merges",
    "moves",
    "on_the_clock_of",
]

Current: TypeAlias = Callable[[NodeId], Node]
_ZERO = Fraction(0)
_UNEVEN = Fraction(1, 2)
"""Seconds that frames of a varying rate are taken to be apart at most."""


@attrs.frozen
class Ahead:
    """A cut before something else, and what is left to cut after that.

    Attributes:
        start: Seconds.
        end: None for all that follows.
        rest: Start and end of what is left to cut; None for nothing.
        count: How many frames there are after the first cut, where they are counted.
        near: Seconds that frames are taken to be apart at most, as in `Retime`; None where that is known.
    """

    start: Fraction
    end: Fraction | None
    rest: tuple[Fraction, Fraction | None] | None
    count: int | None = None
    near: Fraction | None = None


def ahead_of_frames(source: Node, frames: Frames, cut: Cut) -> Ahead | None:
    """How to cut before *frames* are counted; None where nothing would be gained, or nobody knows how.

    Args:
        source: What frames are counted of.
        frames: How many.
        cut: What cuts them.
    """
    info, unit = source.info, unit_of(source.info)
    if unit is None or not _is_even(info) or not _may_move(frames, cut) or info.start or info.end is None:
        return None
    start = _on_grid(cut.start, unit)
    last = frames.count if cut.end is None else min(frames.count, _frames_before(cut.end, unit))
    count = last - int(start / unit)
    if count < 1 or count == frames.count or start + unit > info.end:
        return None
    rest = cut.start - start
    return Ahead(start, _told(cut.end, unit), (rest, None) if rest else None, count=count)


def ahead_of_rate(source: Node, retime: Retime, cut: Cut) -> Ahead | None:
    """How to cut before *retime*; None where nothing would be gained, or nobody knows how.

    Args:
        source: What the rate is changed of.
        retime: How.
        cut: What cuts the result.
    """
    info, made = source.info, 1 / retime.rate
    if not isinstance(info, VideoStream) or not _may_move(retime, cut) or info.end is None:
        return None
    spacing = _spacing(info, retime)
    if spacing is None:
        return None
    start = _begin(info, spacing, made, cut.start)
    if start <= (info.start or _ZERO) or start + spacing > info.end:  # nothing is gained, or there is no frame
        return None
    end = None if cut.end is None else cut.end + spacing + made
    late, until = cut.start - start, None if cut.end is None else cut.end - start
    kept = None if end is None or end >= info.end else end
    return Ahead(
        start,
        kept,
        (late, until) if late or until is not None else None,
        near=None if _is_even(info) else spacing,
    )


def _spacing(info: VideoStream, retime: Retime) -> Fraction | None:
    """Seconds that two frames are apart at most, or are taken to be; None where nobody may take them to be that."""
    unit = unit_of(info)
    if unit is not None and _is_even(info):
        return unit
    if retime.apart or info.time_base is None:
        return None
    # Of an even rate, one frame may be missing, and the times of two be rounded.
    return _UNEVEN if unit is None or info.vfr is not False else 2 * unit + info.time_base


def _begin(info: VideoStream, spacing: Fraction, made: Fraction, time: Fraction) -> Fraction:
    """From when on a change of rate gives at *time* and later what it gives from the start; 0 where nobody knows.

    Args:
        info: Of what the rate is changed of.
        spacing: Seconds that two frames of it are apart at most.
        made: Seconds that a frame of the result lasts.
        time: Seconds.
    """
    tick, begins, even = info.time_base, info.start or _ZERO, _is_even(info)
    if tick is None or (begins / tick).denominator != 1 or (even and (spacing / tick).denominator != 1):
        return _ZERO
    if ticks_coarsely(info) and not in_microseconds(spacing if even else tick):
        return _ZERO  # a cut would make it microseconds, and round what lies amid two places to another one
    step = step_of(made, tick, MICROSECOND)
    before = spacing + made  # the frame that is shown then may begin so much before
    start = max(_ZERO, time - before) // step * step
    if even and (begins / spacing).denominator == 1:
        with_a_frame = step_of(spacing, step)
        start = max(start, time // with_a_frame * with_a_frame)
    return start if start >= step + before else _ZERO  # less is not worth it, and would never come to an end


def ahead_of_parts(whole: Concat, cut: Cut) -> Ahead | None:
    """How to cut the parts of *whole* before they are joined, if it is known how long they are (`bounds_of`).

    None where nothing would be gained.

    Args:
        whole: What is joined.
        cut: What cuts it.
    """
    unit = unit_of(whole.info)
    if unit is None or not _may_move(whole, cut):
        return None
    start = _on_grid(cut.start, unit)
    if not start and cut.end is None:
        return None
    rest = cut.start - start
    end = _told(cut.end, unit) if isinstance(whole.info, VideoStream) else cut.end
    return Ahead(start, end, (rest, None) if rest else None)


def bounds_of(current: Current, whole: Concat) -> list[Fraction] | None:
    """Where each part of *whole* begins, and where the last ends; None where that is not known to the frame."""
    unit, bounds = unit_of(whole.info), [_ZERO]
    for leg in whole.inputs:
        info = current(leg).info
        if unit is None or info.duration is None or info.start or (info.duration / unit).denominator != 1:
            return None
        bounds.append(bounds[-1] + info.duration)
    return bounds


def _on_grid(time: Fraction, unit: Fraction) -> Fraction:
    """The last whole number of *unit* up to *time* from which it can be told how far that is, to the microsecond."""
    step = unit if (time / unit).denominator == 1 else step_of(unit, MICROSECOND)
    return time // step * step


def _frames_before(end: Fraction, unit: Fraction) -> int:
    """How many frames a cut that ends then keeps: FFmpeg compares microseconds, rounded, with *end*, rounded down."""
    count, until = ceil(end / unit), to_microseconds_floor(end)
    while count and _microseconds((count - 1) * unit) >= until:
        count -= 1
    while _microseconds(count * unit) < until:
        count += 1
    return count


def _microseconds(time: Fraction) -> int:
    return floor(time * 1_000_000 + Fraction(1, 2))


def _told(end: Fraction | None, unit: Fraction) -> Fraction | None:
    """A time that leaves as many frames as *end*, wherever they are counted from: amid two, where they are rounded."""
    if end is None or in_microseconds(unit):
        return end
    return (_frames_before(end, unit) - Fraction(1, 2)) * unit


def moves(current: Current, cut: Cut) -> bool:
    """Whether *cut* can be moved before joining, counting or pacing frames, if nothing else takes these.

    Args:
        current: The node of an id.
        cut: A cut.
    """
    source = current(cut.inputs[0])
    match source:
        case Concat():
            return ahead_of_parts(source, cut) is not None
        case Frames():
            return ahead_of_frames(current(source.inputs[0]), source, cut) is not None
        case Retime():
            return ahead_of_rate(current(source.inputs[0]), source, cut) is not None
    return False


def merges(current: Current, inner: Cut, outer: Cut) -> bool:
    """Whether *outer*, a cut of *inner*, can be made one with it.

    Not if *inner* may yet be moved before joining or counting frames: that tells exactly which of them are needed.

    Args:
        current: The node of an id.
        inner: The first cut.
        outer: The second.
    """
    if not (inner.exact and outer.exact and on_a_tick(inner.start, inner.info)):
        return False
    if outer.keeps_first and not _is_even(inner.info):
        return False  # as one, they might leave out a frame that is rounded to just before that
    return isinstance(current(inner.inputs[0]), Retime) or not moves(current, inner)


def on_the_clock_of(info: Stream, other: Stream) -> Stream:
    """*info* with the clock of *other*, which is cut now in place of something that had another one."""
    timed = isinstance(info, VideoStream | AudioStream) and isinstance(other, VideoStream | AudioStream)
    return attrs.evolve(info, time_base=other.time_base) if timed else info


def _is_even(info: Stream) -> TypeGuard[VideoStream]:
    """Whether these are pictures that are known to be evenly spaced."""
    return isinstance(info, VideoStream) and info.vfr is False and info.even is True


def _may_move(node: Node, cut: Cut) -> bool:
    return cut.exact and not cut.keeps_first and cut.same_as is None and node.same_as is None
