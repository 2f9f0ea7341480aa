"""The clips that jobs run on: made once by FFmpeg and kept in ``.cache/benchmarks``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["FOLDER", "clip"]

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks"
_SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:beep_factor=4"]


def _picture(size: str, rate: str = "25") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]


_AVC = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-crf",
    "23",
    "-g",
    "50",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-b:a",
    "128k",
]
_RECIPES: dict[str, list[str]] = {
    "long.mp4": [*_picture("640x360"), *_SOUND, *_AVC, "-t", "600"],
    "long.ts": [*_picture("640x360"), *_SOUND, *_AVC, "-t", "120"],
    "hd.mp4": [*_picture("1280x720"), *_SOUND, *_AVC, "-t", "20"],
    "logo.png": ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=1", "-frames:v", "1"],
}


def clip(name: str) -> Path:
    """The clip of that name; made if it is not there yet."""
    path = FOLDER / name
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{name}")
        command = [str(default_engine().binaries.ffmpeg), "-v", "error", "-nostdin", "-y", *_RECIPES[name], str(made)]
        subprocess.run(command, check=True)
        made.rename(path)
    return path
