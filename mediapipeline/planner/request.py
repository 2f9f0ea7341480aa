"""What a job asks of one output, when its codecs and its container are known."""

from __future__ import annotations

from fractions import Fraction

import attrs

from mediapipeline.media.codec import AudioCodec, VideoCodec
from mediapipeline.media.container import Container

__all__ = ["OutputRequest"]


@attrs.frozen(kw_only=True)
class OutputRequest:
    """What a job asks of one output.

    Attributes:
        path: JSON Pointer of the output.
        video: How pictures are to be coded; None is as fits best.
        audio: How sound is to be coded; None is as fits best.
        part: Name of the file, where the output is a folder of several.
        segment: Seconds of a segment, each of which begins with a key frame; None where the file is one piece.
        only_asked: Whether a kind of stream without settings is left out (the job gave settings for the other kind).
        metadata: Tags that the job sets, over those of the clip; an empty value takes a tag away.
    """

    path: str
    id: str
    part: str | None = None
    segment: Fraction | None = None
    container: Container
    video: VideoCodec | None = None
    audio: AudioCodec | None = None
    only_asked: bool = False
    metadata: tuple[tuple[str, str], ...] = ()
