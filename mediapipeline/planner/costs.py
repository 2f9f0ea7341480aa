"""What work costs, as measured: figures that estimates rest on.

Written by ``python benchmarks/run.py fit``, on FFmpeg 5.1.9-0+deb12u1, 2 cores, x86_64, a drawn clip and a real one;
the benchmarks tell how far plans are off with them. Times are CPU time. What coding costs depends on the picture: a
real one takes twice as long as a drawn one, so each figure is the geometric mean of both.
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
    "OPEN",
    "PRESET",
    "PROCESS_MEMORY",
    "READ",
    "SOUND_FILTER",
    "SOUND_FILTER_OTHER",
    "START",
]

START = 59
"""Milliseconds to start a process and end it."""
OPEN = 6.0
"""Milliseconds to open a file in it."""
READ = 1000.0
"""Nanoseconds a packet of the file, whether anybody wants it or not."""
COPY = 1400.0
"""Nanoseconds a packet that is copied, beyond reading it."""

DECODE: Mapping[str, float] = {
    "h264": 3.1,
    "hevc": 3.1,
    "vp8": 1.6,
    "vp9": 2.4,
    "av1": 4.8,
    "mpeg4": 1.1,
    "mjpeg": 2.8,
    "ffv1": 12.0,
    "prores": 8.6,
}
"""Nanoseconds a pixel, by codec."""
DECODE_OTHER = 3.1

ENCODE: Mapping[str, float] = {
    "libx264": 35.0,
    "libx265": 62.0,
    "libvpx": 150.0,
    "libvpx-vp9": 120.0,
    "libsvtav1": 83.0,
    "libaom-av1": 210.0,
    "mpeg4": 2.9,
    "mjpeg": 5.7,
    "ffv1": 16.0,
    "prores_ks": 87.0,
}
"""Nanoseconds a pixel, by encoder, at its usual preset."""
ENCODE_OTHER = 35.0

PRESET: Mapping[str, float] = {
    "ultrafast": 0.13,
    "superfast": 0.26,
    "veryfast": 0.43,
    "faster": 0.73,
    "fast": 0.91,
    "medium": 1.0,
    "slow": 1.5,
    "slower": 2.5,
    "veryslow": 4.8,
}
"""How many times as much as ``medium``."""

FILTER: Mapping[str, float] = {
    "scale": 0.54,
    "hflip": 0.16,
    "vflip": 0.026,
    "transpose": 0.26,
    "crop": 0.013,
    "pad": 0.16,
    "overlay": 1.1,
    "eq": 0.11,
    "format": 0.89,
    "yadif": 2.1,
    "hqdn3d": 4.3,
    "unsharp": 5.3,
    "fps": 0.026,
    "fade": 0.89,
    "drawbox": 2.7,
    "gblur": 2.5,
}
"""Nanoseconds a pixel of the larger of what goes in and what comes out."""
FILTER_OTHER = 0.89

DECODE_SOUND = 6.1
"""Nanoseconds a sample of one channel."""
ENCODE_SOUND = 130.0
SOUND_FILTER: Mapping[str, float] = {
    "volume": 0.068,
    "aresample": 2.9,
    "alimiter": 5.6,
    "ebur128": 9.3,
    "volumedetect": 0.6,
    "aselect": 0.1,
    "loudnorm": 350.0,
    "amix": 0.14,
}
SOUND_FILTER_OTHER = 5.6

PROCESS_MEMORY = 61_000_000
"""Bytes of a process that copies."""
ENCODER_FRAMES: Mapping[str, float] = {
    "ultrafast": 24.0,
    "superfast": 65.0,
    "veryfast": 84.0,
    "faster": 109.0,
    "fast": 134.0,
    "medium": 161.0,
    "slow": 189.0,
    "slower": 230.0,
    "veryslow": 314.0,
}
"""Frames that x264 holds, by preset; other encoders are taken to be like it."""
DECODER_FRAMES = 28
"""Frames that a decoder holds, with what lies between it and a filter."""
