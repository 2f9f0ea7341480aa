"""What an edit list hides: packets that a copy takes along.

Files that were cut without encoding (by phones, by ``ffmpeg -ss … -c copy``) begin with the key frame before the cut,
and say from when on they are to be shown. In a container that cannot say so, what was cut off would be back. Files that
hide something after their beginning (from QuickTime Player, say) are not copied into any container: FFmpeg 5.1 writes
what is hidden at the end into MP4, and no version leaves out what is hidden between two parts. Subtitles are not copied
at all if some of them are hidden: they are taken out of their file, and cut.
"""

from __future__ import annotations

from fractions import Fraction

from mediapipeline.media.container import Container
from mediapipeline.media.streams import AudioStream, Stream, SubtitleStream, VideoStream
from mediapipeline.media.timeline import cut_stream

__all__ = ["as_seen", "brought_to_light", "read_apart", "seen_until"]

_WARM_UP = Fraction(1, 10)
"""Seconds that nobody misses: what encoders put before sound, and what decoders of it (Opus) take to get going."""
_PACKETS = 3
"""How many packets that may be: two and a half of HE-AAC, which lasts longer at low rates."""
_FRAMES, _SHARE = 2, 1000
"""By how many frames, or what part of all, headers may be off; as in `mediapipeline.ffmpeg.probe_rates`."""


def brought_to_light(info: Stream, container: Container) -> str | None:
    """Why a copy into *container* would show or play what its file hides, as part of a sentence; None where it won't.

    Args:
        info: The stream as the file has it, whatever part of it is copied: of a part the first key frame may be one
            that is hidden.
        container: What it would be copied to.
    """
    if not isinstance(info, VideoStream | AudioStream) or info.preroll is None:
        return None
    if isinstance(info, VideoStream) and (later := _later(info)):
        return f"the file hides {float(later):.3g} s of pictures after its beginning, which a copy would show"
    if container.hides:
        return None
    spare = max(_PACKETS * (info.packet or 0), _WARM_UP) if isinstance(info, AudioStream) else 0
    if info.preroll <= spare:
        return None
    what = "pictures" if isinstance(info, VideoStream) else "sound"
    hidden = f"{float(info.preroll):.3g} s of {what} before its beginning"
    return f"the file hides {hidden}, and {container.name} cannot hide it"


def read_apart(info: Stream) -> str | None:
    """Why subtitles have to be taken out of their file and cut, so that hidden ones are not shown; None if not.

    FFmpeg changes the times of subtitles whose beginning an edit list hides, moves a whole file that begins with cues
    before time 0, and before 9.0 does not tell how long those in fragments are shown.
    """
    if not isinstance(info, SubtitleStream):
        return None
    if info.preroll or info.postroll:
        return "an edit list hides some of them, and FFmpeg would show the others at other times"
    if (info.start or 0) < 0:
        return "some come before the clip"
    return "not every FFmpeg tells how long those in fragments are shown" if info.in_fragments else None


def seen_until(info: SubtitleStream) -> Fraction | None:
    """When those begin that an edit list hides after the end of subtitles, seconds; None where it hides none."""
    return info.end if info.postroll else None


def as_seen(info: SubtitleStream) -> SubtitleStream:
    """Subtitles without those that nobody is to see."""
    return cut_stream(info, Fraction(0), seen_until(info)) if read_apart(info) else info


def _later(info: VideoStream) -> Fraction | None:
    """About how many seconds are hidden after the beginning: the header counts all frames, and times those shown.

    The rate of a file that says how many frames it has is that of all of them, even where it varies. Where it is
    interlaced, a frame may be counted twice.
    """
    if not info.frames or not info.frame_rate or info.duration is None or info.interlaced:
        return None
    found = info.frames / info.frame_rate - info.duration - max(info.preroll or Fraction(0), Fraction(0))
    return found if found * info.frame_rate > max(Fraction(_FRAMES), Fraction(info.frames, _SHARE)) else None
