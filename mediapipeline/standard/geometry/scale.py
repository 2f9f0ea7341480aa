"""The ``scale`` operator."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

import attrs

from mediapipeline.errors import Problem
from mediapipeline.media.geometry import LARGEST, Resolution, fit_size, keep_aspect
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
from mediapipeline.operators import IMAGE, POINTWISE, VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param, rule

_KEEP = -1
_SIDE_HINT = "-1 keeps the shape"


def _one_way_to_say_it(params: Scale) -> str | None:
    sides = [side for side in (params.width, params.height) if side is not None]
    if params.size is not None:
        return "size excludes width and height" if sides else None
    if not any(side != _KEEP for side in sides):
        return "a width, a height or a size is needed"
    return None


def _fits_need_a_box(params: Scale) -> str | None:
    both = params.size is not None or (params.width or _KEEP) != _KEEP != (params.height or _KEEP)
    return None if both or params.fit in ("stretch", "no_upscale") else f"fit {params.fit!r} needs both sides"


@operator(
    "scale",
    category=Category.GEOMETRY,
    traits=POINTWISE,
    inputs={"clip": VIDEO | IMAGE},
    requires=["filter:scale", "filter:setsar", "filter:crop", "filter:pad"],
    rules=[
        rule(_one_way_to_say_it, "size", "width", "height", code="exclusive-parameters",
             hint="give size, or width and height; -1 for one of them keeps the shape"),
        rule(_fits_need_a_box, "fit", hint="give size, or width and height"),
    ],
)  # fmt: skip
class Scale(Operator):
    """Change the size of the picture.

    The result has square pixels: a source with others is brought to the shape that players show. With only one side
    given, or -1 for the other, the shape is kept and the other side rounded to `multiple`.
    """

    width: Annotated[int | None, Param("Width; -1 follows from the height", ge=_KEEP, le=LARGEST, unit="px")] = None
    height: Annotated[int | None, Param("Height; -1 follows from the width", ge=_KEEP, le=LARGEST, unit="px")] = None
    size: Annotated[Resolution | None, Param("Both sides at once", examples=["1280x720", "720p"])] = None
    fit: Annotated[
        Literal["stretch", "contain", "cover", "pad", "no_upscale"],
        Param(
            "stretch fills the size whatever the shape; contain lies within it; cover fills it and cuts off what is "
            "over; pad lies within it on black; no_upscale lies within it and is never larger than the source"
        ),
    ] = "stretch"
    algorithm: Annotated[
        Literal["bilinear", "bicubic", "lanczos", "spline", "neighbor", "area"], Param("How pixels are interpolated")
    ] = "bicubic"
    multiple: Annotated[int, Param("Sides are multiples of it; most encoders need 2", ge=1, le=16)] = 2

    def _box(self) -> tuple[int | None, int | None]:
        if self.size is not None:
            return self.size.width, self.size.height
        return (
            None if self.width in (None, _KEEP) else self.width,
            None if self.height in (None, _KEEP) else self.height,
        )

    def _sizes(self, video: VideoStream) -> tuple[Resolution, Resolution]:
        """What the picture is scaled to, and the size of the result after cropping or padding."""
        source = _square(video)
        width, height = self._box()
        if self.fit == "no_upscale":
            width, height = min(width or LARGEST, source.width), min(height or LARGEST, source.height)
            scaled = fit_size(source, Resolution(width, height), "contain", self.multiple)
            return scaled, scaled
        if width is None or height is None:
            scaled = keep_aspect(source, width=width, height=height, multiple=self.multiple)
            return scaled, scaled
        box = Resolution(width, height)
        match self.fit:
            case "contain":
                scaled = fit_size(source, box, "contain", self.multiple)
                return scaled, scaled
            case "pad":
                return fit_size(source, box, "contain", self.multiple), box
            case "cover":
                return fit_size(source, box, "cover", self.multiple), box
        return box, box

    def check(self, facts: Facts) -> Iterable[Problem]:
        if any(side == 0 for side in (self.width, self.height)):
            yield Problem(
                "/width" if self.width == 0 else "/height", "out-of-range", "a side cannot be 0 pixels", _SIDE_HINT
            )
            return
        video = facts.clip.video
        if video is None:
            return
        try:
            _, result = self._sizes(video)
        except ValueError as error:
            yield Problem("", "bad-resolution", str(error), "ask for another size, or for a smaller multiple")
            return
        for name, given, side in (("width", self.width, result.width), ("height", self.height, result.height)):
            if side % self.multiple:
                lower, upper = side - side % self.multiple, side - side % self.multiple + self.multiple
                yield Problem(
                    f"/{name}" if given is not None else "/size", "not-a-multiple",
                    f"the {name} {side} is not a multiple of {self.multiple}",
                    f"take {lower or upper} or {upper}, or set multiple to 1",
                )  # fmt: skip

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        if video is None:
            return facts.clip
        _, size = self._sizes(video)
        return attrs.evolve(
            facts.clip,
            video=attrs.evolve(video, width=size.width, height=size.height, sar=Fraction(1), rotation=0, bit_rate=None),
        )

    def is_noop(self, facts: Facts) -> bool:
        video = facts.clip.video
        if video is None or video.sar not in (None, 1) or video.rotation:
            return False
        scaled, size = self._sizes(video)
        return (size.width, size.height) == (scaled.width, scaled.height) == (video.width, video.height)

    def lower(self, work: Lowering) -> Clip:
        video = work.clip.info.video
        if video is None:
            return work.clip
        scaled, size = self._sizes(video)
        clip = work.video(work.clip, "scale", w=scaled.width, h=scaled.height, flags=self.algorithm)
        if self.fit == "cover" and scaled != size:
            clip = work.video(clip, "crop", w=size.width, h=size.height, exact=True)
        if self.fit == "pad" and scaled != size:
            across, down = (size.width - scaled.width) // 2, (size.height - scaled.height) // 2
            clip = work.video(clip, "pad", w=size.width, h=size.height, x=across, y=down, color="black")
        return work.video(clip, "setsar", sar=1)


def _square(video: VideoStream) -> Resolution:
    """The size of the picture as players show it: anamorphic pixels made square."""
    if video.sar in (None, 1):
        return Resolution(video.width, video.height)
    return Resolution(min(LARGEST, max(1, round(video.width * (video.sar or 1)))), video.height)
