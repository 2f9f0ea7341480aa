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

START = 56
"""Milliseconds to start a process and end it."""
OPEN = 5.4
"""Milliseconds to open a file in it."""
READ = 690.0
"""Nanoseconds a packet of the file, whether anybody wants it or not."""
COPY = 1200.0
"""Nanoseconds a packet that is copied, beyond reading it."""

DECODE: Mapping[str, float] = {
    "h264": 3.2,
    "hevc": 3.5,
    "vp8": 1.9,
    "vp9": 2.6,
    "av1": 4.6,
    "mpeg4": 1.2,
    "mjpeg": 2.2,
    "ffv1": 11.0,
    "prores": 8.3,
}
"""Nanoseconds a pixel, by codec."""
DECODE_OTHER = 3.2

ENCODE: Mapping[str, float] = {
    "libx264": 32.0,
    "libx265": 58.0,
    "libvpx": 36.0,
    "libvpx-vp9": 110.0,
    "libsvtav1": 85.0,
    "libaom-av1": 190.0,
    "mpeg4": 3.0,
    "mjpeg": 5.4,
    "ffv1": 15.0,
    "prores_ks": 85.0,
}
"""Nanoseconds a pixel, by encoder, at its usual preset."""
ENCODE_OTHER = 32.0

PRESET: Mapping[str, float] = {
    "ultrafast": 0.14,
    "superfast": 0.27,
    "veryfast": 0.45,
    "faster": 0.78,
    "fast": 0.95,
    "medium": 1.0,
    "slow": 1.6,
    "slower": 2.5,
    "veryslow": 4.4,
}
"""How many times as much as ``medium``."""

FILTER: Mapping[str, float] = {
    "scale": 0.62,
    "hflip": 0.24,
    "vflip": 0.019,
    "transpose": 0.36,
    "crop": 0.021,
    "pad": 0.089,
    "overlay": 1.2,
    "eq": 0.098,
    "format": 0.96,
    "yadif": 2.0,
    "hqdn3d": 4.0,
    "unsharp": 5.2,
    "fps": 0.035,
    "fade": 1.2,
    "drawbox": 2.6,
    "gblur": 4.3,
}
"""Nanoseconds a pixel of the larger of what goes in and what comes out."""
FILTER_OTHER = 0.96

DECODE_SOUND = 5.9
"""Nanoseconds a sample of one channel."""
ENCODE_SOUND = 110.0
SOUND_FILTER: Mapping[str, float] = {
    "volume": 0.56,
    "aresample": 4.4,
    "alimiter": 6.3,
    "ebur128": 11.0,
    "volumedetect": 1.0,
    "aselect": 0.094,
    "loudnorm": 220.0,
    "amix": 1.0,
}
SOUND_FILTER_OTHER = 4.4

PROCESS_MEMORY = 61_000_000
"""Bytes of a process that copies."""
ENCODER_FRAMES: Mapping[str, float] = {
    "ultrafast": 21.0,
    "superfast": 62.0,
    "veryfast": 81.0,
    "faster": 106.0,
    "fast": 130.0,
    "medium": 158.0,
    "slow": 186.0,
    "slower": 226.0,
    "veryslow": 311.0,
}
"""Frames that x264 holds, by preset; other encoders are taken to be like it."""
DECODER_FRAMES = 25
"""Frames that a decoder holds, with what lies between it and a filter."""
