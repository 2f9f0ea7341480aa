"""What a part of a clip is like, computed from the facts of the whole.

A cut [s, e) keeps the frames with ``s <= time < e`` and maps time ``t`` to ``t - s`` in every stream alike, so sound
and picture stay where they are against each other.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeVar

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Chapter, DataStream, Stream, SubtitleStream, VideoStream

__all__ = ["cut_info", "cut_stream", "from_zero", "has_frame", "is_left", "still_stream"]

_S = TypeVar("_S", bound=VideoStream | AudioStream | SubtitleStream | DataStream)
_ZERO = Fraction(0)


def from_zero(info: MediaInfo) -> MediaInfo:
    """The same clip with times that count from its own start, as FFmpeg counts them by default.

    Subtitles may begin before it: players do not wait for them.
    """
    if info.still and info.video is not None:
        info = attrs.evolve(info, video=attrs.evolve(info.video, frames=1))
    offset = info.start or _ZERO
    if not offset and info.start is not None:
        return info

    def moved(stream: _S) -> _S:
        if stream.start is None:
            return stream
        begins = stream.start - offset
        return attrs.evolve(stream, start=begins if isinstance(stream, SubtitleStream) else max(_ZERO, begins))

    return attrs.evolve(
        info,
        start=_ZERO,
        video=None if info.video is None else moved(info.video),
        other_video=tuple(moved(s) for s in info.other_video),
        audio=tuple(moved(s) for s in info.audio),
        subtitles=tuple(moved(s) for s in info.subtitles),
        chapters=tuple(Chapter(c.start - offset, c.end - offset, c.title) for c in info.chapters),
    )


def _steady_rate(stream: Stream) -> Fraction | None:
    """Frames per second of a picture whose frames are evenly spaced."""
    if not isinstance(stream, VideoStream) or not (stream.vfr is False or stream.frames == 1):
        return None
    return stream.frame_rate or None


def _frame_from(time: Fraction, begins: Fraction, rate: Fraction) -> Fraction:
    """When the first frame at *time* or later begins, where they are counted from *begins*."""
    if begins:
        return begins + _frame_from(time - begins, _ZERO, rate)
    count, rest = divmod(time.numerator * rate.numerator, time.denominator * rate.denominator)
    return Fraction((count + 1) * rate.denominator, rate.numerator) if rest else time


def _kept(
    stream: VideoStream | AudioStream | SubtitleStream | DataStream, start: Fraction, end: Fraction | None
) -> tuple[Fraction, Fraction | None]:
    """When what a cut [start, end) keeps of *stream* begins, and when it ends, where that is known."""
    begins, ends = stream.start or _ZERO, stream.end
    last = ends if end is None else (None if ends is None else min(ends, end))
    first = max(begins, start)
    rate = _steady_rate(stream)
    if rate is not None:
        # Frames are kept whole: the first begins at or after the cut, the last may end after it.
        first = _frame_from(first, begins, rate)
        if last is not None and last != ends:
            last = _frame_from(last, begins, rate)
    return first, last


def has_frame(video: VideoStream, start: Fraction, end: Fraction | None) -> bool:
    """Whether a frame of *video* begins in [start, end), as far as is known."""
    first, last = _kept(video, start, end)
    rate = _steady_rate(video)
    if last is None and end is not None and rate is not None:
        last = _frame_from(end, video.start or _ZERO, rate)
    return last is None or last > first


def cut_stream(stream: _S, start: Fraction, end: Fraction | None, *, exact: bool = True) -> _S:
    """The facts of *stream* after a cut [start, end).

    Args:
        stream: Times count from the clip's start.
        start: Seconds.
        end: Seconds, or None for all that follows.
        exact: False where the cut falls on key frames, so that times and durations are not known beforehand.
    """
    begins: Fraction | None = None
    length: Fraction | None = None
    if exact:
        first, last = _kept(stream, start, end)
        begins = _ZERO if first == start else first - start
        if last is not None and not isinstance(stream, SubtitleStream):
            length = last - first if last > first else _ZERO
    changes: dict[str, Any] = {"start": begins, "duration": length, "bit_rate": None}
    if isinstance(stream, VideoStream):
        changes["frames"] = None
    elif isinstance(stream, SubtitleStream):
        changes |= {"preroll": None, "postroll": False, "in_fragments": False}
    return attrs.evolve(stream, **changes)


def paced_stream(stream: VideoStream, rate: Fraction) -> VideoStream:
    """The facts of *stream* with *rate* frames a second, repeated and left out: each at its time, to half a frame."""

    def placed(time: Fraction) -> Fraction:
        return Fraction((2 * time * rate + 1) // 2) / rate

    start = placed(stream.start or _ZERO)
    end = None if stream.end is None else max(placed(stream.end), start + 1 / rate)
    return attrs.evolve(
        stream, frame_rate=rate, vfr=False, even=True, frames=None, start=start, time_base=1 / rate, bit_rate=None,
        duration=None if end is None else end - start,
    )  # fmt: skip


def still_stream(stream: VideoStream) -> VideoStream:
    """The facts of one frame of *stream*, on its own."""
    return attrs.evolve(
        stream,
        start=None,
        duration=None,
        frame_rate=None,
        vfr=None,
        even=None,
        frames=1,
        bit_rate=None,
        reorder=None,
        leading=None,
    )


def is_still(stream: Stream) -> bool:
    """Whether these are the facts of one picture that is there without beginning or end.

    >>> is_still(VideoStream(index=0, codec="png", width=16, height=16))
    True
    """
    if not isinstance(stream, VideoStream) or stream.start is not None or stream.duration is not None:
        return False
    return stream.frames == 1 or stream.time_base is None


def is_left(sound: AudioStream, start: Fraction, end: Fraction | None) -> bool:
    """Whether a cut [start, end) leaves anything of *sound*, as far as is known: it may begin later, or end before.

    Sound that ends before a cut at key frames is none of the part either, though a copy might begin before it does.
    """
    if end is not None and (sound.start or _ZERO) >= end:
        return False
    return sound.end is None or sound.end > start


def cut_info(info: MediaInfo, start: Fraction, end: Fraction | None, *, exact: bool = True) -> MediaInfo:
    """The facts of a clip after a cut [start, end); see `cut_stream`. Sound of which nothing `is_left` is gone."""
    stop = info.duration if end is None else (end if info.duration is None else min(end, info.duration))
    # Where the container does not tell how long the clip is, the cut does only if the clip reaches its end.
    known = exact and stop is not None and info.duration is not None
    chapters = tuple(
        Chapter(max(c.start, start) - start, (c.end if stop is None else min(c.end, stop)) - start, c.title)
        for c in info.chapters
        if c.end > start and (stop is None or c.start < stop)
    )
    return attrs.evolve(
        info,
        start=_ZERO,
        duration=max(_ZERO, stop - start) if known and stop is not None else None,
        size=None,
        bit_rate=None,
        fingerprint=None,
        video=None if info.video is None else cut_stream(info.video, start, end, exact=exact),
        other_video=tuple(cut_stream(s, start, end, exact=exact) for s in info.other_video),
        audio=tuple(cut_stream(s, start, end, exact=exact) for s in info.audio if is_left(s, start, end)),
        subtitles=tuple(cut_stream(s, start, end, exact=exact) for s in info.subtitles),
        chapters=chapters if exact else (),
    )
