"""The ``fps`` operator."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import attrs

from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
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

    def _paced(self, video: VideoStream) -> VideoStream:
        def placed(time: Fraction) -> Fraction:
            return Fraction((2 * time * self.fps + 1) // 2) / self.fps

        start = placed(video.start or Fraction(0))
        end = None if video.end is None else max(placed(video.end), start + 1 / self.fps)
        return attrs.evolve(
            video, frame_rate=self.fps, vfr=False, frames=None, start=start, time_base=1 / self.fps, bit_rate=None,
            duration=None if end is None else end - start,
        )  # fmt: skip

    def infer(self, facts: Facts) -> MediaInfo:
        clip = facts.clip
        if clip.video is None:
            return clip
        video = self._paced(clip.video)
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
        return work.retime(work.clip, self.fps, self._paced(video))
