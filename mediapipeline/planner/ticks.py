"""Clocks of streams: which times FFmpeg can keep exactly."""

from __future__ import annotations

import math
from fractions import Fraction

from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream

__all__ = [
    "MICROSECOND", "PACKETS_EARLY", "in_microseconds", "on_a_tick", "step_of", "tells_samples_apart", "tick_before",
    "ticks_coarsely", "unit_of",
]  # fmt: skip

MICROSECOND = Fraction(1, 1_000_000)
"""Bounds are written for FFmpeg in these."""

PACKETS_EARLY = Fraction(4)
"""Seconds before a time from which packets are read where FFmpeg guesses where they lie; it may be off by a few."""

_FINE = Fraction(1, 1000)


def in_microseconds(time: Fraction) -> bool:
    """Whether *time*, in seconds, is a whole number of microseconds."""
    return MICROSECOND.denominator % time.denominator == 0


def on_a_tick(time: Fraction, info: Stream) -> bool:
    """Whether *time*, in seconds, is a whole microsecond and a whole tick of the clock of a stream with these facts.

    FFmpeg is told of bounds in microseconds and rounds them to ticks. Where a first cut begins at such a time, rounding
    what is inside of it gives the same as rounding the sum; otherwise another frame, or sample, may be kept.
    """
    if not in_microseconds(time):
        return False
    if not time:
        return True
    if isinstance(info, AudioStream):  # filters count samples, whatever the container counts
        return info.sample_rate is not None and info.sample_rate % time.denominator == 0
    if isinstance(info, SubtitleStream):  # the coarsest of the forms that cues are cut in
        return 100 % time.denominator == 0
    return info.time_base is not None and (time / info.time_base).denominator == 1


def unit_of(info: Stream) -> Fraction | None:
    """Seconds that one frame of a picture lasts, or one sample of sound; None where that is not known."""
    rate = info.frame_rate if isinstance(info, VideoStream) else None
    if isinstance(info, AudioStream) and info.sample_rate is not None:
        rate = Fraction(info.sample_rate)
    return 1 / rate if rate else None


def tells_samples_apart(info: Stream) -> bool:
    """Whether the clock of a stream of sound has a tick for every sample.

    Matroska has one a millisecond: read from the middle, samples are up to one tick from where they are when the file
    is read from its start. Measured: 24 or 48 samples with Opus, by the version of FFmpeg; 8 with PCM.
    """
    if not isinstance(info, AudioStream) or info.time_base is None or info.sample_rate is None:
        return False
    return info.time_base * info.sample_rate <= 1


def ticks_coarsely(info: Stream) -> bool:
    """Whether FFmpeg would move the bounds of a cut by a good part of a frame.

    It rounds them to ticks of the stream's clock, and AVI, for one, has one tick a frame: 0.01 s would be 0, and a part
    that ends there empty.
    """
    return isinstance(info, VideoStream) and (info.time_base is None or info.time_base > _FINE)


def tick_before(time: Fraction, info: Stream) -> Fraction | None:
    """The last time not after *time* that all clocks have: microseconds, ticks of the stream, and samples.

    Reading from there on moves every time by a whole number of ticks, so that nothing that follows is rounded in
    another way than it would be from the start. None where the clock is not known.
    """
    if info.time_base is None:
        return None
    clocks = [info.time_base, MICROSECOND]
    if isinstance(info, AudioStream):
        if info.sample_rate is None:
            return None
        clocks.append(Fraction(1, info.sample_rate))
    step = step_of(*clocks)
    return time // step * step


def step_of(*units: Fraction) -> Fraction:
    """The least time that is a whole number of each of *units*.

    >>> step_of(Fraction(1, 25), Fraction(1, 10))
    Fraction(1, 5)
    """
    return Fraction(math.lcm(*(unit.numerator for unit in units)), math.gcd(*(unit.denominator for unit in units)))
