"""What an edit list hides: packets before the beginning of a stream, which a copy takes along.

Files that were cut without encoding (by phones, by ``ffmpeg -ss … -c copy``) begin with the key frame before the cut,
and say from when on they are shown. In a container that cannot say it, what was cut off would be there again.
"""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.container import Container
from mediapipeline.media.streams import AudioStream, Stream, VideoStream

__all__ = ["brought_to_light"]

_WARM_UP = Fraction(1, 10)
"""Seconds that nobody misses: what encoders put before sound, and what decoders of it (Opus) take to get going."""
_PACKETS = 3
"""How many packets that may be: two and a half of HE-AAC, which lasts longer at low rates."""


def brought_to_light(info: Stream, container: Container) -> str | None:
    """Why a copy into *container* would show or play what its file hides, as part of a sentence; None where it won't.

    Args:
        info: The stream as the file has it, whatever part of it is copied: of a part the first key frame may be one
            that is hidden.
        container: What it would be copied to.
    """
    if container.hides or not isinstance(info, VideoStream | AudioStream) or info.preroll is None:
        return None
    spare = max(_PACKETS * (info.packet or 0), _WARM_UP) if isinstance(info, AudioStream) else 0
    if info.preroll <= spare:
        return None
    what = "pictures" if isinstance(info, VideoStream) else "sound"
    return f"the file hides {float(info.preroll):.3g} s of {what} before its beginning, and {container.name} cannot"
