"""The ``hflip`` and ``vflip`` operators."""

from __future__ import annotations

from mediapipeline.operators import IMAGE, POINTWISE, VIDEO, Category, Clip, Lowering, Operator, operator


@operator(
    "hflip", category=Category.GEOMETRY, traits=POINTWISE, inputs={"clip": VIDEO | IMAGE}, requires=["filter:hflip"]
)
class HFlip(Operator):
    """Mirror the picture left to right."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "hflip")


@operator(
    "vflip", category=Category.GEOMETRY, traits=POINTWISE, inputs={"clip": VIDEO | IMAGE}, requires=["filter:vflip"]
)
class VFlip(Operator):
    """Turn the picture upside down."""

    def lower(self, work: Lowering) -> Clip:
        return work.video(work.clip, "vflip")
