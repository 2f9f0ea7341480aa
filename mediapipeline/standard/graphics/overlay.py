"""The ``overlay`` operator."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

from mediapipeline.errors import Problem
from mediapipeline.operators import IMAGE, POINTWISE, VIDEO, Category, Clip, Expr, Facts, Lowering, Operator, operator
from mediapipeline.params import Param

_ACROSS = {"left": "{m}", "center": "(main_w-overlay_w)/2", "right": "main_w-overlay_w-{m}"}
# In what FFmpeg blends, by the base's format: the base is then not converted. Everything else is left to FFmpeg.
_BLENDED_IN = {
    "yuv420p": "yuv420", "yuvj420p": "yuv420", "yuv422p": "yuv422", "yuv444p": "yuv444",
    "yuv420p10le": "yuv420p10", "yuv422p10le": "yuv422p10",
}  # fmt: skip
_DOWN = {"top": "{m}", "center": "(main_h-overlay_h)/2", "bottom": "main_h-overlay_h-{m}"}


@operator(
    "overlay",
    category=Category.GRAPHICS,
    traits=POINTWISE,
    inputs={"base": VIDEO, "overlay": VIDEO | IMAGE},
    requires=["filter:overlay", "filter:tpad", "filter:setpts", "filter:settb"],
)
class Overlay(Operator):
    """Put a picture or a video on top of a video.

    The result is as large and as long as the base, with the base's sound. A still picture stays to the end; a video
    disappears when it ends.
    """

    position: Annotated[
        Literal[
            "top_left", "top_center", "top_right",
            "center_left", "center", "center_right",
            "bottom_left", "bottom_center", "bottom_right",
        ],
        Param("Where it stands"),
    ] = "top_left"  # fmt: skip
    margin: Annotated[int, Param("Distance from the edges it stands at", ge=0, le=16384, unit="px")] = 0

    def check(self, facts: Facts) -> Iterable[Problem]:
        base, top = facts["base"].video, facts["overlay"].video
        if base is not None and top is not None and (top.width > base.width or top.height > base.height):
            yield Problem(
                "", "overlay-too-large",
                f"the overlay is {top.width}x{top.height}, larger than the base, {base.width}x{base.height}",
                "scale the overlay first",
            )  # fmt: skip

    def lower(self, work: Lowering) -> Clip:
        base, top = work["base"], work["overlay"]
        if not top.info.still and base.info.duration is not None:
            # A longer overlay would stretch the base: FFmpeg repeats the last frame of whichever ends first.
            top = work.cut(top, Fraction(0), base.info.duration)
        across, down = self._anchor()
        picture = top.video
        assert base.video is not None  # the ports' kinds are checked at planning
        assert picture is not None
        if not top.info.still:
            picture = work.held(picture)
        return base.with_video(
            work.filter(
                [base.video, picture],
                "overlay",
                x=Expr(across.format(m=self.margin)),
                y=Expr(down.format(m=self.margin)),
                eof_action="repeat" if top.info.still else "pass",
                format=_blended_in(base.video.info.pix_fmt),
            )
        )

    def _anchor(self) -> tuple[str, str]:
        if self.position == "center":
            return _ACROSS["center"], _DOWN["center"]
        down, across = self.position.split("_")
        return _ACROSS[across], _DOWN[down]


def _blended_in(pix_fmt: str | None) -> str:
    return _BLENDED_IN.get(pix_fmt or "", "auto")
