"""The gapless header of an MP3 file: how long the sound is without what the encoder put before and after it.

FFmpeg plays that part only, in every version, but older ones count the padding into the duration that they report.
Pure: bytes in, an exact duration out.
"""

from __future__ import annotations

from fractions import Fraction

__all__ = ["gapless_duration", "id3_size"]

_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_ALL_FIELDS = 0xF  # of the Xing header: frames, bytes, table of contents, quality


def id3_size(head: bytes) -> int:
    """Bytes that the ID3v2 tag at the start of *head* takes; 0 where there is none."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)


def gapless_duration(frame: bytes) -> Fraction | None:
    """Seconds of sound, by the header that LAME and libavformat put into the first *frame*; None without one."""
    if len(frame) < 200 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return None
    version, layer, rate = frame[1] >> 3 & 3, frame[1] >> 1 & 3, frame[2] >> 2 & 3
    if version not in _RATES or layer != 1 or rate == 3:  # layer bits 01 are layer III
        return None
    mono = frame[3] >> 6 == 3
    place = 4 + ((17 if mono else 32) if version == 3 else (9 if mono else 17))
    header = frame[place:]
    if header[:4] not in (b"Xing", b"Info") or int.from_bytes(header[4:8], "big") & _ALL_FIELDS != _ALL_FIELDS:
        return None
    if header[120:124] not in (b"LAME", b"Lavf", b"Lavc"):
        return None
    padding = int.from_bytes(header[141:144], "big")
    samples = int.from_bytes(header[8:12], "big") * (1152 if version == 3 else 576)
    samples -= (padding >> 12) + (padding & 0xFFF)
    return Fraction(samples, _RATES[version][rate]) if samples > 0 else None
