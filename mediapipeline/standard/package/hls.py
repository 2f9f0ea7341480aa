"""The ``hls`` operator."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

from mediapipeline.errors import Problem
from mediapipeline.media.info import MediaInfo
from mediapipeline.operators import VIDEO, Category, Clip, Facts, Lowering, Operator, Package, many, operator
from mediapipeline.params import Duration, Param

_USUAL = tuple(map(Fraction, (10, 12, 15, 24, 25, 30, 50, 60)))


@operator("hls", category=Category.PACKAGE, inputs={"clips": many(VIDEO, 1, 8)}, requires=["encoder:libx264"])
class Hls(Operator):
    """Package clips for HTTP Live Streaming.

    Each clip is one picture among which a player chooses; they show the same, and usually differ in size. The sound is
    that of the first clip that has any, encoded once for all. The output is a folder, a destination that ends in a
    slash, with ``master.m3u8``, a playlist for each picture and for the sound, and their segments. Every segment begins
    with a key frame. The frame rate has to be constant. How they are coded is the output's `codec`: H.264 and AAC.
    """

    segment: Annotated[Duration, Param("How long a segment is", ge=1, le=30, unit="s")] = Fraction(6)
    segment_type: Annotated[
        Literal["fmp4", "ts"], Param("Fragments of MP4, or MPEG-TS for players of before 2016")
    ] = "fmp4"  # fmt: skip

    def check(self, facts: Facts) -> Iterable[Problem]:
        first = facts.clip.video
        for info in facts.all("clips"):
            if info.video is not None and info.video.vfr:
                # FFmpeg counts frames of the average length into the last segment.
                rate = info.video.frame_rate
                near = None if rate is None else min(_USUAL, key=lambda usual: abs(usual - rate))
                yield Problem(
                    "", "unsupported-rate", "hls needs a constant frame rate, and that of the clip varies",
                    f'change it before, with {{"op": "fps", "params": {{"fps": "{near or 25}"}}}}',
                )  # fmt: skip
                break
        for info in facts.all("clips")[1:]:
            video = info.video
            if first is None or video is None or first.duration is None or video.duration is None:
                continue
            frame = 1 / first.frame_rate if first.frame_rate else Fraction(1, 20)
            if abs(first.duration - video.duration) > max(frame, Fraction(1, 20)):
                yield Problem(
                    "", "different-lengths",
                    f"the clips last {float(first.duration):.6g} s and {float(video.duration):.6g} s",
                    "package clips that show the same",
                )  # fmt: skip

    def infer(self, facts: Facts) -> MediaInfo:
        files = [MediaInfo(start=Fraction(0), duration=_end(info), video=info.video) for info in facts.all("clips")]
        heard = next((info for info in facts.all("clips") if info.audio), None)
        if heard is not None:
            track = heard.audio[0]
            files.append(MediaInfo(start=Fraction(0), duration=track.end, audio=(track,)))
        return MediaInfo(files=tuple(files))

    def lower(self, work: Lowering) -> Clip:
        clips = work.all("clips")
        files = [Clip(info=clip.info, video=clip.video) for clip in clips]
        heard = next((clip for clip in clips if clip.audio), None)
        if heard is not None:
            files.append(Clip(info=heard.info, audio=heard.audio[:1]))
        container = "hls" if self.segment_type == "fmp4" else "hls-ts"
        return Clip(info=MediaInfo(), files=tuple(files), package=Package(container=container, segment=self.segment))


def _end(info: MediaInfo) -> Fraction | None:
    return None if info.video is None else info.video.end
