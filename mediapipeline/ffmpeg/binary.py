"""Where FFmpeg is: what was named > ``MEDIAPIPELINE_FFMPEG`` > PATH > the wheel of ``imageio-ffmpeg``.

It only looks at files and starts no process; whether what was found can do the work is for `detect` to ask.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from mediapipeline.errors import FFmpegNotFoundError

__all__ = ["ENVIRONMENT_VARIABLE", "Engine", "Origin", "find_ffmpeg"]

Origin: TypeAlias = Literal["explicit", "environment", "path", "wheel"]

ENVIRONMENT_VARIABLE = "MEDIAPIPELINE_FFMPEG"
"""Names the FFmpeg to use where the program itself names none."""

_HOW_TO_GET = (
    'Install one with the system\'s packages (apt install ffmpeg), or as a wheel: pip install "mediapipeline[ffmpeg]". '
    f"One that lies elsewhere can be named by {ENVIRONMENT_VARIABLE}."
)


@attrs.frozen(kw_only=True)
class Engine:
    """An FFmpeg that was found.

    Attributes:
        ffmpeg: Absolute path.
        ffprobe: Absolute path, or None: the wheel brings none.
        origin: Which way it was found.
    """

    ffmpeg: Path
    ffprobe: Path | None
    origin: Origin


def find_ffmpeg(explicit: str | Path | None = None) -> Engine:
    """The FFmpeg to use.

    One that is named, by *explicit* or by the environment, is used or is an error; nothing else is taken in its stead.

    Args:
        explicit: A path, or the name of a program on PATH.

    Raises:
        FFmpegNotFoundError: There is none; the message lists every place that was looked at.
    """
    looked: list[str] = []
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if explicit is not None:
        return _named(str(explicit), "explicit", "the FFmpeg that was asked for", looked)
    if named:
        return _named(named, "environment", ENVIRONMENT_VARIABLE, looked)
    looked.append(f"{ENVIRONMENT_VARIABLE}: not set")
    found = shutil.which("ffmpeg")
    if found is not None:
        ffmpeg = Path(found).absolute()
        return Engine(ffmpeg=ffmpeg, ffprobe=_beside(ffmpeg) or _on_path("ffprobe"), origin="path")
    looked.append(f"PATH: no ffmpeg in {os.environ.get('PATH') or os.defpath}")
    ffmpeg_of_wheel = _in_wheel(looked)
    if ffmpeg_of_wheel is not None:
        return Engine(ffmpeg=ffmpeg_of_wheel, ffprobe=_beside(ffmpeg_of_wheel), origin="wheel")
    raise _not_found(looked)


def _named(name: str, origin: Origin, what: str, looked: list[str]) -> Engine:
    ffmpeg = _on_path(name)
    if ffmpeg is None:
        looked.append(f"{what}: {name!r} {_why_not(name)}")
        raise _not_found(looked)
    return Engine(ffmpeg=ffmpeg, ffprobe=_beside(ffmpeg), origin=origin)


def _on_path(name: str) -> Path | None:
    """*name* as a program: a path where it has a folder in it, else searched for on PATH."""
    found = shutil.which(name)
    return None if found is None else Path(found).absolute()


def _why_not(name: str) -> str:
    path = Path(name)
    if path.is_dir():
        return "is a folder, not a program"
    if path.exists():
        return "is not executable"
    return "does not exist" if len(path.parts) > 1 else f"is not on PATH ({os.environ.get('PATH') or os.defpath})"


def _beside(ffmpeg: Path) -> Path | None:
    """The ffprobe that belongs to *ffmpeg*: of the same folder, of the link or of what it points to, and name."""
    for path in dict.fromkeys((ffmpeg, ffmpeg.resolve())):
        for name in dict.fromkeys((path.name.replace("ffmpeg", "ffprobe"), f"ffprobe{path.suffix}", "ffprobe")):
            found = _on_path(str(path.with_name(name))) if name != path.name else None
            if found is not None:
                return found
    return None


def _in_wheel(looked: list[str]) -> Path | None:
    # Looked up and not imported: the package's own search may start processes, and has an opinion on PATH too.
    spec = find_spec("imageio_ffmpeg")
    if spec is None or not spec.submodule_search_locations:
        looked.append("the wheel imageio-ffmpeg: not installed")
        return None
    folder = Path(spec.submodule_search_locations[0], "binaries")
    for path in sorted(folder.glob("ffmpeg-*"), reverse=True):
        if os.access(path, os.X_OK) and path.is_file():
            return path.absolute()
    looked.append(f"the wheel imageio-ffmpeg: no program in {folder}")
    return None


def _not_found(looked: list[str]) -> FFmpegNotFoundError:
    places = "\n".join(f"  - {place}" for place in looked)
    return FFmpegNotFoundError(f"no FFmpeg was found. Looked at:\n{places}\n{_HOW_TO_GET}")
