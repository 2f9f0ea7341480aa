"""Clocks of streams: which times FFmpeg can keep exactly."""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream

__all__ = ["on_a_tick", "tick_before", "ticks_coarsely"]

_MICROSECONDS = 1_000_000
_FINE = Fraction(1, 1000)


def on_a_tick(time: Fraction, info: Stream) -> bool:
    """Whether *time*, in seconds, is a whole microsecond and a whole tick of the clock of a stream with these facts.

    FFmpeg is told of bounds in microseconds and rounds them to ticks. Where a first cut begins at such a time, rounding
    what is inside of it gives the same as rounding the sum; otherwise another frame, or sample, may be kept.
    """
    tick = info.time_base
    if isinstance(info, AudioStream):  # filters count samples, whatever the container counts
        tick = None if info.sample_rate is None else Fraction(1, info.sample_rate)
    elif isinstance(info, SubtitleStream):  # the coarsest of the forms that cues are cut in
        tick = Fraction(1, 100)
    if _MICROSECONDS % time.denominator:
        return False
    return time == 0 or (tick is not None and (time / tick).denominator == 1)


def ticks_coarsely(info: Stream) -> bool:
    """Whether FFmpeg would move the bounds of a cut by a good part of a frame.

    It rounds them to ticks of the stream's clock, and AVI, for one, has one tick a frame: 0.01 s would be 0, and a part
    that ends there empty.
    """
    return isinstance(info, VideoStream) and (info.time_base is None or info.time_base > _FINE)


def tick_before(time: Fraction, info: Stream) -> Fraction | None:
    """The last tick not after *time* of a clock so coarse that FFmpeg would round *time* to one of them.

    *time* itself where the clock is fine, and None where it is not known.
    """
    if not ticks_coarsely(info):
        return time
    return None if info.time_base is None else time // info.time_base * info.time_base
