"""Frame rate, and whether it is constant, from what a header declares and from the first packets.

Headers alone mislead in both directions: Matroska's default duration is written for a variable rate as well, its
millisecond timestamps make a constant rate look uneven, and FFmpeg's own averages are rounded (60000/1001 comes back
as 19001/317). So the timestamps of a bounded window decide. Pure: numbers in, a verdict out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import attrs

__all__ = ["Rate", "is_even", "measure_rate", "snap"]

_NTSC = [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60, 120, 240)]
_WHOLE = [Fraction(n) for n in (24, 25, 30, 48, 50, 60, 100, 120, 240, 15, 12, 10, 20, 5, 1)]
_STANDARD = (*_WHOLE, *_NTSC, Fraction(15000, 1001), Fraction(25, 2))
_ROUNDING = Fraction(2, 10_000_000)  # relative; 19001/317 is off by 5e-8, and 29.97 by 1e-6
_MILLISECOND = Fraction(1, 1000)


@attrs.frozen
class Rate:
    """A verdict: frames per second, and whether they are unevenly spaced. None is not known."""

    frame_rate: Fraction | None
    vfr: bool | None


def snap(rate: Fraction | None) -> Fraction | None:
    """*rate*, or the standard rate that it is a rounding of."""
    if rate is None or rate <= 0:
        return None
    near = min(_STANDARD, key=lambda standard: abs(standard - rate))
    return near if abs(near - rate) <= near * _ROUNDING else rate


def measure_rate(
    *,
    average: Fraction | None,
    base: Fraction | None,
    time_base: Fraction,
    timestamps: Iterable[int],
    complete: bool,
    reorder: int | None,
    frames: int | None = None,
    duration: Fraction | None = None,
    hidden: Fraction | None = None,
    interlaced: bool = False,
) -> Rate:
    """Judge a picture stream.

    Args:
        average: FFmpeg's ``avg_frame_rate``.
        base: FFmpeg's ``r_frame_rate``, the lowest rate that all timestamps it saw fit to.
        time_base: Unit of *timestamps*, seconds.
        timestamps: Presentation times of the packets in the window, in the order of the file.
        complete: Whether the window holds every packet of the stream.
        reorder: Frames by which B-frames delay decoding.
        frames: How many frames there are, shown or hidden, if the container says so.
        duration: How long those last that are shown, seconds, if the container says so.
        hidden: How long those last that are hidden before, seconds.
        interlaced: Whether a packet may be a field.
    """
    declared, lowest = snap(average), snap(base)
    times = _in_order(timestamps, complete, reorder)
    if len(times) < 2:
        agreed = declared if declared is not None else lowest
        counted = frames is not None and frames > 1
        return Rate(agreed, False if counted and agreed is not None and declared == lowest else None)
    measured = Fraction(len(times) - 1) / ((times[-1] - times[0]) * time_base)
    nearest = _nearest(measured)
    candidates = [rate for rate in (declared, lowest, *nearest) if rate is not None]
    if time_base * 2 > _MILLISECOND:
        # An odd rate is as a rule FFmpeg's average of a few rounded times.
        candidates.sort(key=lambda rate: rate not in _STANDARD)
    constant = _constant(times, time_base, candidates)
    constant = constant or _coarse(times, time_base, declared, nearest)
    lasts = None if duration is None else duration + max(hidden or Fraction(0), Fraction(0))
    if constant is None or not _lasts(constant, frames, lasts):
        if complete:
            return Rate(measured, True)
        return Rate(declared if frames and duration else measured, True)
    if interlaced and declared is not None and constant == 2 * declared:
        constant = declared
    return Rate(constant, False)


def is_even(
    rate: Rate, timestamps: Iterable[int], time_base: Fraction, *, frames: int | None, lasts: Fraction | None
) -> bool | None:
    """Whether every frame is known to begin where *rate* says; see `mediapipeline.media.VideoStream.even`.

    Args:
        rate: As measured.
        timestamps: Presentation times at the beginning of the stream.
        time_base: Their unit, seconds.
        frames: How many frames there are in all, shown or hidden.
        lasts: How long all of them last, seconds.
    """
    times = sorted(set(timestamps))
    if rate.vfr is not False or not rate.frame_rate or len(times) < 2:
        return None
    step = 1 / (rate.frame_rate * time_base)
    if any(((time - times[0]) / step).denominator != 1 for time in times):
        return False
    return True if frames and lasts is not None and abs(frames - lasts * rate.frame_rate) < 1 else None


def _in_order(timestamps: Iterable[int], complete: bool, reorder: int | None) -> Sequence[int]:
    """Timestamps in display order, without those at the end that later packets would come between."""
    found = sorted(set(timestamps))
    if complete:
        return found
    delay = 16 if reorder is None else reorder  # 16: the most that H.264 and HEVC allow
    return found[: max(len(found) - delay, 0)]


def _nearest(measured: Fraction) -> list[Fraction]:
    """Standard rates that *measured* may be, nearest first."""
    near = [rate for rate in _STANDARD if abs(rate - measured) * 50 < rate]
    return sorted(near, key=lambda rate: abs(rate - measured))


def _constant(times: Sequence[int], time_base: Fraction, candidates: Iterable[Fraction]) -> Fraction | None:
    """The first candidate that puts a frame on every one of *times*, to within the rounding of the clock."""
    for rate in candidates:
        step = 1 / (rate * time_base)
        # In AVI a tick is a frame, and one tick off is a frame that is missing.
        if all(2 * abs(time - times[0] - place * step) <= min(Fraction(2), step) for place, time in enumerate(times)):
            return rate
    return None


def _coarse(
    times: Sequence[int], time_base: Fraction, declared: Fraction | None, nearest: Sequence[Fraction]
) -> Fraction | None:
    """The standard rate whose frames were rounded to milliseconds before they came into a finer clock.

    That is what a copy from Matroska into MP4 looks like.
    """
    if time_base * 2 > _MILLISECOND:
        return None
    spreads = []
    for rate in nearest:
        step = 1 / (rate * time_base)
        off = [time - place * step for place, time in enumerate(times)]
        spread = (max(off) - min(off)) * time_base
        if spread <= _MILLISECOND + 2 * time_base:
            spreads.append((rate != declared, spread, rate))
    return min(spreads)[-1] if spreads else None


def _lasts(rate: Fraction, frames: int | None, duration: Fraction | None) -> bool:
    """Whether *frames* at *rate* last *duration*; a window at the start says nothing of what comes later."""
    if not frames or duration is None:
        return True
    allowed = max(Fraction(2), Fraction(frames, 1000))  # frames: an edit list may hide some, the last may be longer
    return abs(frames / rate - duration) * rate <= allowed
