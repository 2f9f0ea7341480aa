"""A look at a file: some of its pictures in a row, or its sound as a wave, as a PNG for people.

For displays and reports only; nothing is decided by what comes out of it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from mediapipeline.errors import EngineError
from mediapipeline.ffmpeg.command import Command, InputFile, OutputFile
from mediapipeline.ffmpeg.demuxers import SAFE_DEMUXERS, forced_format
from mediapipeline.ffmpeg.engine import ReadyEngine
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.filtergraph import Chain, Filter, FilterGraph, InputStream, Label
from mediapipeline.ffmpeg.process import run_tool
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.timecode import seconds_text

__all__ = ["look", "moments"]

_WIDTH = 200
_TIMEOUT_SECONDS = 30
_OUTPUT = "sheet"
_Options: TypeAlias = tuple[tuple[str, str], ...]


def moments(media: MediaInfo, count: int = 5) -> tuple[Fraction, ...]:
    """Times spread over a clip, seconds from its own start: the middles of *count* equal parts."""
    if media.still or not media.duration:
        return (Fraction(0),)
    return tuple(media.duration * (2 * part + 1) / (2 * count) for part in range(count))


def look(path: Path, media: MediaInfo, *, engine: ReadyEngine, at: Sequence[Fraction] | None = None) -> bytes | None:
    """The pictures of *path* at some moments, side by side, or the wave of its first sound track.

    Args:
        path: The file.
        media: What it is.
        engine: The FFmpeg that decodes it.
        at: Moments, seconds from its own start; default, five that are spread over it.

    Returns:
        A PNG; None of what has neither picture nor sound, or cannot be opened or decoded.
    """
    if media.video is None and not media.audio:
        return None
    try:
        forced = _forced(path)
    except OSError:  # it is gone, or not ours to read: a display does without the picture
        return None
    if media.video is not None:
        command = _pictures(forced, media, moments(media) if at is None else at)
    else:
        command = _wave(forced, media)
    with tempfile.TemporaryDirectory(prefix="mediapipeline-look-") as folder:
        sheet = Path(folder) / "sheet.png"
        paths = {"file": str(path.absolute()), _OUTPUT: str(sheet)}
        argv = command.argv(
            binary=str(engine.binaries.ffmpeg), paths=paths, features=engine.capabilities, progress=None
        )
        try:
            run_tool(argv, env=environment(Path(folder)), timeout=_TIMEOUT_SECONDS)
        except EngineError:  # too slow, or gone: a display does without the picture
            return None
        return sheet.read_bytes() if sheet.is_file() else None


def _pictures(forced: _Options, media: MediaInfo, at: Sequence[Fraction]) -> Command:
    assert media.video is not None
    inputs, chains = [], []
    for number, moment in enumerate(at):
        # Seconds from the start of the file, which is where FFmpeg seeks from.
        seek = () if media.still or not moment else (("ss", seconds_text(moment)),)
        inputs.append(_input((*forced, *seek)))
        small = (
            Filter("scale", (("w", _WIDTH), ("h", -2))),
            Filter("setsar", (("sar", 1),)),
            Filter("format", (("pix_fmts", "rgb24"),)),
            Filter("trim", (("end_frame", 1),)),
        )
        chains.append(Chain((InputStream(number, media.video.index),), small, (Label(f"p{number}"),)))
    if len(chains) > 1:
        row = Filter("hstack", (("inputs", len(chains)),))
        chains.append(Chain(tuple(chain.outputs[0] for chain in chains), (row,), (Label("row0"),)))
    return _command(inputs, chains)


def _wave(forced: _Options, media: MediaInfo) -> Command:
    mono = Filter("aformat", (("channel_layouts", "mono"),))
    wave = Filter("showwavespic", (("s", "1000x120"), ("split_channels", 0), ("filter", "peak")))
    # Silence is a line, and not an empty picture, which looks as if something had failed. (drawbox, which would be the
    # filter for it, crashes FFmpeg 5.1 where it replaces what is transparent.)
    line = Filter("geq", (("r", 59), ("g", 130), ("b", 246), ("a", "max(alpha(X,Y),255*eq(Y,60))")))
    filters = (mono, wave, line)
    return _command([_input(forced)], [Chain((InputStream(0, media.audio[0].index),), filters, (Label("row0"),))])


def _forced(path: Path) -> _Options:
    """The demuxer, where FFmpeg's own guess is not to be trusted."""
    with path.open("rb") as file:
        name = forced_format(path.name, file.read(16))
    return () if name is None else (("f", name),)


def _input(options: _Options) -> InputFile:
    return InputFile(file="file", options=options, demuxers=SAFE_DEMUXERS)


def _command(inputs: Sequence[InputFile], chains: Sequence[Chain]) -> Command:
    output = OutputFile(
        file=_OUTPUT, muxer="image2pipe", maps=(chains[-1].outputs[0],), options=(("c:v:0", "png"), ("frames:v", "1"))
    )
    return Command(inputs=tuple(inputs), graph=FilterGraph(tuple(chains)), outputs=(output,))
