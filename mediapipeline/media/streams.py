"""The streams of a media file, as facts.

A fact that is not known is None, never a guess. Sizes are display sizes: rotation is applied, sample aspect
ratio is not. Times are exact rationals in seconds, rates are fractions. Nothing here reads a file.
"""

from __future__ import annotations

from fractions import Fraction

import attrs

__all__ = ["AudioStream", "Chapter", "Color", "DataStream", "Stream", "SubtitleStream", "VideoStream"]


@attrs.frozen(kw_only=True)
class Color:
    """Colour description of a picture, in FFmpeg's names (``tv``, ``bt709``, ``smpte2084``, …)."""

    range: str | None = None
    space: str | None = None
    primaries: str | None = None
    transfer: str | None = None


@attrs.frozen(kw_only=True)
class _BaseStream:
    index: int
    """Position in the container, counted over all streams."""
    codec: str | None = None
    """FFmpeg's codec name (``h264``, ``aac``), not an encoder name."""
    start: Fraction | None = None
    """Time of the first frame, seconds."""
    duration: Fraction | None = None
    """Time from the first frame to the end of the last, seconds."""
    time_base: Fraction | None = None
    bit_rate: int | None = None
    """Bits per second."""
    language: str | None = None
    title: str | None = None
    default: bool = False
    forced: bool = False

    @property
    def end(self) -> Fraction | None:
        """Time at which the last frame ends, seconds."""
        return self.start + self.duration if self.start and self.duration is not None else self.duration


@attrs.frozen(kw_only=True)
class VideoStream(_BaseStream):
    """A picture stream."""

    width: int
    """Display width, pixels: rotation applied, sample aspect ratio not."""
    height: int
    sar: Fraction | None = None
    """Sample aspect ratio as displayed (after rotation); None where the stream does not say."""
    rotation: int = 0
    """Degrees clockwise by which a player turns the coded picture: 0, 90, 180 or 270."""
    rotation_by_tag: bool = False
    """Whether the rotation is only a tag, which FFmpeg does not apply by itself when it decodes."""
    frame_rate: Fraction | None = None
    """Frames per second; the average where `vfr`."""
    vfr: bool | None = None
    """Whether frames are unevenly spaced."""
    even: bool | None = None
    """Whether it is known of every frame that it begins exactly where `frame_rate` says, counted from `start`: those at
    the beginning of the file do, and there are as many as that takes. Not so where a clock rounds their times."""
    frames: int | None = None
    pix_fmt: str | None = None
    profile: str | None = None
    color: Color = Color()
    interlaced: bool | None = None
    reorder: int | None = None
    """Frames by which B-frames delay decoding."""
    leading: int | None = None
    """Frames that are decoded after a key frame and shown before it, at most, as far as the beginning of the file
    tells: more than 0 where groups of pictures are open; None where no second key frame was seen."""
    refreshed: bool | None = None
    """Whether pictures are refreshed bit by bit: no key frame but the first shows all of the picture. None where no
    second key frame was seen, or looked into."""
    extradata: str | None = None
    """Digest of what a decoder has to be told before the first packet (of H.264, the parameter sets)."""
    preroll: Fraction | None = None
    """Seconds from the packet that is decoded first to `start`: more than 0 where an edit list hides what lies before,
    less where pictures are shown before the key frame that they come after."""
    delay: Fraction | None = None
    """Seconds by which that packet is decoded before it is shown."""

    @property
    def kind(self) -> str:
        return "video"


@attrs.frozen(kw_only=True)
class AudioStream(_BaseStream):
    """A sound track."""

    sample_rate: int | None = None
    """Hz."""
    channels: int | None = None
    channel_layout: str | None = None
    """FFmpeg's name (``mono``, ``stereo``, ``5.1``)."""
    sample_fmt: str | None = None
    profile: str | None = None
    extradata: str | None = None
    """Digest of what a decoder has to be told before the first packet."""
    preroll: Fraction | None = None
    """Seconds of packets before `start`: a decoder takes them to get into its stride, and nobody hears them."""
    packet: Fraction | None = None
    """Seconds that each packet lasts, of all that were looked at but the last; None where they differ."""

    @property
    def kind(self) -> str:
        return "audio"


@attrs.frozen(kw_only=True)
class SubtitleStream(_BaseStream):
    """A subtitle track; `text` tells cues of text from pictures."""

    text: bool = True
    preroll: Fraction | None = None
    """Seconds of it before `start` that an edit list hides."""
    postroll: bool = False
    """Whether an edit list hides some of it after its end."""
    in_parts: bool = False
    """Whether an edit list shows it in parts, later or at another speed: when, FFmpeg does not tell."""
    in_fragments: bool = False
    """Whether it lies in fragments of an MP4 file: how long each text is shown, FFmpeg before 9.0 does not tell."""

    @property
    def kind(self) -> str:
        return "subtitle"


@attrs.frozen(kw_only=True)
class DataStream(_BaseStream):
    """A stream that is neither picture, sound nor subtitle (timecode tracks, fonts)."""

    @property
    def kind(self) -> str:
        return "data"


Stream = VideoStream | AudioStream | SubtitleStream | DataStream


@attrs.frozen
class Chapter:
    """A named part of the timeline, [start, end) in seconds."""

    start: Fraction
    end: Fraction
    title: str | None = None
