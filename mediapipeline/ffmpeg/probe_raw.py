"""What libavformat says of a file, in its own terms: every prober fills this in, and `describe` says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import attrs

from mediapipeline.ffmpeg.probe_packets import Packet
from mediapipeline.media.streams import Chapter, Color

__all__ = ["DIGITS", "RawMedia", "RawStream"]

DIGITS = 16
"""Hexadecimal digits that are kept of a digest."""


@attrs.frozen(kw_only=True)
class RawStream:
    """A stream as libavformat describes it; times are counts of `time_base`. Absent is None."""

    index: int
    kind: str
    codec: str | None
    time_base: Fraction
    start: int | None = None
    duration: int | None = None
    bit_rate: int | None = None
    frames: int | None = None
    tags: Mapping[str, str] = attrs.field(factory=dict)
    default: bool = False
    forced: bool = False
    attached_picture: bool = False
    profile: str | None = None
    width: int = 0
    height: int = 0
    sar: Fraction | None = None
    turned: int | None = None
    """Degrees counter-clockwise by the display matrix; None where there is none."""
    average_rate: Fraction | None = None
    base_rate: Fraction | None = None
    pix_fmt: str | None = None
    color: Color = attrs.field(factory=Color)
    field_order: str | None = None
    reorder: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    channel_layout: str | None = None
    sample_fmt: str | None = None
    extradata: str | None = None
    """SHA-256, shortened."""
    timestamps: tuple[int, ...] = ()
    """Presentation times of the packets in the window; empty where some have none."""
    end: int | None = None
    """Time at which the last packet ends; None where the end was not read."""
    first: Packet | None = None
    """The first packet, whether it is shown or not."""
    packet: int | None = None
    """How long each packet is, but the last; None where they differ."""
    leading: int | None = None
    """The most pictures that come after a key frame and are shown before it; None where none but the first was seen."""
    refreshed: bool | None = None
    """Whether the second key frame is made of other pictures; None where it was not seen, or not looked into."""


@attrs.frozen(kw_only=True)
class RawMedia:
    """A file as libavformat describes it."""

    format: str
    start_us: int | None = None
    duration_us: int | None = None
    tags: Mapping[str, str] = attrs.field(factory=dict)
    streams: tuple[RawStream, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    complete: bool = False
    """Whether the window holds the whole file."""
