"""The vocabulary of media facts: exact times, picture sizes, codec settings, streams, and how they are probed."""

from mediapipeline.media.codec import AudioCodec, CodecSettings, VideoCodec
from mediapipeline.media.geometry import Resolution, fit_size, keep_aspect
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.prober import Prober
from mediapipeline.media.streams import (
    AudioStream,
    Chapter,
    Color,
    DataStream,
    Stream,
    SubtitleStream,
    VideoStream,
)
from mediapipeline.media.timecode import (
    Duration,
    FrameRate,
    Timecode,
    format_clock,
    format_time,
    parse_duration,
    parse_frame_rate,
    parse_rational,
    seconds_text,
    to_microseconds_floor,
)

__all__ = [
    "AudioCodec",
    "AudioStream",
    "Chapter",
    "CodecSettings",
    "Color",
    "DataStream",
    "Duration",
    "FrameRate",
    "MediaInfo",
    "Prober",
    "Resolution",
    "Stream",
    "SubtitleStream",
    "Timecode",
    "VideoCodec",
    "VideoStream",
    "fit_size",
    "format_clock",
    "format_time",
    "keep_aspect",
    "parse_duration",
    "parse_frame_rate",
    "parse_rational",
    "seconds_text",
    "to_microseconds_floor",
]
