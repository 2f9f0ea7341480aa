"""Looks at many still pictures at once, as the frames of one sequence: a process for each takes longer than making it.

Whoever finds that something is wrong with one of them looks at each by itself, to say with which, and what.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.ffmpeg.demuxers import forced_format, is_still_format
from mediapipeline.ffmpeg.probe_file import look_at
from mediapipeline.media.info import MediaInfo

__all__ = ["AT_ONCE", "joined", "seen", "sequence_argv"]

AT_ONCE = 50
"""Pictures of one sequence: what FFmpeg says of them has to be kept."""

_FRAME = re.compile(r"\[Parsed_showinfo_\d+ @ \w+\] \[info\] n:.*? fmt:(\S+) .*?sar:(\d+)/(\d+) s:(\d+)x(\d+) ")
_PATTERN = "%"  # a name for which the format is always told


def joined(files: Sequence[Path], whole: Path) -> str | None:
    """Write *files* one after the other into *whole*; the format of all of them.

    None if they are not all pictures of one format, and nothing is written.
    """
    formats = set()
    for file in files:
        with file.open("rb") as content:
            formats.add(forced_format(_PATTERN, content.read(16)))
    if len(formats) != 1 or not is_still_format(next(iter(formats))):
        return None
    with whole.open("wb") as sequence:
        for file in files:
            with file.open("rb") as content:
                shutil.copyfileobj(content, sequence)
    return formats.pop()


def sequence_argv(ffmpeg: Path, whole: Path, name: str, threads: int | None) -> list[str]:
    """The command that decodes every picture of *whole* and tells its size.

    It ends at the first that cannot be decoded. What a decoder says is not enough to know it by: from 7.0 on it runs
    beside the filter, which prints its lines in pieces, and what comes between two pieces has no tag (measured: in one
    run of twenty).
    """
    limit = [] if threads is None else ["-threads", str(threads)]
    return [
        str(ffmpeg), "-hide_banner", "-nostdin", "-xerror", "-loglevel", "level+info", "-nostats",
        "-progress", "pipe:1", "-protocol_whitelist", "file", "-format_whitelist", name, *limit,
        "-err_detect", "explode", "-f", name, "-i", f"file:{whole}",
        "-map", "0:v", "-vf", "showinfo", "-fps_mode", "passthrough", "-f", "null", "-",
    ]  # fmt: skip


def seen(files: Sequence[Path], first: MediaInfo, stderr: str) -> list[MediaInfo] | None:
    """The facts of each of *files*, from what FFmpeg said of their sequence; None if it is not one picture of each.

    Args:
        files: In order.
        first: What a prober says of the first.
        stderr: What FFmpeg said.
    """
    frames = _FRAME.findall(stderr)
    if first.video is None or len(frames) != len(files) or "[error]" in stderr or "[fatal]" in stderr:
        return None
    found = []
    for file, (pix_fmt, above, below, width, height) in zip(files, frames, strict=True):
        sar = Fraction(int(above), int(below)) if int(above) and int(below) else None
        video = attrs.evolve(first.video, width=int(width), height=int(height), pix_fmt=pix_fmt, sar=sar)
        facts = look_at(file)
        found.append(attrs.evolve(first, video=video, size=facts.size, fingerprint=facts.fingerprint))
    return found if found[0] == first else None
