"""What files hold, decoded: frames by their checksums and times, sound sample by sample; all of a run in one process.

FFmpeg itself decodes, so that authors of operators need nothing but the library and an FFmpeg.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import attrs

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import run_tool
from mediapipeline.media.info import MediaInfo
from mediapipeline.testing.decoded import read_hashes
from mediapipeline.testing.media import ClipError

__all__ = ["Content", "Sound", "decode", "differences", "same_sound", "same_times"]

_TICK = Fraction(1, 1000)
"""Seconds by which times may differ: Matroska counts milliseconds."""


@attrs.frozen
class Sound:
    """One track: 16-bit samples, channel by channel within each."""

    rate: int
    channels: int
    samples: bytes = attrs.field(repr=False)

    @property
    def count(self) -> int:
        """Samples of each channel."""
        return len(self.samples) // (2 * self.channels)

    def part(self, start: Fraction, end: Fraction) -> bytes:
        """The samples from *start* to *end*, seconds from the first."""
        return self.samples[round(start * self.rate) * 2 * self.channels : round(end * self.rate) * 2 * self.channels]


@attrs.frozen(kw_only=True)
class Content:
    """A decoded file.

    Attributes:
        times: Seconds from the file's start at which each frame of the picture is shown.
        frames: A checksum of each.
        sound: Every track.
        low_bits: Whether the first frame of a picture of ten bits uses the two that eight lack; None for others.
    """

    times: tuple[Fraction, ...] = ()
    frames: tuple[str, ...] = ()
    sound: tuple[Sound, ...] = ()
    low_bits: bool | None = None


def decode(engine: Engine, files: Mapping[str, tuple[Path, MediaInfo]]) -> dict[str, Content]:
    """Decode *files*, each with what was probed of it, in one process.

    Raises:
        ClipError: FFmpeg cannot.
    """
    with tempfile.TemporaryDirectory(prefix="mediapipeline-decoded-") as name:
        folder = Path(name)
        words = [str(engine.ffmpeg), "-v", "error", "-nostdin", "-y"]
        words += [word for path, _ in files.values() for word in ("-i", f"file:{path}")]
        outputs = [word for at, (_, info) in enumerate(files.values()) for word in _outputs(at, info, folder / f"{at}")]
        if outputs:
            said = run_tool([*words, *outputs], env=environment(folder), timeout=120)
            if said.exit_code:
                raise ClipError(f"{', '.join(files)} cannot be decoded: {said.stderr.strip()}")
        return {each: _read(info, folder / f"{at}") for at, (each, (_, info)) in enumerate(files.items())}


def _deep(info: MediaInfo) -> bool:
    return info.video is not None and (info.video.pix_fmt or "").endswith("10le")


def _outputs(number: int, info: MediaInfo, stem: Path) -> Iterator[str]:
    """What FFmpeg is to write of its input of that number, to files that begin with *stem*."""
    if info.video is not None:
        yield from ("-map", f"{number}:v:0", "-fps_mode", "passthrough", "-enc_time_base:v", "1/90000")
        yield from ("-f", "framehash", "-hash", "md5", f"file:{stem}.frames")
    if _deep(info):
        yield from ("-map", f"{number}:v:0", "-frames:v", "1", "-f", "rawvideo", f"file:{stem}.first")
    for at in range(len(info.audio)):
        yield from ("-map", f"{number}:a:{at}", "-f", "s16le", f"file:{stem}.sound{at}")


def _read(info: MediaInfo, stem: Path) -> Content:
    hashes = Path(f"{stem}.frames").read_text(encoding="ascii").splitlines() if info.video is not None else []
    picture = next(iter(read_hashes(hashes)), None)
    return Content(
        times=() if picture is None else picture.times,
        frames=() if picture is None else picture.digests,
        sound=tuple(
            Sound(track.sample_rate or 1, track.channels or 1, Path(f"{stem}.sound{at}").read_bytes())
            for at, track in enumerate(info.audio)
        ),
        low_bits=any(low & 3 for low in Path(f"{stem}.first").read_bytes()[::2]) if _deep(info) else None,
    )


def same_times(one: Content, other: Content) -> bool:
    """Whether both show as many frames, at the same times."""
    return len(one.times) == len(other.times) and all(
        abs(a - b) <= _TICK for a, b in zip(one.times, other.times, strict=True)
    )


def differences(one: Content, other: Content, names: tuple[str, str]) -> Iterator[str]:
    """Where two files differ, in sentences that call them by *names*."""
    first, second = names
    if not same_times(one, other):
        yield (
            f"{first} shows {len(one.times)} frames ({_span(one)}), {second} {len(other.times)} ({_span(other)})"
            if len(one.times) != len(other.times)
            else f"frames are shown at other times: {_span(one)} in {first}, {_span(other)} in {second}"
        )
    elif wrong := [at for at, (a, b) in enumerate(zip(one.frames, other.frames, strict=True)) if a != b]:
        yield (
            f"{len(wrong)} of {len(one.frames)} frames differ between {first} and {second}, "
            f"from frame {wrong[0]} at {float(one.times[wrong[0]]):.3f} s on"
        )
    if len(one.sound) != len(other.sound):
        yield f"{first} has {len(one.sound)} sound tracks, {second} {len(other.sound)}"
    else:
        for at, (a, b) in enumerate(zip(one.sound, other.sound, strict=True)):
            yield from same_sound(a, b, f"sound track {at}", names)


def same_sound(one: Sound, other: Sound, what: str, names: tuple[str, str]) -> Iterator[str]:
    """Where two tracks differ."""
    shapes = [f"{each.count} samples of {each.channels} channels at {each.rate} Hz" for each in (one, other)]
    if shapes[0] != shapes[1]:
        yield f"{what} is {shapes[0]} in {names[0]}, {shapes[1]} in {names[1]}"
    elif one.samples != other.samples:
        size = 2 * one.channels
        starts = range(0, len(one.samples), size)
        wrong = [at for at in starts if one.samples[at : at + size] != other.samples[at : at + size]]
        yield (
            f"{what}: {len(wrong)} of {one.count} samples differ between {names[0]} and {names[1]}, "
            f"from {wrong[0] / size / one.rate:.4f} s on"
        )


def _span(decoded: Content) -> str:
    return f"{float(decoded.times[0]):.3f}..{float(decoded.times[-1]):.3f} s" if decoded.times else "nothing"
