"""The ``concat`` operator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Annotated, Literal

from mediapipeline.errors import Problem
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.words import counted
from mediapipeline.operators import (
    AV,
    Category,
    Clip,
    Facts,
    Form,
    Lowering,
    Operator,
    form_of,
    joined,
    many,
    operator,
    part_length,
    square_size,
)  # fmt: skip
from mediapipeline.params import FrameRate, Param, Resolution

_RATE_WITHOUT_PICTURE = Fraction(25)
_COLORS = "black|white|gray|red|green|blue|yellow|orange|purple|navy|teal|maroon"
_NOTICED = Fraction(1, 10)
"""Seconds of sound after the end of the picture that encoders leave behind unasked."""


@operator(
    "concat",
    category=Category.TIMELINE,
    inputs={"clips": many(AV, 2, 64)},
    requires=[
        *(
            f"filter:{name}"
            for name in ("concat", "fps", "scale", "crop", "pad", "setsar", "format", "tpad", "trim", "settb", "color")
        ),
        *(f"filter:{name}" for name in ("aresample", "aformat", "apad", "atrim", "asettb", "asetpts", "anullsrc")),
    ],
)
class Concat(Operator):
    """Play clips one after the other.

    All are brought to one size, frame rate and kind of sound. A clip lasts as long as its picture: its sound is
    filled up with silence or cut there, so that sound and picture stay together however many clips there are. Where
    the picture begins less than a frame after the sound, the clip begins with it. Clips that are alike in everything
    that a decoder has to know are joined by copying their packets, if the output is to hold what they hold. A clip
    without a picture shows the background, one without sound is silent. Tags, chapters and cover art are those of the
    first clip; subtitles are left out.
    """

    fit: Annotated[
        Literal["contain", "cover", "stretch"],
        Param(
            "How a picture of another shape fills the size: contain lies within it on the background, cover fills it "
            "and loses what is over, stretch is distorted"
        ),
    ] = "contain"
    size: Annotated[
        Resolution | Literal["first", "largest"], Param("Size of the result, or that of the first or largest picture")
    ] = "first"
    fps: Annotated[
        FrameRate | Literal["first", "max"], Param("Frames per second, or those of the first or fastest picture")
    ] = "first"
    background: Annotated[
        str, Param("Colour of what no picture covers", pattern=rf"#[0-9a-fA-F]{{6}}|{_COLORS}", examples=["#202020"])
    ] = "black"
    fill_audio: Annotated[
        bool, Param("Whether a clip that lacks a sound track is silent; otherwise only tracks that all have are kept")
    ] = True

    def _form(self, clips: Sequence[MediaInfo]) -> Form:
        pictures = [clip.video for clip in clips if clip.video is not None]
        size: Resolution | None = None
        if isinstance(self.size, Resolution):
            size = self.size
        elif pictures:
            sizes = [square_size(video) for video in pictures]
            size = sizes[0] if self.size == "first" else max(sizes, key=lambda each: each.width * each.height)
        rates = [video.frame_rate for video in pictures if video.frame_rate]
        if isinstance(self.fps, Fraction):
            rate = self.fps
        else:
            rate = (rates[0] if self.fps == "first" else max(rates)) if rates else _RATE_WITHOUT_PICTURE
        counts = [len(clip.audio) for clip in clips]
        return form_of(
            clips, size=size if pictures else None, rate=rate, tracks=max(counts) if self.fill_audio else min(counts),
            fit=self.fit, background=self.background,
        )  # fmt: skip

    def check(self, facts: Facts) -> Iterable[Problem]:
        clips = facts.all("clips")
        pictures = [clip.video for clip in clips if clip.video is not None]
        first = pictures[0].frame_rate if pictures else None
        known = all(video.frame_rate for video in pictures) if self.fps == "max" else first
        if pictures and not isinstance(self.fps, Fraction) and not known:
            yield Problem(
                "/fps", "unknown-rate", "the frame rate of the clip is not known", 'say it, such as "fps": 25'
            )
            return
        form = self._form(clips)
        for number, clip in enumerate(clips, 1):
            length = part_length(clip, form)
            if length is None:
                yield Problem(
                    "", "unknown-duration", f"nobody knows how long clip {number} is, so nothing can follow it",
                    "bring it into a file that tells its length first: write it to MP4 or Matroska in a job of its own",
                )  # fmt: skip
            if form.picture is not None and clip.video is not None:
                try:
                    form.picture.scaled(clip.video)
                except ValueError as error:
                    yield Problem(
                        "/size", "bad-resolution", f"clip {number}: {error}", 'take another size, or fit "stretch"'
                    )

    def infer(self, facts: Facts) -> MediaInfo:
        clips = facts.all("clips")
        return joined(clips, self._form(clips))

    def lower(self, work: Lowering) -> Clip:
        clips = work.all("clips")
        infos = [clip.info for clip in clips]
        form = self._form(infos)
        for text in _left_out(infos, form):
            work.report(text)
        return work.concat(clips, form)


def _left_out(clips: Sequence[MediaInfo], form: Form) -> Iterable[str]:
    """What of *clips* is not in the result."""
    subtitles = sum(len(clip.subtitles) for clip in clips)
    if subtitles:
        yield f"{counted(subtitles, 'subtitle track')} left out: those of clips that are joined cannot be kept"
    if any(clip.chapters for clip in clips[1:]):
        yield "the chapters of all clips but the first left out"
    tracks = sum(max(0, len(clip.audio) - len(form.sound)) for clip in clips)
    if tracks:
        them = "it" if tracks == 1 else "them"
        yield f"{counted(tracks, 'sound track')} left out: not every clip has {them}, and fill_audio is off"
    for number, clip in enumerate(clips, 1):
        length = part_length(clip, form)
        ends = [track.end for track in clip.audio if track.end is not None]
        if form.sound and length is not None and ends and max(ends) > length + _NOTICED:
            over = f"{float(max(ends) - length):.3g} s"
            yield f"the last {over} of the sound of clip {number} left out: its picture has ended"
