"""Sound brought to a loudness."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.throughput import checks
from benchmarks.throughput.job import AAC, AVC, Job, Size, document, op
from benchmarks.throughput.media import clip
from benchmarks.throughput.shell import Shell

__all__ = ["LOUDNESS"]

_TARGET, _PEAK = -18, -1.5


def _source(size: Size) -> str:
    return "film.mp4" if size.long else "talk.mp4"


def _ours(folder: Path, size: Size) -> dict[str, Any]:
    loud = op("loudnorm", "in", "out", target_lufs=_TARGET, target_tp=_PEAK)
    wanted = {"video": "h264", "audio": {"codec": "aac", "bitrate": "128k"}}
    return document({"in": _source(size)}, [loud], {"out": ("out", str(folder / "out.mp4"), {"codec": wanted})})


def _expert(shell: Shell, size: Size) -> None:
    """One measurement of the sound alone, one gain, the picture copied; where peaks and range allow a gain."""
    source = clip(_source(size))
    said = shell.ffmpeg("-i", source, "-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-")
    found = re.findall(r"I:\s+(-?[\d.]+) LUFS", said)
    gain = _TARGET - float(found[-1])
    shell.ffmpeg("-i", source, "-c:v", "copy", "-af", f"volume={gain:.2f}dB", *AAC, *AVC, shell.path("out.mp4"))


def _crowd(shell: Shell, size: Size) -> None:
    """Two passes of loudnorm over the whole file, as most answers have it."""
    source, aim = clip(_source(size)), f"loudnorm=I={_TARGET}:TP={_PEAK}:LRA=11"
    said = shell.ffmpeg("-i", source, "-af", f"{aim}:print_format=json", "-f", "null", "-")
    found = dict(re.findall(r'"(\w+)" : "([^"]+)"', said))
    measured = (
        f"measured_I={found['input_i']}:measured_TP={found['input_tp']}:measured_LRA={found['input_lra']}"
        f":measured_thresh={found['input_thresh']}:offset={found['target_offset']}:linear=true"
    )
    shell.ffmpeg("-i", source, "-af", f"{aim}:{measured}", "-ar", "48000", shell.path("out.mp4"))


LOUDNESS = Job(
    name="loudness", title="loudness of 3 min, picture kept", ours=_ours, expert=_expert, crowd=_crowd,
    check=checks.loudness(_TARGET, _PEAK), long=Size("", 960, long=True),
    title_long="loudness of 16 min, picture kept",
)  # fmt: skip
