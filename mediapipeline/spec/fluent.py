"""The shipped operators as methods of a clip that is being built.

Written by `tests/fluent.py` from the declarations of the operators, and held against them by a test. Nothing here is
imported from them: an operator is used by its name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Required, TypedDict, Unpack

from mediapipeline.media.geometry import Resolution
from mediapipeline.media.timecode import Timecode, TimeValue

if TYPE_CHECKING:
    from mediapipeline.spec.build import ClipBuilder

__all__ = ["ShippedOperators"]


class ConcatParameters(TypedDict, total=False):
    """Of `ShippedOperators.concat`."""

    fit: Literal["contain", "cover", "stretch"]
    size: Resolution | str | Mapping[str, int]
    fps: TimeValue | Literal["first", "max"]
    background: str
    fill_audio: bool


class FpsParameters(TypedDict, total=False):
    """Of `ShippedOperators.fps`."""

    fps: Required[TimeValue]


class HlsParameters(TypedDict, total=False):
    """Of `ShippedOperators.hls`."""

    segment: TimeValue
    segment_type: Literal["fmp4", "ts"]


class LoudnormParameters(TypedDict, total=False):
    """Of `ShippedOperators.loudnorm`."""

    target_lufs: float
    target_tp: float
    target_lra: float
    mode: Literal["two_pass", "single"]
    dual_mono: bool | None
    sample_rate: int | None


class MixParameters(TypedDict, total=False):
    """Of `ShippedOperators.mix`."""

    weights: Sequence[float] | None
    offsets: Sequence[TimeValue] | None
    duration: Literal["longest", "first", "shortest"]
    normalize: bool
    limit: bool


class OverlayParameters(TypedDict, total=False):
    """Of `ShippedOperators.overlay`."""

    position: Literal[
        "top_left",
        "top_center",
        "top_right",
        "center_left",
        "center",
        "center_right",
        "bottom_left",
        "bottom_center",
        "bottom_right",
    ]
    margin: int


class ScaleParameters(TypedDict, total=False):
    """Of `ShippedOperators.scale`."""

    width: int | None
    height: int | None
    size: Resolution | str | Mapping[str, int] | None
    fit: Literal["stretch", "contain", "cover", "pad", "no_upscale"]
    algorithm: Literal["bilinear", "bicubic", "lanczos", "spline", "neighbor", "area"]
    multiple: int


class ThumbnailParameters(TypedDict, total=False):
    """Of `ShippedOperators.thumbnail`."""

    at: Sequence[TimeValue | str] | None
    count: int | None
    width: int | None
    height: int | None
    snap: Literal["exact", "keyframe"]


class TrimParameters(TypedDict, total=False):
    """Of `ShippedOperators.trim`."""

    start: Timecode | TimeValue
    end: Timecode | TimeValue | None
    duration: TimeValue | None
    accuracy: Literal["frame", "keyframe"]
    clamp: bool


class VolumeParameters(TypedDict, total=False):
    """Of `ShippedOperators.volume`."""

    gain_db: float | None
    factor: float | None
    mute: bool | None


class ShippedOperators(ABC):
    """A method for each operator that comes with the library."""

    __slots__ = ()

    @abstractmethod
    def op(self, op: str, /, *others: ClipBuilder, **params: Any) -> ClipBuilder:
        """Use an operator by its name."""

    def concat(self, *others: ClipBuilder, **params: Unpack[ConcatParameters]) -> ClipBuilder:
        """Play clips one after the other.

        Args:
            *others: The clips after this one.
            fit: How a picture of another shape fills the size: contain lies within it on the background, cover
                fills it and loses what is over, stretch is distorted (default "contain").
            size: Size of the result, or that of the first or largest picture (default "first").
            fps: Frames per second, or those of the first or fastest picture (default "first").
            background: Colour of what no picture covers (default "black").
            fill_audio: Whether a clip that lacks a sound track is silent; otherwise only tracks that all have are
                kept (default true).
        """
        return self.op("concat", *others, **params)

    def fps(self, **params: Unpack[FpsParameters]) -> ClipBuilder:
        """Change the frame rate of the picture.

        Args:
            fps: Frames per second (needed).
        """
        return self.op("fps", **params)

    def hflip(self) -> ClipBuilder:
        """Mirror the picture left to right."""
        return self.op("hflip")

    def hls(self, *others: ClipBuilder, **params: Unpack[HlsParameters]) -> ClipBuilder:
        """Package clips for HTTP Live Streaming.

        Args:
            *others: The clips after this one.
            segment: How long a segment is, s (default "6").
            segment_type: Fragments of MP4, or MPEG-TS for players of before 2016 (default "fmp4").
        """
        return self.op("hls", *others, **params)

    def loudnorm(self, **params: Unpack[LoudnormParameters]) -> ClipBuilder:
        """Bring the sound to a loudness (EBU R 128).

        Args:
            target_lufs: Integrated loudness, LUFS (default -16.0).
            target_tp: True peak that is not exceeded, dBTP (default -1.5).
            target_lra: Loudness range that is not exceeded, LU (default 11.0).
            mode: two_pass measures first; single follows the loudness as it goes, always changes dynamics, is less
                exact (default "two_pass").
            dual_mono: Measure mono as it sounds from two speakers, 3 LU louder; by default so for mono tracks
                (default none).
            sample_rate: Sample rate of the result; default, that of the source, Hz (default none).
        """
        return self.op("loudnorm", **params)

    def mix(self, *others: ClipBuilder, **params: Unpack[MixParameters]) -> ClipBuilder:
        """Play the sound of several clips at the same time.

        Args:
            *others: The clips after this one.
            weights: What each clip's amplitude is multiplied by; 1 for all (default none).
            offsets: How much later each clip begins; 0 for all (default none).
            duration: Which clip's end is the end of the sound (default "longest").
            normalize: Whether each clip is turned down so that no sum can be too loud, to the end of all (default
                false).
            limit: Whether peaks are limited to 95 % of what a file can hold (default true).
        """
        return self.op("mix", *others, **params)

    def overlay(self, overlay: ClipBuilder, /, **params: Unpack[OverlayParameters]) -> ClipBuilder:
        """Put a picture or a video on top of a video.

        Args:
            overlay: Another clip.
            position: Where it stands (default "top_left").
            margin: Distance from the edges it stands at, px (default 0).
        """
        return self.op("overlay", overlay, **params)

    def scale(self, **params: Unpack[ScaleParameters]) -> ClipBuilder:
        """Change the size of the picture.

        Args:
            width: Width; -1 follows from the height, px (default none).
            height: Height; -1 follows from the width, px (default none).
            size: Both sides at once (default none).
            fit: stretch fills the size whatever the shape; contain lies within it; cover fills it and cuts off what
                is over; pad lies within it on black; no_upscale lies within it and is never larger than the source
                (default "stretch").
            algorithm: How pixels are interpolated (default "bicubic").
            multiple: Sides are multiples of it; most encoders need 2 (default 2).
        """
        return self.op("scale", **params)

    def thumbnail(self, **params: Unpack[ThumbnailParameters]) -> ClipBuilder:
        """Take still pictures of the clip.

        Args:
            at: Times from the start of the clip, or shares of its length; 100% is the last frame (default none).
            count: So many, evenly spaced and none at the very start or end (default none).
            width: Width; alone, the height follows, px (default none).
            height: Height; alone, the width follows; with a width, both bound the picture, px (default none).
            snap: keyframe allows the key frame before each time instead, which is many times faster to find
                (default "exact").
        """
        return self.op("thumbnail", **params)

    def trim(self, **params: Unpack[TrimParameters]) -> ClipBuilder:
        """Keep one part of the clip.

        Args:
            start: Where the part begins (default "0").
            end: Where the part ends (default none).
            duration: How long the part is, s (default none).
            accuracy: frame cuts at the exact frame; keyframe lets the part begin earlier, at a key frame, so that
                it can be copied (default "frame").
            clamp: If the clip ends before `start`, take the same length from the end of the clip instead of
                refusing (default false).
        """
        return self.op("trim", **params)

    def vflip(self) -> ClipBuilder:
        """Turn the picture upside down."""
        return self.op("vflip")

    def volume(self, **params: Unpack[VolumeParameters]) -> ClipBuilder:
        """Make the sound louder or quieter.

        Args:
            gain_db: Change; 6 is about twice the amplitude, dB (default none).
            factor: What amplitudes are multiplied by (default none).
            mute: Whether nothing is to be heard (default none).
        """
        return self.op("volume", **params)
