"""Filters in a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.throughput import checks
from benchmarks.throughput.job import AVC, Job, Size, codec, document, encode, op
from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["LOGO"]


def _source(size: Size) -> str:
    return "hd-long.mp4" if size.long else "hd.mp4"


def _logo(folder: Path, size: Size) -> dict[str, Any]:
    operations = [
        op("trim", "in", "cut", start="2s", duration=f"{size.seconds}s"),
        op("scale", "cut", "small", width=854, height=480),
        op("overlay", {"base": "small", "overlay": "logo"}, "out", position="top_right", margin=16),
    ]
    outputs = {"out": ("out", str(folder / "out.mp4"), {"codec": codec(size)})}
    return document({"in": _source(size), "logo": "logo.png"}, operations, outputs)


def _expert(shell: Shell, size: Size) -> None:
    graph = "[0:v]scale=854:480[v];[v][1:v]overlay=W-w-16:16,format=yuv420p[o]"
    shell.ffmpeg(
        "-ss", "2", "-t", str(size.seconds), "-i", clip(_source(size)), "-i", clip("logo.png"),
        "-filter_complex", graph, "-map", "[o]", "-map", "0:a", *encode(size), *AVC, shell.path("out.mp4"),
    )  # fmt: skip


def _crowd(shell: Shell, size: Size) -> None:
    one, two = shell.path("one.mp4"), shell.path("two.mp4")
    shell.ffmpeg("-i", clip(_source(size)), "-ss", "2", "-t", str(size.seconds), *encode(size), one)
    shell.ffmpeg("-i", one, "-vf", "scale=854:480", *encode(size), two)
    graph = "overlay=W-w-16:16:shortest=1"
    shell.ffmpeg(
        "-i", two, "-loop", "1", "-i", clip("logo.png"), "-filter_complex", graph, *encode(size), shell.path("out.mp4")
    )


LOGO = Job(
    name="logo", title="trim, scale and logo", ours=_logo, expert=_expert, crowd=_crowd, check=checks.pictures(),
    long=Size("slow", 54, long=True),
)  # fmt: skip
