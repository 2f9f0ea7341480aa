"""The clips that every operator is tried on: each tiny, each with something that careless operators trip over.

Sources are lossless in sound, so that samples can be compared one by one, and the sound swells and the picture moves,
so that a frame or a sample from another time shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediapipeline.operators import Kind, Port
from mediapipeline.testing.media import ClipRecipe

__all__ = ["CLIPS", "PLAIN", "STILL", "beside"]

PLAIN = "plain"
"""The clip without any peculiarity, which checks that need only one take."""

_SWELL = ("-af", "volume=volume=0.3+t/2:eval=frame")


def _clip(*, extra: tuple[str, ...] = (), **fields: Any) -> ClipRecipe:
    sound: dict[str, Any] = {"audio_codec": "pcm_s16le", "audio": ["stereo"], **fields}
    return ClipRecipe(gop=6, extra=[*(_SWELL if sound["audio"] else ()), *extra], **sound)


CLIPS: Mapping[str, tuple[str, ClipRecipe]] = {
    PLAIN: (".mov", _clip(b_frames=2)),
    "odd": (".mkv", _clip(size=(65, 49), audio=["5.1"], audio_codec="flac", audio_rate=44100,
                          extra=("-sample_fmt", "s16"))),
    "rotated": (".mov", _clip(rotation=90, audio=["mono"])),
    "varying": (".mov", _clip(vfr=True, audio_rate=44100)),
    "ten-bit-no-audio": (".mkv", _clip(video_codec="ffv1", pix_fmt=None, audio=[], extra=(
        # Twice as large, interpolated in 16 bits: the two bits that eight lack are really used.
        "-vf", "format=yuv420p16le,scale=128:96:flags=bicubic,format=yuv420p10le"))),
    "silent-anamorphic": (".mov", _clip(silence=True, sar="4/3")),
    "no-picture": (".wav", _clip(audio_rate=44100)),
    "short": (".mov", _clip(duration="1/5s")),
    "late": (".mov", _clip(audio_delay="3/10s")),
    "tracks": (".mkv", _clip(
        audio=["stereo", "mono"], audio_codec="pcm_s16le", subtitles=2, start="5s",
        languages=["eng", "deu", "fra", "ita"], metadata={"title": "A title"},
        chapters=[("5s", "11/2s", "One"), ("11/2s", "6s", "Two")])),
    "still": (".png", ClipRecipe(size=(64, 48), pix_fmt="rgb24")),
}  # fmt: skip
"""Suffix and recipe of every clip, by name."""

_SMALL = (".mov", _clip(size=(32, 24), audio=["mono"]))
STILL = (".png", ClipRecipe(size=(32, 24), pix_fmt="rgb24"))
"""What a port gets that is to have a picture, and is not the one under test."""


def beside(port: Port) -> tuple[str, ClipRecipe]:
    """Suffix and recipe of what a port gets that is not the one under test: small, so that it fits upon others."""
    if port.maximum > 1:
        return CLIPS[PLAIN]
    if port.kind & (Kind.VIDEO | Kind.AUDIO):
        return _SMALL
    return STILL if port.kind & Kind.IMAGE else CLIPS["tracks"]
