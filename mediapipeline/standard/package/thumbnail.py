"""The ``thumbnail`` operator."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Literal

import attrs

from mediapipeline.errors import Problem
from mediapipeline.media.geometry import LARGEST, Resolution, fit_size, keep_aspect
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
from mediapipeline.media.timecode import format_clock
from mediapipeline.media.timeline import cut_stream, still_stream
from mediapipeline.operators import VIDEO, Category, Clip, Facts, Lowering, Operator, VideoRef, operator
from mediapipeline.params import Duration, Param, exactly_one_of

_PERCENT = r"(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,6})?)%"
_ZERO = Fraction(0)


@operator(
    "thumbnail",
    category=Category.PACKAGE,
    inputs={"clip": VIDEO},
    requires=["filter:scale", "filter:setsar", "filter:trim", "filter:setpts"],
    rules=[exactly_one_of("at", "count")],
)
class Thumbnail(Operator):
    """Take still pictures of the clip.

    A still at a time is the first frame that begins then or later, as a part cut out from there would begin with. The
    output's format says what kind of pictures they are: jpg, png or webp. Several are written to a folder, a
    destination that ends in a slash, as ``001.jpg``, ``002.jpg`` and so on in the order asked for. Pixels are square.
    """

    at: Annotated[
        tuple[Duration | Annotated[str, Param("", pattern=_PERCENT, examples=["50%"])], ...] | None,
        Param(
            "Times from the start of the clip, or shares of its length; 100% is the last frame",
            min_length=1, max_length=999, examples=[["1s", "50%"]],
        ),
    ] = None  # fmt: skip
    count: Annotated[
        int | None, Param("So many, evenly spaced and none at the very start or end", ge=1, le=999, examples=[9])
    ] = None
    width: Annotated[int | None, Param("Width; alone, the height follows", ge=1, le=LARGEST, unit="px")] = None
    height: Annotated[
        int | None, Param("Height; alone, the width follows; with a width, both bound the picture", ge=1, le=LARGEST,
                          unit="px")
    ] = None  # fmt: skip
    snap: Annotated[
        Literal["exact", "keyframe"],
        Param("keyframe allows the key frame before each time instead, which is many times faster to find"),
    ] = "exact"

    def _times(self, clip: MediaInfo) -> list[Fraction | None]:
        """When the stills are taken; None where the clip's length would have to be known and is not."""
        length = _length(clip)
        if self.at is None:
            parts = (self.count or 0) + 1
            return [None if length is None else length * number / parts for number in range(1, parts)]
        return [self._time(each, clip.video, length) for each in self.at]

    @staticmethod
    def _time(given: Fraction | str, video: VideoStream | None, length: Fraction | None) -> Fraction | None:
        if isinstance(given, Fraction):
            return given
        if length is None:
            return None
        time = length * Fraction(given.removesuffix("%")) / 100
        rate = None if video is None else video.frame_rate
        last = length - 1 / rate if rate else length
        return max(_ZERO, min(time, last))

    def _size(self, video: VideoStream) -> Resolution:
        source = Resolution(max(1, round(video.width * (video.sar or 1))), video.height)
        if self.width is not None and self.height is not None:
            return fit_size(source, Resolution(self.width, self.height), "contain")
        if self.width is None and self.height is None:
            return source
        return keep_aspect(source, width=self.width, height=self.height)

    def check(self, facts: Facts) -> Iterable[Problem]:
        clip = facts.clip
        if clip.video is None:
            return
        try:
            self._size(clip.video)
        except ValueError as error:
            yield Problem("", "bad-resolution", str(error), "ask for another size")
        for number, time in enumerate(self._times(clip)):
            path = "/count" if self.at is None else f"/at/{number}"
            if time is None:
                yield Problem(
                    path, "unknown-duration", "the length of the clip is not known, so there is no share of it",
                    'give times, such as "at": ["1s"]',
                )  # fmt: skip
                return
            left = cut_stream(clip.video, time, None).duration
            if left == 0:
                end = clip.video.end or _ZERO
                yield Problem(
                    path, "start-beyond-end",
                    f"no frame begins at {format_clock(time)} or later: the picture ends at {format_clock(end)}",
                    'take an earlier time; "100%" is the last frame',
                )  # fmt: skip

    def infer(self, facts: Facts) -> MediaInfo:
        video = facts.clip.video
        if video is None:
            return facts.clip
        size = self._size(video)
        still = attrs.evolve(
            still_stream(video), width=size.width, height=size.height, sar=Fraction(1), rotation=0, index=0
        )
        return MediaInfo(files=(MediaInfo(still=True, start=_ZERO, video=still),) * len(self._times(facts.clip)))

    def lower(self, work: Lowering) -> Clip:
        clip = work.clip
        assert clip.video is not None  # the port's kind is checked at planning
        size = self._size(clip.video.info)
        files = []
        for time in self._times(clip.info):
            assert time is not None  # checked before
            files.append(self._still(work, clip.video, time, size))
        return Clip(info=MediaInfo(files=tuple(each.info for each in files)), files=tuple(files))

    def _still(self, work: Lowering, video: VideoRef, time: Fraction, size: Resolution) -> Clip:
        picture = still = work.still(video, time, exact=self.snap == "exact")
        if (size.width, size.height) != (video.info.width, video.info.height):
            picture = work.filter(picture, "scale", w=size.width, h=size.height, flags="bicubic")
        if picture.id != still.id or video.info.sar not in (None, 1):
            picture = work.filter(picture, "setsar", sar=1)  # scaling keeps the shape of the whole in its pixels
        return Clip(info=MediaInfo(still=True, video=picture.info), video=picture)


def _length(clip: MediaInfo) -> Fraction | None:
    """To the end of the picture, which may be shorter than the sound."""
    if clip.video is not None and clip.video.end is not None:
        return clip.video.end
    return clip.duration
