"""The clips that jobs run on: made once by FFmpeg and kept in ``.cache/benchmarks``.

Each is kept beside others of its recipe: with another recipe it is another file, whatever its name.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from mediapipeline.ffmpeg.engine import default_engine

__all__ = ["FOLDER", "clip", "make_all"]

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "benchmarks"


def _picture(size: str, rate: str = "25") -> list[str]:
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]


def _sound(what: str = "sine=frequency=440:sample_rate=48000:beep_factor=4") -> list[str]:
    return ["-f", "lavfi", "-i", what]


_SPEECH = (
    "aevalsrc='0.1*sin(440*2*PI*t)*(0.6+0.4*sin(2*PI*0.7*t))|0.1*sin(554*2*PI*t)*(0.6+0.4*sin(2*PI*0.9*t))':s=48000"
)
_AVC = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-g", "50", "-pix_fmt", "yuv420p"]
_FAR_APART = ["-c:v", "libx264", "-preset", "superfast", "-crf", "30", "-g", "250", "-keyint_min", "250"]  # key frames
_AAC = ["-c:a", "aac", "-b:a", "128k"]
_HEVC = ["-c:v", "libx265", "-preset", "ultrafast", "-crf", "24", "-x265-params", "keyint=30:log-level=error"]
_RECIPES: dict[str, list[str]] = {
    "long.mp4": [*_picture("640x360"), *_sound(), *_AVC, *_AAC, "-t", "600"],
    "stream.ts": [*_picture("640x360"), *_sound(), *_AVC, *_AAC, "-t", "600"],
    "hd.mp4": [*_picture("1280x720"), *_sound(), *_AVC, *_AAC, "-t", "20"],
    "hd-long.mp4": [*_picture("1280x720"), *_sound(), *_AVC, *_AAC, "-t", "80"],
    "film.mp4": [*_picture("640x360"), *_sound(_SPEECH), *_AVC, *_AAC, "-t", "960"],
    # As much to decode as what a phone records: noise makes 29 Mb/s of it.
    "uhd.mp4": [
        *_picture("3840x2160", "30"), *_sound(), "-vf", "noise=alls=8:allf=t", *_HEVC, "-pix_fmt", "yuv420p",
        *_AAC, "-t", "6",
    ],
    "archive.mp4": [*_picture("1280x720"), *_FAR_APART, "-pix_fmt", "yuv420p", "-t", "600"],
    "talk.mp4": [*_picture("640x360"), *_sound(_SPEECH), *_AVC, *_AAC, "-t", "180"],
    **{
        f"part{number}.mp4": [
            *_picture("640x360"), *_sound(f"sine=frequency={220 * number}:sample_rate=48000"), *_AVC, *_AAC, "-t", "60",
        ]
        for number in (1, 2, 3)
    },
    "wide.mp4": [*_picture("1280x720"), *_sound(), *_AVC, *_AAC, "-t", "6"],
    "dv.mp4": [*_picture("720x576"), *_sound(), "-vf", "setsar=16/15", *_AVC, *_AAC, "-t", "6"],
    "silent.mp4": [*_picture("640x480", "30"), *_AVC, "-t", "6"],
    "phone.mp4": [
        *_picture("540x960", "30000/1001"), *_sound("sine=frequency=330:sample_rate=44100"), *_AVC, *_AAC, "-t", "6",
    ],
    "logo.png": ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=1", "-frames:v", "1"],
}  # fmt: skip


def clip(name: str) -> Path:
    """The clip of that name; made if it is not there yet."""
    recipe = hashlib.sha256("\0".join(_RECIPES[name]).encode()).hexdigest()[:8]
    path = FOLDER / recipe / name
    if not path.exists():
        print(f"making {name}", flush=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(f"making-{os.getpid()}-{name}")  # another run may be at it
        command = [str(default_engine().binaries.ffmpeg), "-v", "error", "-nostdin", "-y", *_RECIPES[name], str(made)]
        subprocess.run(command, check=True)
        made.replace(path)
    return path


def make_all() -> None:
    """Make what is not there yet, so that nobody has to who is measured."""
    for name in _RECIPES:
        clip(name)
