"""A newcomer's operator with its documentation and its contract: all that it takes."""

from typing import Annotated, Literal

from mediapipeline.media import MediaInfo
from mediapipeline.operators import POINTWISE, VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param
from mediapipeline.testing import OperatorContract


@operator("acme.vignette", category=Category.PICTURE, traits=POINTWISE, inputs=VIDEO, requires=["filter:vignette"])
class Vignette(Operator):
    """Darken the corners of the picture."""

    angle: Annotated[float, Param("Angle of the lens: the larger, the darker", ge=0, le=1.5707, unit="rad")] = 0.628
    mode: Annotated[Literal["forward", "backward"], Param("Whether it darkens, or undoes a darkening")] = "forward"

    def infer(self, facts: Facts) -> MediaInfo:
        return facts.with_video(pix_fmt=None)  # FFmpeg does it in eight bits, in a format of its choice

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vignette", angle=self.angle, mode=self.mode, dither=False)


class TestVignette(OperatorContract):
    operator = Vignette
    cases = ({}, {"angle": 1.2, "mode": "backward"})
    invalid = ({"angle": 9}, {"mode": "perhaps"})
