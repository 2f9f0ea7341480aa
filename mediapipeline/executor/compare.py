"""Is a file what was planned? The comparison of what a prober found with an `Expectation`: pure.

What is not planned is not compared, and neither is what the file does not tell.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from fractions import Fraction
from itertools import zip_longest

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.steps.expectation import Expectation, Range, StreamExpectation

__all__ = ["checks", "differences", "hollow", "late"]

_RATE_TOLERANCE = Fraction(1, 2000)  # 30 and 30000/1001 are twice as far apart
_SHIFTED = frozenset({"mpegts", "mpeg"})  # formats that begin at a time other than 0, whatever is put into them


def differences(planned: Expectation, found: MediaInfo, *, reached: Fraction | None = None) -> list[str]:
    """What differs, a sentence each.

    Args:
        planned: What the file must be.
        found: What the prober saw.
        reached: Time to which the packets were read, where they are those of one stream of sound: it stands in for what
            the container does not tell.
    """
    return list(_differences(planned, found, reached))


def hollow(planned: Expectation, found: MediaInfo, empty: Container[int]) -> list[str]:
    """What to say of streams that the header of a file tells of, but of which there is nothing.

    Of sound that ends nobody knows when, nothing may be left in a part.

    Args:
        planned: What the file must be.
        found: What the prober saw.
        empty: Indexes of pictures and sounds without a packet.
    """
    return [
        f"there is nothing in its {stream.kind}"
        for wanted, stream in zip_longest(planned.streams, _lasting(found))
        if stream is not None and stream.index in empty and (stream.kind == "video" or (wanted and wanted.end))
    ]


def checks(planned: Expectation, found: MediaInfo) -> list[str]:
    """What was compared in a file that does not differ, a sentence each."""
    said = []
    if planned.demuxer is not None:
        said.append(f"the container is {found.format}")
    if planned.streams or planned.covers:
        streams = "; ".join(_described(stream) for stream in _lasting(found))
        covers = f"; {planned.covers} cover" + "s" * (planned.covers > 1) if planned.covers else ""
        said.append(f"streams: {streams}{covers}".replace(": ; ", ": "))
    if any(stream.begins_by is not None for stream in planned.streams):
        said.append("pictures begin when they should")
    if any(stream.end is not None for stream in planned.streams):
        said.append("every stream ends when it should")
    if planned.duration is not None and found.duration is not None:
        said.append(f"duration {_seconds(found.duration)} s, planned {_range(planned.duration)}")
    return said


def _differences(planned: Expectation, found: MediaInfo, reached: Fraction | None) -> Iterator[str]:
    names = (planned.demuxer or "").split(",")
    if planned.demuxer is not None and found.format is not None and not set(names) & set(found.format.split(",")):
        yield f"container: planned {planned.demuxer}, found {found.format}"
    if planned.covers != len(found.covers):
        yield f"attached pictures: planned {planned.covers}, found {len(found.covers)}"
    streams = _lasting(found)
    kinds: list[str] = [stream.kind for stream in planned.streams]
    if kinds != [stream.kind for stream in streams]:
        yield f"streams: planned {_list(kinds)}, found {_list([stream.kind for stream in streams])}"
    else:
        for at, (wanted, stream) in enumerate(zip(planned.streams, streams, strict=True)):
            for difference in _stream(wanted, stream, found, reached, late(planned, found)):
                yield f"stream {at} ({stream.kind}): {difference}"
    if planned.duration is not None:
        lengths = _lengths(found, late(planned, found)) or ([] if reached is None else [reached])
        if lengths and not any(length in planned.duration for length in lengths):
            yield f"duration: planned {_range(planned.duration)}, found {_seconds(lengths[0])} s"


def late(planned: Expectation, found: MediaInfo) -> Fraction:
    """How long nothing shows at the beginning of a file, seconds: whoever reads it counts from its first frame on.

    Never longer than planned: what begins later than it should has lost its beginning, and does not last the longer.
    """
    if found.format in _SHIFTED:
        return planned.start
    return min(planned.start, max(found.start or Fraction(0), Fraction(0)))


def _stream(
    wanted: StreamExpectation, stream: Stream, media: MediaInfo, reached: Fraction | None, begins: Fraction
) -> Iterator[str]:
    for name in ("codec", "pix_fmt", "sample_rate", "channels"):
        want, have = getattr(wanted, name), getattr(stream, name, None)
        if want is not None and have is not None and want != have:
            yield f"planned {_NAMES[name].format(want)}, found {_NAMES[name].format(have)}"
    if isinstance(stream, VideoStream):
        size = (wanted.width or stream.width, wanted.height or stream.height)
        if size != (stream.width, stream.height):
            yield f"planned {size[0]}x{size[1]}, found {stream.width}x{stream.height}"
        want_rate, rate = wanted.frame_rate, stream.frame_rate
        tolerance = _RATE_TOLERANCE + _rounded(stream, reached)
        if want_rate is not None and rate is not None and abs(rate - want_rate) > want_rate * tolerance:
            yield f"planned {want_rate} frames per second, found {rate}"
    begin = None if media.format in _SHIFTED else stream.start
    if wanted.begins_by is not None and begin is not None and begin > wanted.begins_by:
        yield f"planned to begin by {_seconds(wanted.begins_by)} s, begins at {_seconds(begin)} s"
    end = stream.end if stream.end is not None else reached
    if wanted.end is not None and end is not None:
        if media.format in _SHIFTED and stream.end is not None:
            end += begins - (media.start or 0)
        if end not in wanted.end:
            yield f"planned to end at {_range(wanted.end)}, ends at {_seconds(end)} s"


def _rounded(stream: VideoStream, reached: Fraction | None) -> Fraction:
    """By what share the rate may be off, as the clock rounds the first time and the last: much, of few frames.

    Of 0.3 s in Matroska, with a clock of milliseconds, probing takes 24.89 frames per second for 25.
    """
    end = stream.end if stream.end is not None else reached
    lasts = Fraction(0) if end is None else end - (stream.start or 0)
    return 2 * stream.time_base / lasts if stream.time_base is not None and lasts > 0 else Fraction(0)


_NAMES = {
    "codec": "codec {}",
    "pix_fmt": "pixel format {}",
    "sample_rate": "{} Hz",
    "channels": "{} channels",
}


def _lasting(media: MediaInfo) -> list[VideoStream | AudioStream | SubtitleStream]:
    """What a plan counts as streams: muxers add streams of data by themselves (chapters, time codes)."""
    covers = {cover.index for cover in media.covers}
    return [
        stream
        for stream in media.streams
        if isinstance(stream, VideoStream | AudioStream | SubtitleStream) and stream.index not in covers
    ]


def _lengths(media: MediaInfo, begins: Fraction) -> list[Fraction]:
    """How long the file lasts: from its first frame on, and from time 0 on, where nothing shows in between."""
    if media.duration is None:
        return []
    if media.format in _SHIFTED:
        return [media.duration + begins]
    if media.start is None:
        return [media.duration]
    return [media.duration, media.start + media.duration]


def _described(stream: VideoStream | AudioStream | SubtitleStream) -> str:
    words = [stream.kind, stream.codec or "of an unknown codec"]
    if isinstance(stream, VideoStream):
        words.append(f"{stream.width}x{stream.height}")
        words += [f"{float(stream.frame_rate):.6g} fps"] if stream.frame_rate is not None else []
        words += [stream.pix_fmt] if stream.pix_fmt is not None else []
    elif isinstance(stream, AudioStream):
        words += [f"{stream.sample_rate} Hz"] if stream.sample_rate is not None else []
        words += [f"{stream.channels} channel{'s' * (stream.channels > 1)}"] if stream.channels is not None else []
    return " ".join(words)


def _list(kinds: list[str]) -> str:
    return f"{len(kinds)} ({', '.join(kinds)})" if kinds else "none"


def _seconds(value: Fraction) -> str:
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def _range(value: Range) -> str:
    if value.low is None or value.high is None:
        if value.high is not None:
            return f"at most {_seconds(value.high)} s"
        return f"at least {_seconds(value.low)} s" if value.low is not None else "anything"
    return f"{_seconds(value.low)} to {_seconds(value.high)} s"
