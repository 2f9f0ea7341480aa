"""`assert_media` and `assert_same_frames`: what a test expects of files, with failures that show what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import attrs

from mediapipeline.media.fields import closest
from mediapipeline.media.geometry import Resolution
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.prober import Prober
from mediapipeline.media.streams import AudioStream, SubtitleStream, VideoStream
from mediapipeline.media.timecode import parse_duration
from mediapipeline.planner.explain import describe_media
from mediapipeline.testing.decoded import PIECE, Decoded, DecodedStream, decode

__all__ = ["assert_media", "assert_same_frames"]

_TOLERANCE = Fraction(1, 20)


class _Unasked:
    """Stands for what a test does not ask for: None has a meaning."""


_UNASKED: Final = _Unasked()

Wanted = Mapping[str, Any]
"""Fields of a stream and their values."""


def assert_media(
    path: str | Path,
    *,
    duration: Any = None,
    tolerance: Any = None,
    video: Wanted | bool | _Unasked | None = _UNASKED,
    audio: Sequence[Wanted] | Wanted | int | _Unasked | None = _UNASKED,
    subtitles: Sequence[Wanted] | int | _Unasked | None = _UNASKED,
    format: str | None = None,  # noqa: A002 - as MediaInfo calls it
    metadata: Mapping[str, str] | None = None,
    prober: Prober | None = None,
) -> MediaInfo:
    """Check what a file is, and return what it is.

    What is not given is not looked at. Values are compared with ``==``: `pytest.approx` and the like do what they say;
    of rates and aspect ratios a text such as ``"30000/1001"`` will do.

    Args:
        path: The file.
        duration: Seconds, a text such as ``"10s"``, or anything that compares with seconds.
        tolerance: Seconds by which the duration may be off, where it is a number; default, one frame and at least 1/20.
        video: Fields of `mediapipeline.media.VideoStream`, and ``size="1280x720"``; whether there is a picture.
        audio: Fields of each sound track; of the only one; how many there are. None is none.
        subtitles: Likewise.
        format: One of FFmpeg's names of the container (``mp4``).
        metadata: Tags that it must have.
        prober: Reads the file; default, the one that the library would use.

    Raises:
        AssertionError: Everything that is not as expected.
        ProbeError: It is no media file.
        TypeError: A stream has no such field.
    """
    __tracebackhide__ = True
    if prober is None:
        from mediapipeline.ffmpeg.engine import default_engine

        prober = default_engine().prober
    found = prober.probe(Path(path))
    faults = [
        *([] if duration is None else _length(found, duration, tolerance)),
        *([] if isinstance(video, _Unasked) else _picture(found, video)),
        *([] if isinstance(audio, _Unasked) else _tracks("audio", found.audio, audio, AudioStream)),
        *([] if isinstance(subtitles, _Unasked) else _tracks("subtitles", found.subtitles, subtitles, SubtitleStream)),
    ]
    if format is not None and format not in (found.format or "").split(","):
        faults.append(f"format: expected {format}, found {found.format}")
    for key, value in (metadata or {}).items():
        if found.metadata.get(key) != value:
            faults.append(f"metadata[{key!r}]: expected {value!r}, found {found.metadata.get(key)!r}")
    if faults:
        lines = [f"{path} is not what was expected", *(f"  {fault}" for fault in faults)]
        raise AssertionError("\n".join([*lines, f"  it is: {describe_media(found)}"]))
    return found


def _length(found: MediaInfo, wanted: Any, tolerance: Any) -> Iterator[str]:
    actual = found.duration
    if not isinstance(wanted, int | float | str | Fraction):
        if actual is None or float(actual) != wanted:
            yield f"duration: expected {wanted}, found {_seconds(actual)}"
        return
    rate = found.video.frame_rate if found.video is not None else None
    slack = max(_TOLERANCE, 1 / rate if rate else _TOLERANCE) if tolerance is None else parse_duration(tolerance)
    if actual is None or abs(actual - parse_duration(wanted)) > slack:
        yield f"duration: expected {_seconds(parse_duration(wanted))} ± {_seconds(slack)}, found {_seconds(actual)}"


def _picture(found: MediaInfo, wanted: Wanted | bool | None) -> Iterator[str]:
    video = found.video
    if isinstance(wanted, Mapping):
        if video is None:
            yield "video: expected a picture, found none"
        else:
            yield from _fields("video", video, wanted, VideoStream)
    elif bool(wanted) != (video is not None):
        yield f"video: expected {'a picture' if wanted else 'none'}, found {'none' if video is None else 'one'}"


def _tracks(name: str, found: Sequence[Any], wanted: Any, cls: type) -> Iterator[str]:
    if wanted is None or isinstance(wanted, int):
        count, each = int(wanted or 0), []
    else:
        each = [wanted] if isinstance(wanted, Mapping) else list(wanted)
        count = len(each)
    if len(found) != count:
        yield f"{name}: expected {_tracked(count)}, found {_tracked(len(found))}"
    for at, (stream, fields) in enumerate(zip(found, each, strict=False)):
        yield from _fields(f"{name}[{at}]", stream, fields, cls)


def _fields(name: str, stream: Any, wanted: Wanted, cls: type) -> Iterator[str]:
    known = [field.name for field in attrs.fields(cls)]
    for key, value in wanted.items():
        if key == "size" and cls is VideoStream:
            actual: Any = Resolution(stream.width, stream.height)
            same = actual == (Resolution.parse(value) if isinstance(value, str) else Resolution(*value))
        elif key in known:
            actual = getattr(stream, key)
            same = actual == (Fraction(value) if isinstance(value, str) and isinstance(actual, Fraction) else value)
        else:
            near = closest(key, known)
            raise TypeError(f"{name} has no {key!r}" + (f": did you mean {near!r}?" if near else ""))
        if not same:
            yield f"{name}.{key}: expected {value}, found {actual}"


def _tracked(count: int) -> str:
    return "none" if not count else f"{count} track{'s' * (count > 1)}"


def _seconds(value: Fraction | None) -> str:
    return "nobody knows how long" if value is None else f"{float(value):.6g} s"


def assert_same_frames(
    one: str | Path, other: str | Path, *, sound: bool = True, times: bool = True, ffmpeg: str | Path | None = None
) -> None:
    """Check that two files decode to the same: every frame, every sample, and when they are.

    Args:
        one: A file.
        other: A file.
        sound: Whether sound is compared as well.
        times: Whether frames are to be shown at the same times, to a thousandth of a second.
        ffmpeg: The FFmpeg that decodes them; default, the one that the library would use.

    Raises:
        AssertionError: Where they differ, from the first frame that does.
        EngineError: One of them cannot be decoded.
    """
    __tracebackhide__ = True
    found = [decode(Path(path), ffmpeg=ffmpeg) for path in (one, other)]
    faults = list(_differences(found[0], found[1], sound=sound, times=times))
    if faults:
        raise AssertionError("\n".join([f"{one} and {other} differ", *(f"  {fault}" for fault in faults)]))


def _differences(one: Decoded, other: Decoded, *, sound: bool, times: bool) -> Iterator[str]:
    for kind in ("video", *(["audio"] if sound else [])):
        pair = [[stream for stream in each.streams if stream.kind == kind] for each in (one, other)]
        if len(pair[0]) != len(pair[1]):
            yield f"{len(pair[0])} and {len(pair[1])} streams of {kind}"
        for at, (a, b) in enumerate(zip(*pair, strict=False)):
            name = kind if len(pair[0]) == 1 else f"{kind} {at}"
            yield from (f"{name}: {difference}" for difference in _stream(a, b, times=times))


_MOST = 8  # numbers of frames that are listed
_SLACK = Fraction(1, 1000)
_REACH = 5  # frames by which one may be late as a whole


def _stream(one: DecodedStream, other: DecodedStream, *, times: bool) -> Iterator[str]:
    if one.form != other.form:
        yield f"{one.form} and {other.form}"
        return
    what, some_of = ("frame", "frames") if one.kind == "video" else (f"piece of {PIECE} samples", f"pieces of {PIECE}")
    if len(one.digests) != len(other.digests):
        yield f"{len(one.digests)} and {len(other.digests)} {some_of}"
    wrong = [at for at, (a, b) in enumerate(zip(one.digests, other.digests, strict=False)) if a != b]
    if wrong:
        some = ", ".join(map(str, wrong[:_MOST])) + (", …" if len(wrong) > _MOST else "")
        first = _seconds(one.times[wrong[0]])
        yield f"{len(wrong)} {some_of} differ, the first is {wrong[0]} at {first}: {some}"
        late = _late(one.digests, other.digests)
        if late:
            count = f"{abs(late)} {what if abs(late) == 1 else some_of}"
            yield f"they would be the same if the second began {count} {'earlier' if late > 0 else 'later'}"
    off = [at for at, (a, b) in enumerate(zip(one.times, other.times, strict=False)) if abs(a - b) > _SLACK]
    if times and off:
        yield f"{what} {off[0]} is at {_seconds(one.times[off[0]])} and at {_seconds(other.times[off[0]])}"


def _late(one: Sequence[str], other: Sequence[str]) -> int | None:
    """By how many frames *other* is late, where that is all that differs."""
    for late in sorted(range(-_REACH, _REACH + 1), key=abs):
        a, b = one[max(-late, 0) :], other[max(late, 0) :]
        length = min(len(a), len(b))
        if late and length > 1 and a[:length] == b[:length]:
            return late
    return None
