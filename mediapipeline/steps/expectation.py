"""What an output must be: per output, stream and field an exact value, a range, or unknown (not checked)."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, TypeAlias

import attrs

__all__ = ["Expectation", "Range", "StreamExpectation", "StreamKind"]

StreamKind: TypeAlias = Literal["video", "audio", "subtitle"]


@attrs.frozen
class Range:
    """Seconds between which a time must lie, both ends included; None is open."""

    low: Fraction | None
    high: Fraction | None

    def __contains__(self, value: Fraction) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @classmethod
    def around(cls, value: Fraction, tolerance: Fraction) -> Range:
        return cls(max(Fraction(0), value - tolerance), value + tolerance)


@attrs.frozen(kw_only=True)
class StreamExpectation:
    """What one stream of an output must be; a field that is None is not checked."""

    kind: StreamKind
    codec: str | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    pix_fmt: str | None = None
    sample_rate: int | None = None
    channels: int | None = None
    begins_by: Fraction | None = None
    """When the stream begins at the latest, seconds from the start of the output."""
    end: Range | None = None
    """When the stream ends, seconds from the start of the output."""
    frames: int | None = None
    """Exactly so many packets, of the first picture stream."""


@attrs.frozen(kw_only=True)
class Expectation:
    """What an output must be before it is published.

    Attributes:
        demuxer: FFmpeg's name of the container as a prober reports it, or None.
        streams: Exactly these streams, in this order.
        duration: Seconds.
        covers: Number of attached pictures.
        start: When the first picture or sound begins, seconds from the start of the output: all of it may begin late.
    """

    demuxer: str | None = None
    streams: tuple[StreamExpectation, ...] = ()
    duration: Range | None = None
    covers: int = 0
    start: Fraction = Fraction(0)
