"""Whether a stream may be copied in part at all, wherever its packets lie: what smart cut asks before it looks at them.

Nothing is assumed: what is not known, or has not been proven to play, is a reason against it, for people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from mediapipeline.media.container import container_named
from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.streams import Encode, Node, Sink

__all__ = ["PROFILES", "PROVEN", "Reason", "ruled_out", "unable"]

Reason: TypeAlias = str

PROVEN = ("mp4", "mov", "mkv", "ts")
"""Containers that play what is copied in part."""

PROFILES = {"Baseline": "baseline", "Constrained Baseline": "baseline", "Main": "main", "High": "high"}
"""Profiles that edges can be encoded in: x264's name by FFmpeg's."""

_SUBSAMPLED = frozenset({"yuv420p", "yuvj420p"})
_ALIKE = {
    "width": "size", "height": "size", "sar": "shape of pixels", "pix_fmt": "pixel format", "profile": "profile",
    "frame_rate": "frame rate", "color": "colour",
}  # fmt: skip


def ruled_out(infos: Sequence[VideoStream], encode: Encode, sinks: Iterable[Node]) -> Reason | None:
    """Why nothing of streams with these facts can be copied, one part after the other, wherever their packets lie.

    Args:
        infos: Of the sources of the parts.
        encode: What would be done instead.
        sinks: What takes it.
    """
    if encode.pinned is not None:
        return encode.pinned
    written = [sink.container for sink in sinks if isinstance(sink, Sink)]
    for info in infos:
        if info.codec != "h264":
            return f"only h264 is cut like this, not {info.codec}"
        if (reason := _unwanted(info, encode, written)) is not None:
            return reason
    others = [container for container in written if container not in PROVEN]
    if others:
        return f"it has not been proven to play in {others[0]}"
    unsuited = next((reason for info in infos if (reason := _unsuited(info)) is not None), None)
    return unsuited or next((reason for info in infos if (reason := _unlike(info, infos[0])) is not None), None)


def _unwanted(info: VideoStream, encode: Encode, containers: Sequence[str]) -> Reason | None:
    """Why the job or the container asks for encoding."""
    refusing = next((name for name in containers if not container_named(name).takes("video", info.codec)), None)
    if refusing is not None:
        return f"{refusing} does not take {info.codec}"
    if not encode.copy_codecs:
        return "the job gives settings for an encoder"
    return None if info.codec in encode.copy_codecs else f"the job asks for {encode.info.codec}"


def unable(encode: Encode) -> Reason | None:
    """Why what lies between key frames cannot be encoded."""
    if encode.faults:
        return f"its edges cannot be encoded: {encode.faults[0].message}"
    return None if encode.encoder == "libx264" else f"its edges take libx264, not {encode.encoder}"


def _unsuited(info: VideoStream) -> Reason | None:
    """Why the stream as a whole does not allow it."""
    if info.pix_fmt not in _SUBSAMPLED or info.profile not in PROFILES:
        return f"only 4:2:0 of 8 bits is cut like this, not {info.pix_fmt}, profile {info.profile}"
    if info.interlaced is not False:
        return "it is not known to be progressive"
    if info.rotation or info.rotation_by_tag:
        return "it is rotated: players turn frames that are copied, and those that are encoded are upright"
    if info.vfr is not False or not info.frame_rate:
        return "its frames are not known to be evenly spaced"
    return None


def _unlike(info: VideoStream, first: VideoStream) -> Reason | None:
    """Why packets of *info* cannot follow those of *first*: what players settle once for all of a stream."""
    found = dict[str, None]()
    for name, word in _ALIKE.items():
        one, other = getattr(first, name), getattr(info, name)
        if one != other and not (name == "sar" and {one, other} <= {None, 1}):
            found[word] = None
    return f"its parts differ in {', '.join(found)}" if found else None
