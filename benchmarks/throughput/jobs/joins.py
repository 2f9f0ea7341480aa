"""Clips one after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from moviepy import VideoFileClip, concatenate_videoclips

import ffmpeg
from benchmarks.throughput import checks
from benchmarks.throughput.job import AVC, Job, Size, codec, document, encode, op
from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["CONCAT_MIXED", "CONCAT_SAME"]

_SAME = ("part1.mp4", "part2.mp4", "part3.mp4")


def _same(folder: Path, size: Size) -> dict[str, Any]:
    inputs = {f"in{at}": name for at, name in enumerate(_SAME)}
    wanted = {"video": "h264", "audio": "aac"}
    joined = op("concat", list(inputs), "out")
    return document(inputs, [joined], {"out": ("out", str(folder / "out.mp4"), {"codec": wanted})})


def _same_expert(shell: Shell, size: Size) -> None:
    script = shell.folder / "list.txt"
    script.write_text("".join(f"file '{clip(name)}'\n" for name in _SAME))
    shell.ffmpeg("-f", "concat", "-safe", "0", "-i", script, "-c", "copy", *AVC, shell.path("out.mp4"))


def _same_crowd(shell: Shell, size: Size) -> None:
    parts = [ffmpeg.input(str(clip(name))) for name in _SAME]
    joined = ffmpeg.concat(*(stream for part in parts for stream in (part.video, part.audio)), v=1, a=1)
    made = ffmpeg.output(joined, shell.path("out.mp4"), preset=size.preset)
    shell.ffmpeg(*ffmpeg.get_args(made))


CONCAT_SAME = Job(
    name="concat-same", title="three clips of one kind, joined", ours=_same, expert=_same_expert, crowd=_same_crowd,
    check=checks.joined(_SAME), long=Size("", 180, long=True),
    other="reads the clips once for the picture and once for the sound, so that neither drifts, and takes the"
    " parameters that FFmpeg puts before each key frame out again",
)  # fmt: skip

_MIXED = ("wide.mp4", "dv.mp4", "silent.mp4", "phone.mp4")
_SECONDS = 6


def _mixed(folder: Path, size: Size) -> dict[str, Any]:
    inputs = {f"in{at}": name for at, name in enumerate(_MIXED)}
    joined = op("concat", list(inputs), "out")
    return document(inputs, [joined], {"out": ("out", str(folder / "out.mp4"), {"codec": codec(size)})})


def _mixed_expert(shell: Shell, size: Size) -> None:
    words: list[str | Path] = []
    chains = []
    fit = "fps=25,scale=1280:720:force_original_aspect_ratio=decrease,pad=1280:720:-1:-1,setsar=1,format=yuv420p"
    square = "scale=iw*sar:ih,"
    for at, name in enumerate(_MIXED):
        words += ["-i", clip(name)]
        chains.append(f"[{at}:v]{square if name == 'dv.mp4' else ''}{fit}[v{at}]")
        if name == "silent.mp4":
            chains.append(f"anullsrc=r=48000:cl=mono,atrim=end={_SECONDS}[a{at}]")
        else:
            chains.append(f"[{at}:a]aresample=48000,aformat=channel_layouts=mono,apad,atrim=end={_SECONDS}[a{at}]")
    pads = "".join(f"[v{at}][a{at}]" for at in range(len(_MIXED)))
    graph = ";".join([*chains, f"{pads}concat=n={len(_MIXED)}:v=1:a=1[v][a]"])
    shell.ffmpeg(
        *words, "-filter_complex", graph, "-map", "[v]", "-map", "[a]", *encode(size), *AVC, shell.path("out.mp4")
    )


def _mixed_crowd(shell: Shell, size: Size) -> None:
    """As the documentation of MoviePy does it."""
    parts = [VideoFileClip(str(clip(name))) for name in _MIXED]
    made = concatenate_videoclips(parts, method="compose")
    made.write_videofile(
        shell.path("out.mp4"), codec="libx264", preset=size.preset, audio_codec="aac", fps=25, logger=None,
        temp_audiofile_path=str(shell.folder),
    )  # fmt: skip
    for part in parts:
        part.close()


CONCAT_MIXED = Job(
    name="concat-mixed", title="four clips of different size, shape, rate and sound, joined", ours=_mixed,
    expert=_mixed_expert, crowd=_mixed_crowd, check=checks.pictures(), long=Size("slower", 24, long=True),
)  # fmt: skip
