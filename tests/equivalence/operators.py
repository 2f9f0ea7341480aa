"""Operators that random jobs need and nobody ships: with traits, or with none, that no other has."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from mediapipeline.media import Duration, seconds_text
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import AV, TIMED, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.operators.registry import Registry
from mediapipeline.params import Param

__all__ = ["registry"]


@operator("backwards", category=Category.TIMELINE, inputs={"clip": AV}, requires=["filter:reverse", "filter:areverse"])
class Backwards(Operator):
    """Play the clip from its end to its start."""

    def lower(self, work: Lowering) -> Clip:
        return work.audio(work.video(work.clip, "reverse"), "areverse")


@operator(
    "brighten",
    category=Category.PICTURE,
    inputs={"clip": AV},
    traits=TIMED,
    requires=["filter:format", "filter:scale", "filter:fade", "filter:afade", "filter:aformat"],
)
class Brighten(Operator):
    """Let picture and sound come out of black and silence, slowly enough to tell each frame from the next."""

    start: Annotated[Duration, Param("When that begins", ge=0)] = Fraction(0)
    length: Annotated[Duration, Param("How long it takes", ge="0.1s")] = Fraction(10)

    def infer(self, facts: Facts) -> MediaInfo:
        return facts.clip if facts.clip.video is None else facts.with_video(pix_fmt="yuv420p")

    def lower(self, work: Lowering) -> Clip:
        clip, when = work.clip, {"start_time": seconds_text(self.start), "duration": seconds_text(self.length)}
        if clip.video is not None:
            # Converted here, and not wherever FFmpeg likes.
            known = clip.video.info.pix_fmt
            clip = clip if known is None else work.video(clip, "format", pix_fmts=known)
            formed = work.video(work.video(clip, "scale"), "format", pix_fmts="yuv420p")
            clip = work.video(formed, "fade", type="in", **when)
        clip = work.audio(clip, "aformat", sample_fmts="fltp")  # or FFmpeg chooses, by what is around it
        return work.audio(clip, "afade", type="in", **when)


def registry() -> Registry:
    """Everything that is installed, and these."""
    found = Registry.discover()
    for each in (Backwards, Brighten):
        found.register(each)
    return found
