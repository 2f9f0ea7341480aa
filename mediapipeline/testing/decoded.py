"""What a file decodes to, as FFmpeg itself tells: a digest of every frame and of every piece of sound, and its time."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.errors import EngineError
from mediapipeline.ffmpeg.binary import find_ffmpeg
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import run_tool

__all__ = ["PIECE", "Decoded", "DecodedStream", "decode", "read_hashes"]

PIECE = 1024
"""Samples of a piece of sound."""

_HEAD = re.compile(r"#(\w+) (\d+): (.*)")


@attrs.frozen(kw_only=True)
class DecodedStream:
    """Frames of a picture, or pieces of `PIECE` samples, in the order in which they are shown.

    Attributes:
        kind: ``video`` or ``audio``.
        form: What all of them are: ``64x48``, ``48000 Hz stereo``.
        times: Seconds of each.
        digests: Of the pixels or of the samples of each.
    """

    kind: str
    form: str
    times: tuple[Fraction, ...]
    digests: tuple[str, ...]


@attrs.frozen
class Decoded:
    """The pictures and sounds of a file, in its order."""

    streams: tuple[DecodedStream, ...]


def decode(path: Path, *, ffmpeg: str | Path | None = None) -> Decoded:
    """Decode a file, turned as players turn it.

    Args:
        path: The file.
        ffmpeg: Path or name of the FFmpeg to use; default, the one that the library would use.

    Raises:
        FFmpegNotFoundError: There is none.
        EngineError: It cannot decode the file.
    """
    # Each kind is asked for as it may be missing; attached pictures are pictures too, but not ones that are shown.
    argv = [str(find_ffmpeg(ffmpeg).ffmpeg), "-v", "error", "-xerror", "-nostdin", "-i", f"file:{path}"]
    argv += ["-map", "0:V?", "-map", "0:a?", "-c:v", "rawvideo", "-fps_mode:v", "passthrough"]
    argv += ["-enc_time_base:v", "1/1000000", "-c:a", "pcm_s16le", "-af", f"asetnsamples=n={PIECE}:p=0"]
    with tempfile.TemporaryDirectory(prefix="mediapipeline-decode-") as home:
        done = run_tool([*argv, "-f", "framehash", "-hash", "md5", "-"], env=environment(Path(home)), timeout=300)
    if done.exit_code:
        raise EngineError(f"cannot decode {str(path)!r}: {done.stderr.strip()}")
    return Decoded(read_hashes(done.stdout.decode().splitlines()))


def read_hashes(lines: Iterable[str]) -> tuple[DecodedStream, ...]:
    """The streams of what FFmpeg's ``framehash`` muxer wrote."""
    heads: dict[int, dict[str, str]] = {}
    frames: dict[int, list[tuple[Fraction, str]]] = {}
    for line in lines:
        if found := _HEAD.fullmatch(line):
            heads.setdefault(int(found[2]), {})[found[1]] = found[3]
        elif not line.startswith("#"):
            number, _, pts, _, _, digest = (word.strip() for word in line.split(","))
            time = int(pts) * Fraction(heads[int(number)]["tb"])
            frames.setdefault(int(number), []).append((time, digest))
    return tuple(_stream(heads[number], frames.get(number, [])) for number in sorted(heads))


def _stream(head: dict[str, str], frames: list[tuple[Fraction, str]]) -> DecodedStream:
    kind = head["media_type"]
    form = head["dimensions"] if kind == "video" else f"{head['sample_rate']} Hz {head.get('channel_layout_name', '')}"
    return DecodedStream(
        kind=kind, form=form.strip(), times=tuple(time for time, _ in frames), digests=tuple(d for _, d in frames)
    )
