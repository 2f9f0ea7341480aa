"""The filters that bring one stream into a form, as long as its part of a whole; see `Lowering.concat`.

Each part has exactly the frames, or samples, that lie in its time of the whole: nothing adds up over many parts,
whatever a container says of its streams. Works on ids and facts only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Protocol, TypeAlias

import attrs

from mediapipeline.ffmpeg.filtergraph import Expr
from mediapipeline.media.streams import AudioStream, Stream, VideoStream
from mediapipeline.media.timecode import seconds_text
from mediapipeline.operators.form import PictureForm, SoundForm, picture_facts, samples, sound_facts
from mediapipeline.operators.traits import OPAQUE, POINTWISE, Traits

__all__ = ["PartBuilder", "held_to_its_end", "in_sound_form", "picture_part", "sound_part"]

_ZERO = Fraction(0)
_MICROSECONDS = Expr("AVTB")
_COUNTED = Expr("round(N/SR/TB)")
_MILLISECOND = Fraction(1, 1000)
"""By which coarse clocks may tell a frame early."""
_LONG = Fraction(10)
"""Seconds that the last frame is held at most where the rate varies, so that it may be seen for longer than others."""
_Options: TypeAlias = Mapping[str, str | int | float | bool | Fraction | Expr | None]


class PartBuilder(Protocol):
    """What is needed of `mediapipeline.operators.lowering.Builder`."""

    def filter(
        self,
        inputs: Sequence[str],
        name: str,
        options: _Options,
        info: Stream,
        traits: Traits | None = None,
    ) -> str: ...

    def retime(self, stream: str, rate: Fraction, info: Stream, *, fill: bool) -> str: ...

    def frames(self, stream: str, count: int, info: Stream) -> str: ...


def picture_part(
    build: PartBuilder, stream: tuple[str, VideoStream] | None, form: PictureForm, begin: Fraction, end: Fraction
) -> str:
    """The picture of [begin, end) of the whole: *stream* in *form*, or the background without one."""
    seconds = end - begin
    facts = given = picture_facts(form, stream[1] if stream is not None else None, seconds)
    if stream is None:
        size = f"{form.size.width}x{form.size.height}"
        node = build.filter(
            [], "color",
            {"color": form.background, "size": size, "rate": form.rate, "duration": _ceiled(seconds)}, facts, OPAQUE,
        )  # fmt: skip
    else:
        node, video = stream
        shown = None if video.end is None else seconds  # as far as anybody knows
        paced = attrs.evolve(
            video, frame_rate=form.rate, vfr=False, even=True, start=_ZERO, duration=shown, frames=None,
            time_base=1 / form.rate,
        )  # fmt: skip
        node = build.retime(node, form.rate, paced, fill=True)
        given = attrs.evolve(facts, duration=shown, time_base=paced.time_base)
        node = _sized(build, node, video, form, given)
    node = build.filter([node], "setsar", {"sar": 1}, given, POINTWISE)
    node = build.filter([node], "format", {"pix_fmts": form.pix_fmt}, given, POINTWISE)
    return build.frames(node, round(seconds * form.rate), facts)


def _sized(build: PartBuilder, node: str, video: VideoStream, form: PictureForm, facts: VideoStream) -> str:
    """*node* scaled to the size of *form*, with bars or without what is over."""
    scaled, size = form.scaled(video), form.size
    if (video.width, video.height) != (scaled.width, scaled.height):
        node = build.filter([node], "scale", {"w": scaled.width, "h": scaled.height}, facts, POINTWISE)
    if scaled == size:
        return node
    if form.fit == "cover":
        cropped: _Options = {"w": size.width, "h": size.height, "exact": True}
        return build.filter([node], "crop", cropped, facts, POINTWISE)
    across, down = (size.width - scaled.width) // 2, (size.height - scaled.height) // 2
    padded: _Options = {"w": size.width, "h": size.height, "x": across, "y": down, "color": form.background}
    return build.filter([node], "pad", padded, facts, POINTWISE)


def held_to_its_end(build: PartBuilder, stream: str, video: VideoStream) -> str:
    """The picture *stream* with its last frame once more just before it ends, where that is known."""
    if video.end is None:
        return stream
    further = 2  # after a filter of several pictures FFmpeg before 9.0 shows the first at once: that ends with its last
    if video.vfr is not False and video.frame_rate:
        further = max(2, math.ceil(min(video.duration or Fraction(0), _LONG) * video.frame_rate))
    if video.time_base is None or video.time_base > _MILLISECOND:  # it has no time just before the end
        stream = build.filter([stream], "settb", {"expr": _MICROSECONDS}, video, OPAQUE)
    node = build.filter([stream], "tpad", {"stop_mode": "clone", "stop": further}, video, OPAQUE)
    last = seconds_text(max(Fraction(0), video.end - _MILLISECOND))
    return build.filter([node], "setpts", {"expr": Expr(f"min(PTS,round({last}/TB))")}, video, OPAQUE)


def in_sound_form(build: PartBuilder, stream: str, track: AudioStream, form: SoundForm) -> str:
    """The sound track *stream* in *form*, with silence where it has gaps and before it begins."""
    facts = sound_facts(form, track, track.end)
    filled: _Options = {
        "sample_rate": form.rate, "async": 1, "first_pts": 0,
    }  # fmt: skip
    node = build.filter([stream], "aresample", filled, facts, OPAQUE)
    return build.filter([node], "aformat", _alike(form), facts, OPAQUE)


def _alike(form: SoundForm) -> _Options:
    return {"sample_fmts": form.sample_fmt, "sample_rates": form.rate, "channel_layouts": form.layout}


def sound_part(
    build: PartBuilder, stream: tuple[str, AudioStream] | None, form: SoundForm, begin: Fraction, end: Fraction
) -> str:
    """The sound of [begin, end) of the whole: *stream* in *form*, or silence without one."""
    count = samples(end, form) - samples(begin, form)
    facts = sound_facts(form, stream[1] if stream is not None else None, Fraction(count, form.rate))
    if stream is None:
        silence: _Options = {"channel_layout": form.layout, "sample_rate": form.rate, "duration": _ceiled(end - begin)}
        node = build.filter([], "anullsrc", silence, facts, OPAQUE)
        node = build.filter([node], "aformat", _alike(form), facts, OPAQUE)
    else:
        node = in_sound_form(build, *stream, form)
    node = build.filter([node], "apad", {"whole_len": count}, facts, OPAQUE)
    node = build.filter([node], "atrim", {"end_sample": count}, facts, OPAQUE)
    # Where there was no sound at all, what is added has no time, and FFmpeg 9.0 joins nothing without one.
    return build.filter([node], "asetpts", {"expr": _COUNTED}, facts, OPAQUE)


def _ceiled(time: Fraction) -> Fraction:
    """*time* in whole microseconds, not less than it: options that are durations take no quotients."""
    return Fraction(math.ceil(time * 1_000_000), 1_000_000)
