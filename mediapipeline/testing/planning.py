"""`fake_planner`: a planner for tests, with stand-ins for everything that it would look at."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mediapipeline.ffmpeg.features import Capabilities
from mediapipeline.media.info import MediaInfo
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.planner import Planner
from mediapipeline.testing.fakes import FakeProber, clip_info

__all__ = ["SAMPLE_CLIPS", "fake_planner"]

SAMPLE_CLIPS: Mapping[str, MediaInfo] = MappingProxyType(
    {
        "in.mp4": clip_info(),
        "film.mkv": clip_info(
            duration="90s", rate="24000/1001", audio=["5.1", "stereo"], languages=["eng", "deu", "eng"],
            subtitles=["subrip"], chapters=[("0s", "30s", "One"), ("30s", "90s", "Two")],
        ),
        "phone.mov": clip_info(duration="12.5s", size=(1080, 1920), rotation=90, vfr=True, rate=30, start="0.04s"),
        "odd.mkv": clip_info(size=(319, 179), rate="30000/1001", video="vp9", audio_codec="opus"),
        "voice.mp3": clip_info(size=None, audio=["mono"], audio_codec="mp3", duration="31s"),
        "stream.ts": clip_info(duration=None, start="1.4s"),
        "logo.png": clip_info(still=True, video="png", size=(128, 64), pix_fmt="rgba"),
    }
)  # fmt: skip
"""Facts of clips as they come; what `fake_planner` knows where it is told nothing else."""


def fake_planner(
    clips: Mapping[str, MediaInfo] | None = None,
    *,
    ffmpeg: str = "8.0",
    cores: int = 4,
    gop: int | None = None,
    **options: Any,
) -> Planner:
    """A planner that needs neither files nor FFmpeg, and gives the same plans on every machine.

    >>> plan = fake_planner({"in.mp4": clip_info(duration="60s")}).plan(
    ...     {"inputs": [{"id": "in", "source": "in.mp4"}], "outputs": [{"id": "in", "destination": "out.mkv"}]}
    ... )
    >>> plan.output("in").media.duration
    Fraction(60, 1)

    Args:
        clips: Facts by source, as jobs write them; default, `SAMPLE_CLIPS`.
        ffmpeg: The version of FFmpeg that is assumed; a full build of it.
        cores: Of the machine that is assumed.
        gop: Frames from one key frame to the next, where packets are asked for; None is not known.
        options: Further arguments of `Planner`, or others in place of these.
    """
    given: dict[str, Any] = {
        "prober": FakeProber(SAMPLE_CLIPS if clips is None else clips, gop=gop),
        "capabilities": Capabilities.assume(ffmpeg),
        "machine": Machine(cores=cores),
    }
    return Planner(**given | options)
