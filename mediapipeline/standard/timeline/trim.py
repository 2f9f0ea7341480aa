"""The ``trim`` operator."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

from mediapipeline.errors import Problem
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.timecode import Duration, Timecode, format_clock
from mediapipeline.media.timeline import cut_info, has_frame
from mediapipeline.operators import AV, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param, at_most_one_of

_ZERO = Fraction(0)


@operator("trim", category=Category.TIMELINE, inputs={"clip": AV}, rules=[at_most_one_of("end", "duration")])
class Trim(Operator):
    """Keep one part of the clip.

    The part is [start, end): a frame at exactly `start` is kept, one at exactly `end` is not. Picture, every sound
    track, subtitles and chapters are cut alike and stay in sync. An end beyond the end of the clip means the end of the
    clip.
    """

    start: Annotated[Timecode, Param("Where the part begins", ge=0, examples=["10s", "00:01:30.5"])] = Timecode.parse(
        "0"
    )
    end: Annotated[Timecode | None, Param("Where the part ends", gt=0)] = None
    duration: Annotated[Duration | None, Param("How long the part is", gt=0, unit="s", examples=["15s"])] = None
    accuracy: Annotated[
        Literal["frame", "keyframe"],
        Param(
            "frame cuts at the exact frame; keyframe lets the part begin earlier, at a key frame, so that it can be "
            "copied"
        ),
    ] = "frame"
    clamp: Annotated[
        bool,
        Param("If the clip ends before `start`, take the same length from the end of the clip instead of refusing"),
    ] = False

    def _range(self, clip: MediaInfo) -> tuple[Fraction, Fraction | None]:
        rate = clip.video.frame_rate if clip.video is not None else None
        start = self.start.resolve(rate)
        if self.duration is not None:
            end: Fraction | None = start + self.duration
        else:
            end = None if self.end is None else self.end.resolve(rate)
        if self.clamp and clip.duration is not None and start >= clip.duration:
            frame = 1 / rate if rate else Fraction(1, 25)
            length = frame if end is None else end - start
            start, end = max(_ZERO, clip.duration - length), None
        return start, end

    def check(self, facts: Facts) -> Iterable[Problem]:
        clip = facts.clip
        given = [
            (name, tc) for name, tc in (("start", self.start), ("end", self.end)) if tc is not None and tc.needs_rate
        ]
        rate = clip.video.frame_rate if clip.video is not None else None
        sound = True
        for name, timecode in given:
            if clip.video is None or rate is None:
                sound = False
                why = "the clip has no picture" if clip.video is None else "its frame rate is not known"
                yield Problem(f"/{name}", "timecode-needs-rate", f"{timecode} counts frames, and {why}", "give seconds")
            elif clip.video.vfr:
                sound = False
                yield Problem(
                    f"/{name}", "timecode-needs-rate", f"{timecode} counts frames, and the clip's frame rate varies",
                    "give seconds, or make the frame rate constant first",
                )  # fmt: skip
            else:
                try:
                    timecode.resolve(rate)
                except ValueError as error:
                    sound = False
                    yield Problem(f"/{name}", "bad-timecode", str(error), "give seconds")
        if not sound:
            return
        start, end = self._range(clip)
        if end is not None and end <= start:
            yield Problem(
                "/end",
                "empty-range",
                f"the part ends at {format_clock(end)}, not after its start {format_clock(start)}",
                "end counts from the start of the clip; for a length, give duration",
            )
        if clip.duration is not None and start >= clip.duration:
            yield Problem(
                "/start", "start-beyond-end",
                f"the clip is {format_clock(clip.duration)} long, so nothing is left from {format_clock(start)} on",
                "begin earlier, or set clamp to take the end of the clip",
            )  # fmt: skip
        elif end is None or end > start:
            yield from self._nothing_left(facts, start, end)

    def _nothing_left(self, facts: Facts, start: Fraction, end: Fraction | None) -> Iterable[Problem]:
        """What is wrong with a part in which the clip has nothing, though it lasts."""
        clip = facts.clip
        no_frame = clip.video is not None and not has_frame(clip.video, start, end)
        if not no_frame and (clip.video is not None or not clip.audio or self.infer(facts).audio):
            return
        part = f"between {format_clock(start)} and {'the end' if end is None else format_clock(end)}"
        if no_frame:
            yield Problem("/start", "no-frame-left", f"no frame begins {part}", "make the part longer than a frame")
        else:
            yield Problem("/start", "no-sound-left", f"there is no sound {part}", "take another part of the clip")

    def infer(self, facts: Facts) -> MediaInfo:
        start, end = self._range(facts.clip)
        return cut_info(facts.clip, start, end, exact=self.accuracy == "frame")

    def lower(self, work: Lowering) -> Clip:
        start, end = self._range(work.clip.info)
        return work.cut(work.clip, start, end, exact=self.accuracy == "frame")
