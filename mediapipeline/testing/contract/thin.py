"""An operator of the kit's own: what leaves frames out, so that it shows whether others depend on them."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import Category, Clip, Expr, Facts, Lowering, Operator, operator
from mediapipeline.params import Param

__all__ = ["THIN", "WINDOW", "Thin"]

WINDOW = (Fraction(1, 10), Fraction(2, 5))
"""The part of a clip, in seconds, whose sound `THIN` may leave."""
THIN = "contract.thin"


@operator(THIN, category=Category.PICTURE, requires=["filter:select", "filter:volume"])
class Thin(Operator):
    """Leave every other frame, which keeps its time."""

    sound: Annotated[bool, Param("Whether only the middle of the sound is left as well")] = False

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        if video is None:
            return facts.clip
        return attrs.evolve(facts.clip, video=attrs.evolve(video, vfr=True, frames=None, duration=None))

    def lower(self, work: Lowering) -> Clip:
        clip, (start, end) = work.clip, WINDOW
        if clip.video is not None:
            clip = work.video(clip, "select", expr=Expr("not(mod(n,2))"))
        if not self.sound:
            return clip
        return work.audio(clip, "volume", volume=0, enable=Expr(f"not(between(t,{float(start)},{float(end)}))"))
