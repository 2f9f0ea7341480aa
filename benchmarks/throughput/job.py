"""`Job`: one job in three forms that give the same result.

*ours* is a job document; *expert* the fastest FFmpeg commands that somebody who knows FFmpeg would write by hand (a
better one is welcome); *crowd* what is found in answers on the web: one command a step, filters instead of seeks, or
what users of MoviePy and ffmpeg-python write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs

from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["AAC", "AVC", "Job", "Size", "codec", "document", "encode", "op"]

AAC = ["-c:a", "aac", "-b:a", "128k"]


@attrs.frozen
class Size:
    """How much work a job is.

    Attributes:
        preset: Of x264; empty where the long form encodes no picture.
        seconds: Length of what is made, where a job has a choice.
        long: Whether it is the long form, on longer clips where there are.
    """

    preset: str
    seconds: int
    long: bool = False


@attrs.frozen(kw_only=True)
class Job:
    """One job.

    Attributes:
        name: On the command line.
        title: For the table.
        title_long: Of the long form, where it is another.
        ours: The document, given the folder for its outputs and the size.
        expert: Runs commands.
        crowd: Likewise, or Python.
        check: Whether two folders hold the same; a sentence that says what is, or an error.
        strategies: For the planner.
        rewrite: Whether there is a rewrite that the crowd misses, so that half its time is the goal.
        long: Its form for parity, which is asked for of ten seconds and more of the expert's; the crowd's takes part
            only where it does not take several times as long. None of a job whose other clip has one.
        check_long: The check of that, where it is another.
        other: Why ours does not run the expert's commands, where it is on purpose.
    """

    name: str
    title: str
    ours: Callable[[Path, Size], dict[str, Any]]
    expert: Callable[[Shell, Size], None]
    crowd: Callable[[Shell, Size], None]
    check: Callable[[Path, Path], str]
    strategies: Mapping[str, str] = attrs.field(factory=dict)
    rewrite: bool = True
    long: Size | None
    crowd_long: bool = False
    check_long: Callable[[Path, Path], str] | None = None
    title_long: str = ""
    other: str = ""


def codec(size: Size) -> dict[str, Any]:
    """H.264 and AAC, encoded."""
    video = {"codec": "libx264", "preset": size.preset, "crf": 23}
    return {"video": video, "audio": {"codec": "aac", "bitrate": "128k"}}


def encode(size: Size) -> list[str]:
    """The same as options of FFmpeg."""
    return ["-c:v", "libx264", "-preset", size.preset, "-crf", "23", "-pix_fmt", "yuv420p", *AAC]


AVC = ["-movflags", "+faststart"]


def document(
    inputs: Mapping[str, str], operations: list[dict[str, Any]], outputs: Mapping[str, tuple[str, str, Any]]
) -> dict[str, Any]:
    """A job document: clips by input id, and for each output the clip, the destination and the codec."""
    return {
        "inputs": [{"id": name, "source": str(clip(source))} for name, source in inputs.items()],
        "operations": operations,
        "outputs": [
            {"id": name, "input": what, "destination": path, **(how if isinstance(how, dict) else {})}
            for name, (what, path, how) in outputs.items()
        ],
    }


def op(op: str, source: str | list[str] | dict[str, str], made: str, **params: Any) -> dict[str, Any]:
    """An operation of a document."""
    return {"op": op, ("input" if isinstance(source, str) else "inputs"): source, "output": made, "params": params}
