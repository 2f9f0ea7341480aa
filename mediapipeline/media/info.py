"""`MediaInfo`: everything the library knows of a clip, be it a file or an edge of a job's graph."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import attrs

from mediapipeline.media.streams import AudioStream, Chapter, DataStream, Stream, SubtitleStream, VideoStream

__all__ = ["MediaInfo"]


def _frozen_mapping(value: Mapping[str, str]) -> Mapping[str, str]:
    return dict(value)


@attrs.frozen(kw_only=True)
class MediaInfo:
    """The facts of a clip. Unknown is None.

    The same type describes a file as a prober saw it, a clip on an edge of a job's graph (there times count from
    the clip's own start, so `start` is 0) and an output as it is expected to be.
    """

    format: str | None = None
    """FFmpeg's name of the container (``mov,mp4,m4a,3gp,3g2,mj2``)."""
    duration: Fraction | None = None
    """Seconds from `start` to the end of the last stream."""
    start: Fraction | None = None
    """Time of the first frame of the first stream, seconds."""
    size: int | None = None
    """Bytes."""
    bit_rate: int | None = None
    """Bits per second, of the whole."""
    still: bool = False
    """Whether this is one picture (PNG, JPEG, …) rather than something that lasts."""
    video: VideoStream | None = None
    """The main picture stream; cover art is not video."""
    other_video: tuple[VideoStream, ...] = ()
    audio: tuple[AudioStream, ...] = ()
    subtitles: tuple[SubtitleStream, ...] = ()
    covers: tuple[VideoStream, ...] = ()
    """Attached pictures."""
    data: tuple[DataStream, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    metadata: Mapping[str, str] = attrs.field(factory=dict, converter=_frozen_mapping, hash=False)
    """Tags of the container (title, artist, …), without the technical ones that a muxer writes by itself."""
    fingerprint: str | None = None
    """Short digest that changes when the file changes."""
    files: tuple[MediaInfo, ...] = ()
    """The facts of each file, of what is several files rather than one; then everything else is unknown."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Every stream, in the order of the container."""
        first = (self.video,) if self.video is not None else ()
        found: tuple[Stream, ...] = (
            *first, *self.other_video, *self.audio, *self.subtitles, *self.covers, *self.data,
        )  # fmt: skip
        return tuple(sorted(found, key=lambda stream: stream.index))
