"""The FFmpeg that is used where nobody hands in another: found, asked what it can do, and ready to probe."""

from __future__ import annotations

import functools
import os

import attrs

from mediapipeline.ffmpeg.binary import Engine, find_ffmpeg
from mediapipeline.ffmpeg.detect import capabilities
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.media.prober import Prober

__all__ = ["ReadyEngine", "default_engine"]


@attrs.frozen
class ReadyEngine:
    """An FFmpeg with what belongs to it."""

    binaries: Engine
    capabilities: Capabilities
    prober: Prober


@functools.lru_cache(maxsize=8)
def _ready(binaries: Engine) -> ReadyEngine:
    return ReadyEngine(binaries, capabilities(binaries), default_prober(binaries))


def default_engine(ffmpeg: str | os.PathLike[str] | None = None) -> ReadyEngine:
    """The FFmpeg to use; see `mediapipeline.ffmpeg.binary.find_ffmpeg` for where it is looked for.

    Raises:
        FFmpegNotFoundError: There is none, or nothing to probe with.
        EngineError: It does not answer.
    """
    return _ready(find_ffmpeg(os.fspath(ffmpeg) if ffmpeg is not None else None))
