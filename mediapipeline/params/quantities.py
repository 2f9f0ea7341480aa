"""The parameter types of media: times, rates, sizes and codecs, which `mediapipeline.media` reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mediapipeline.errors import Problems
from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.geometry import LARGEST, RESOLUTION_PATTERN, Resolution
from mediapipeline.media.malformed import Malformed
from mediapipeline.media.timecode import (
    DURATION_PATTERN,
    FRAME_RATE_PATTERN,
    LONGEST,
    TIMECODE_PATTERN,
    Timecode,
    format_time,
    parse_duration,
    parse_frame_rate,
)
from mediapipeline.params.codec_schema import audio_codec_schema, video_codec_schema
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.scalars import ParameterType

__all__ = ["CodecType", "DurationType", "FrameRateType", "ResolutionType", "TimecodeType"]

_TIMES: tuple[type, ...] = (str, int, float, Fraction, Decimal)


def _parsed(kind: ParameterType, code: str, parse: Callable[[Any], Any], value: object, *forms: type) -> Any:
    """What *parse* makes of *value*, which is of one of *forms*."""
    if isinstance(value, bool) or not isinstance(value, forms):
        raise kind.wrong(value)
    try:
        return parse(value)
    except Malformed as fault:
        raise Rejected.because(code, fault.reason, fault.hint) from None


def _schema(kind: ParameterType, pattern: str, **number: int) -> dict[str, Any]:
    """Of a text or a number: what is said of the one leaves the other alone."""
    return {"type": ["string", "number"], **number, "pattern": pattern, "errorMessage": f"must be {kind.phrase}"}


class DurationType(ParameterType):
    """A length of time: `fractions.Fraction` seconds."""

    name = "duration"
    rank = 6
    numeric = True
    phrase = 'a duration such as 90 or "1m30s"'
    samples = ("10s", "1m30s")

    def read(self, value: object) -> Fraction:
        seconds: Fraction = _parsed(self, "bad-duration", parse_duration, value, *_TIMES)
        return seconds

    def holds(self, value: object) -> bool:
        return isinstance(value, Fraction)

    def write(self, value: Fraction) -> str:
        return format_time(value)

    def schema(self) -> dict[str, Any]:
        return _schema(self, DURATION_PATTERN, minimum=0, maximum=int(LONGEST))


class TimecodeType(ParameterType):
    """A point in time: `mediapipeline.media.Timecode`."""

    name = "timecode"
    rank = 5
    numeric = True
    phrase = 'a time such as 90, "00:01:30.5" or "00:01:30:12"'
    samples = ("10s", "00:01:30.5")

    def read(self, value: object) -> Timecode:
        if isinstance(value, Timecode):
            return value
        time: Timecode = _parsed(self, "bad-timecode", Timecode.parse, value, *_TIMES)
        return time

    def holds(self, value: object) -> bool:
        return isinstance(value, Timecode)

    def write(self, value: Timecode) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        return _schema(self, TIMECODE_PATTERN, minimum=0, maximum=int(LONGEST))


class FrameRateType(ParameterType):
    """Frames per second: a text of documents with a form of its own, a Fraction here."""

    name = "string"
    rank = 6
    numeric = True
    phrase = 'a frame rate such as 25 or "30000/1001"'
    samples = ("25", "30000/1001")
    text = "frame rate"

    def read(self, value: object) -> Fraction:
        rate: Fraction = _parsed(self, "bad-frame-rate", parse_frame_rate, value, *_TIMES)
        return rate

    def holds(self, value: object) -> bool:
        return isinstance(value, Fraction)

    def write(self, value: Fraction) -> str:
        return format_time(value)

    def schema(self) -> dict[str, Any]:
        return _schema(self, FRAME_RATE_PATTERN, exclusiveMinimum=0, maximum=1000)


class ResolutionType(ParameterType):
    """A picture size: `mediapipeline.media.Resolution`."""

    name = "resolution"
    rank = 4
    phrase = 'a resolution such as "1280x720" or "720p"'
    samples = ("1280x720", "720p")

    def read(self, value: object) -> Resolution:
        if isinstance(value, Resolution):
            return value
        size: Resolution = _parsed(self, "bad-resolution", Resolution.parse, value, str, Mapping)
        return size

    def holds(self, value: object) -> bool:
        return isinstance(value, Resolution)

    def write(self, value: Resolution) -> str:
        return str(value)

    def schema(self) -> dict[str, Any]:
        side = {"type": "integer", "minimum": 1, "maximum": LARGEST}
        sides = {"width": side, "height": side}
        return {
            "type": ["string", "object"],
            "pattern": RESOLUTION_PATTERN,
            "properties": sides,
            "required": list(sides),
            "additionalProperties": False,
            "errorMessage": f"must be {self.phrase}",
        }


class CodecType(ParameterType):
    """Codec settings: `mediapipeline.media.VideoCodec` or `AudioCodec`."""

    name = "codec"
    rank = 7

    def __init__(self, cls: type[VideoCodec | AudioCodec]) -> None:
        self.cls = cls

    @property
    def text(self) -> str:
        return "video codec" if self.cls is VideoCodec else "audio codec"

    @property
    def phrase(self) -> str:
        example = "h264" if self.cls is VideoCodec else "aac"
        return f'a codec such as "{example}" or an object of its settings'

    def read(self, value: object) -> Any:
        if isinstance(value, self.cls):
            return value
        problems = Problems()
        found = self.cls.parse(value, "", problems)
        if found is None:
            raise Rejected(problems)
        return found

    def holds(self, value: object) -> bool:
        return isinstance(value, self.cls)

    def write(self, value: Any) -> Any:
        return value.to_value()

    def schema(self) -> dict[str, Any]:
        return video_codec_schema() if self.cls is VideoCodec else audio_codec_schema()
