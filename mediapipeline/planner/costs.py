"""What work costs, as measured: figures that estimates rest on.

Written by ``python benchmarks/run.py fit``, on FFmpeg 5.1.9-0+deb12u1, 2 cores, x86_64, a real clip of 720x480;
the benchmarks tell how far plans are off with them. Times are CPU time.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "COPY",
    "DECODE",
    "DECODER_FRAMES",
    "DECODE_OTHER",
    "DECODE_SOUND",
    "ENCODE",
    "ENCODER_FRAMES",
    "ENCODE_OTHER",
    "ENCODE_SOUND",
    "FILTER",
    "FILTER_OTHER",
    "PRESET",
    "PROCESS_MEMORY",
    "SOUND_FILTER",
    "SOUND_FILTER_OTHER",
    "START",
]

START = 51
"""Milliseconds to start a process and end it."""

DECODE: Mapping[str, float] = {
    "h264": 3.6,
    "hevc": 3.3,
    "vp8": 2.8,
    "vp9": 3.9,
    "av1": 6.5,
    "mpeg4": 1.3,
    "mjpeg": 2.9,
    "ffv1": 25.0,
    "prores": 14.0,
}
"""Nanoseconds a pixel, by codec."""
DECODE_OTHER = 3.6

ENCODE: Mapping[str, float] = {
    "libx264": 48.0,
    "libx265": 66.0,
    "libvpx": 140.0,
    "libvpx-vp9": 240.0,
    "libsvtav1": 110.0,
    "libaom-av1": 290.0,
    "mpeg4": 3.4,
    "mjpeg": 6.8,
    "ffv1": 22.0,
    "prores_ks": 93.0,
}
"""Nanoseconds a pixel, by encoder, at its usual preset."""
ENCODE_OTHER = 48.0

PRESET: Mapping[str, float] = {
    "ultrafast": 0.1,
    "superfast": 0.22,
    "veryfast": 0.39,
    "faster": 0.72,
    "fast": 0.95,
    "medium": 1.0,
    "slow": 1.5,
    "slower": 2.5,
    "veryslow": 4.4,
}
"""How many times as much as ``medium``."""

FILTER: Mapping[str, float] = {
    "scale": 0.73,
    "hflip": 0.36,
    "vflip": 0.013,
    "transpose": 0.43,
    "crop": 0.039,
    "pad": 0.099,
    "overlay": 1.5,
    "eq": 0.15,
    "format": 1.1,
    "yadif": 2.2,
    "hqdn3d": 3.9,
    "unsharp": 4.6,
    "fps": 0.14,
    "fade": 0.89,
    "drawbox": 2.4,
    "gblur": 2.1,
}
"""Nanoseconds a pixel of the larger of what goes in and what comes out."""
FILTER_OTHER = 0.89

DECODE_SOUND = 5.6
"""Nanoseconds a sample of one channel."""
ENCODE_SOUND = 120.0
SOUND_FILTER: Mapping[str, float] = {
    "volume": 0.33,
    "aresample": 3.7,
    "alimiter": 3.3,
    "ebur128": 29.0,
    "loudnorm": 220.0,
    "amix": 1.1,
}
SOUND_FILTER_OTHER = 3.7

COPY = 2300.0
"""Nanoseconds a packet."""

PROCESS_MEMORY = 61_000_000
"""Bytes of a process that copies."""
ENCODER_FRAMES: Mapping[str, float] = {
    "ultrafast": 19.0,
    "superfast": 64.0,
    "veryfast": 84.0,
    "faster": 110.0,
    "fast": 134.0,
    "medium": 165.0,
    "slow": 194.0,
    "slower": 237.0,
    "veryslow": 312.0,
}
"""Frames that x264 holds, by preset; other encoders are taken to be like it."""
DECODER_FRAMES = 27
"""Frames that a decoder holds, with what lies between it and a filter."""
