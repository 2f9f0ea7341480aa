"""The kit for those who test pipelines and operators: media on demand, and stand-ins that need no FFmpeg."""

from __future__ import annotations

from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.testing.fakes import FakeProber, clip_info
from mediapipeline.testing.media import ClipError, ClipRecipe, make_clip

__all__ = [
    "Capabilities",
    "ClipError",
    "ClipRecipe",
    "FakeProber",
    "clip_info",
    "make_clip",
]
