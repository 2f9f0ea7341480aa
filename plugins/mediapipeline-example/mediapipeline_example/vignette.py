"""The operator example.vignette."""

from typing import Annotated, Literal

from mediapipeline.media import MediaInfo
from mediapipeline.operators import POINTWISE, VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param

__all__ = ["Vignette"]


@operator("example.vignette", category=Category.PICTURE, traits=POINTWISE, inputs=VIDEO, requires=["filter:vignette"])
class Vignette(Operator):
    """Darken the corners of the picture."""

    angle: Annotated[float, Param("Angle of the lens: the larger, the darker", ge=0, le=1.5707, unit="rad")] = 0.628
    mode: Annotated[Literal["forward", "backward"], Param("Whether it darkens, or undoes a darkening")] = "forward"

    def infer(self, facts: Facts) -> MediaInfo:
        """FFmpeg does it in eight bits, in a pixel format of its choice; all else stays."""
        return facts.with_video(pix_fmt=None)

    def lower(self, work: Lowering) -> Clip:
        """One filter of FFmpeg, over the picture."""
        return work.video(work.clip, "vignette", angle=self.angle, mode=self.mode, dither=False)
