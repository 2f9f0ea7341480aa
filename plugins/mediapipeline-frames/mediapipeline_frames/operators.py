"""The operators: what a job says, checked against what the host allows, and the steps it becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, TypeAlias

from mediapipeline.errors import Problem
from mediapipeline.media import VideoStream
from mediapipeline.operators import AUDIO, VIDEO, AudioRef, Category, Clip, Facts, Lowering, Operator, operator
from mediapipeline.params import Param
from mediapipeline_frames.allowed import NAME, VARIABLE, is_allowed

__all__ = ["RUNNER", "Picture", "Sound"]

RUNNER = "frames.apply"
"""The name of `mediapipeline_frames.runner.FramesRunner` among the runners of steps."""

Argument: TypeAlias = str | int | float | bool
Arguments: TypeAlias = Annotated[
    Mapping[str, Argument] | None, Param("What the function is given by name, besides the frame")
]

_MATRICES = {
    "bt709": "bt709",
    "fcc": "fcc",
    "bt470bg": "bt470",
    "smpte170m": "smpte170m",
    "smpte240m": "smpte240m",
    "bt2020nc": "bt2020",
}
"""FFmpeg's ``scale`` has names of its own for how luma and chroma are made of red, green and blue."""
_LIGHT = frozenset({"yuv420p", "yuv422p"})
_ITU = {"bt709": "itu709", "smpte170m": "itu601", "bt470bg": "itu601"}
"""PyAV's names of matrices."""
_EXACT = frozenset({"h264", "hevc", "vp8", "vp9", "ffv1"})
"""Codecs that are decoded to the same frames by whatever follows their specifications."""
_DEEP = re.compile(r"p0?(9|10|12|14|16)|(48|64)(le|be)|gray(9|1\d)")


def _refused(function: str) -> Iterable[Problem]:
    if not is_allowed(function):
        yield Problem(
            "/function", "function-not-allowed", f"the host does not allow jobs to run {function}",
            f"whoever runs the host may, with mediapipeline_frames.allow({function!r}) or in {VARIABLE}", "planning",
        )  # fmt: skip


@operator(
    "frames.picture",
    category=Category.PICTURE,
    inputs={"clip": VIDEO},
    requires=["filter:format", "filter:scale", "filter:setsar", "filter:setparams"],
)
class Picture(Operator):
    """Send every frame of the picture through a Python function.

    The function takes a NumPy array and returns one of the same shape and type; it may change the one it is given. It
    is called once a frame, in order, in a process of its own. Parameters of it that are called ``number`` and ``time``
    get the number of the frame, from 0 on, and its time in seconds, a Fraction. Only functions that the host allows can
    be named.
    """

    function: Annotated[str, Param("module:function, one that the host allows", pattern=NAME, examples=["acme:blur"])]
    arguments: Arguments = None
    pixels: Annotated[
        Literal["rgb24", "rgba", "gray", "rgb48", "gray16", "yuv444p"],
        Param(
            "What the function gets: rgb24 is height x width x 3 of uint8, rgba has 4, gray none; rgb48 and gray16 are"
            " uint16; yuv444p is 3 x height x width of uint8"
        ),
    ] = "rgb24"

    def check(self, facts: Facts) -> Iterable[Problem]:
        return _refused(self.function)

    def lower(self, work: Lowering) -> Clip:
        clip = work.clip
        assert clip.video is not None  # the port takes nothing else
        info = clip.video.info
        deep = self.pixels in {"rgb48", "gray16"}
        if not deep and info.pix_fmt is not None and _DEEP.search(info.pix_fmt):
            work.report(f"{self.function} gets 8 of the bits of {info.pix_fmt}; set pixels to rgb48 or gray16 for all")
        layout = f"{self.pixels}le" if deep else self.pixels
        # Between RGB and what is half as large the process of the function converts: less goes through the pipes.
        light = layout == "rgb24" and info.pix_fmt in _LIGHT and info.color.range != "pc"
        light = light and info.color.space in {None, *_ITU}
        carried = info.pix_fmt if light else layout
        arrays = work.filter(clip.video, "format", pix_fmts=carried)
        told = {
            "kind": "video", "function": self.function, "arguments": dict(self.arguments or {}), "pixels": layout,
            "carried": carried, "matrix": _ITU.get(info.color.space or ""),
        }  # fmt: skip
        made = work.custom_video(arrays, RUNNER, told, info=info, opens=info.codec in _EXACT)
        if info.pix_fmt is not None and not light:
            full = info.color.range == "pc" or info.pix_fmt.startswith("yuvj")
            made = work.filter(
                made, "scale", out_color_matrix=_MATRICES.get(info.color.space or ""), out_range="pc" if full else "tv"
            )
            made = work.filter(made, "format", pix_fmts=info.pix_fmt)
        said = _said(info)
        if any(said.values()):
            made = work.filter(made, "setparams", **said)
        return clip.with_video(work.filter(made, "setsar", sar=info.sar or 1))


def _said(info: VideoStream) -> dict[str, str | None]:
    """What arrays do not say of themselves."""
    color = info.color
    found = {"range": color.range, "color_primaries": color.primaries, "color_trc": color.transfer}
    return {**found, "colorspace": color.space if color.space in _MATRICES else None}


@operator(
    "frames.sound",
    category=Category.AUDIO,
    inputs={"clip": AUDIO},
    requires=["filter:asetnsamples", "filter:channelmap", "filter:aformat"],
)
class Sound(Operator):
    """Send every sound track, block by block, through a Python function.

    The function takes a NumPy array of samples x channels, float64 between -1 and 1, and returns one of the same shape;
    it may change the one it is given. It is called once a block, in order, with a process for each track. Parameters of
    it that are called ``number``, ``time`` and ``sample_rate`` get the number of the block, its time in seconds, a
    Fraction, and Hz. Only functions that the host allows can be named.
    """

    function: Annotated[str, Param("module:function, one that the host allows", pattern=NAME, examples=["acme:hush"])]
    arguments: Arguments = None
    block: Annotated[int, Param("Samples of a block; the last one may have fewer", ge=16, le=1_000_000)] = 4800

    def check(self, facts: Facts) -> Iterable[Problem]:
        return _refused(self.function)

    def lower(self, work: Lowering) -> Clip:
        return work.clip.with_audio(self._track(work, track) for track in work.clip.audio)

    def _track(self, work: Lowering, track: AudioRef) -> AudioRef:
        blocks = work.filter_audio(track, "asetnsamples", nb_out_samples=self.block, pad=False)
        told = {"kind": "audio", "function": self.function, "arguments": dict(self.arguments or {})}
        made = work.custom_audio(blocks, RUNNER, told, info=track.info)
        channels, layout = track.info.channels, track.info.channel_layout
        if channels is not None and channels > 2 and layout is not None:
            places = "|".join(map(str, range(channels)))  # arrays do not say which channel is which
            made = work.filter_audio(made, "channelmap", map=places, channel_layout=layout)
        if track.info.sample_fmt is not None:
            made = work.filter_audio(made, "aformat", sample_fmts=track.info.sample_fmt)
        return made
