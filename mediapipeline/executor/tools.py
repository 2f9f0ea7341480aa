"""What runs processes for an executor: which FFmpeg, what it can do, and within which limits of time."""

from __future__ import annotations

import attrs

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.media.prober import Prober

__all__ = ["Tools"]


@attrs.frozen(kw_only=True)
class Tools:
    """The means of an executor.

    Attributes:
        engine: The FFmpeg that is run.
        features: What it can do.
        prober: Reads outputs back.
        startup_timeout: Seconds without a sign of life before anything is produced.
        stall_timeout: Seconds without a sign of life later on.
    """

    engine: Engine
    features: Capabilities
    prober: Prober
    startup_timeout: float | None
    stall_timeout: float | None
