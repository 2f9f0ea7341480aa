"""The ``fps`` operator."""

from __future__ import annotations

from typing import Annotated

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.timeline import paced_stream
from mediapipeline.operators import VIDEO, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import FrameRate, Param


@operator(
    "fps", category=Category.TIMELINE, inputs={"clip": VIDEO}, requires=["filter:fps", "filter:tpad", "filter:trim"]
)
class Fps(Operator):
    """Change the frame rate of the picture.

    Frames are repeated or left out, never mixed; what is seen at a time stays, to half a frame. The result has a
    constant rate, whatever that of the clip. The sound passes.
    """

    fps: Annotated[FrameRate, Param("Frames per second", gt=0, le=1000, examples=[25, "30000/1001"])]

    def infer(self, facts: Facts) -> MediaInfo:
        clip = facts.clip
        if clip.video is None:
            return clip
        video = paced_stream(clip.video, self.fps)
        ends = [video.end, *(track.end for track in clip.audio)]
        known = [end for end in ends if end is not None]
        return attrs.evolve(
            clip,
            video=video,
            size=None,
            bit_rate=None,
            duration=max(known) if len(known) == len(ends) else clip.duration,
        )

    def is_noop(self, facts: Facts) -> bool:
        video = facts.clip.video
        if video is None or video.vfr is not False or video.frame_rate != self.fps:
            return False
        return ((video.start or 0) * self.fps).denominator == 1

    def lower(self, work: Lowering) -> Clip:
        video = work.clip.info.video
        assert video is not None  # the port's kind is checked at planning
        return work.retime(work.clip, self.fps, paced_stream(video, self.fps))
