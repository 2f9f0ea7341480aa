"""``mediapipeline doctor``: whether a job can run here, and if not, why."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from mediapipeline.cli.exits import DONE, FAILED
from mediapipeline.cli.job import add_ffmpeg
from mediapipeline.cli.terminal import Terminal, one_line

if TYPE_CHECKING:
    from pathlib import Path

    from mediapipeline.ffmpeg.binary import Engine
    from mediapipeline.ffmpeg.features import Capabilities

__all__ = ["DESCRIPTION", "add_arguments", "execute"]

DESCRIPTION = """\
Look at everything that a run needs: FFmpeg and where it was looked for, what
reads files (ffprobe or PyAV), features and encoders that are missing, the
cache folder, and operators that cannot be loaded.

The exit code is 0 where a job can run, else 1."""

_OLDEST = (5, 1)
_COMMON = ("h264", "hevc", "vp9", "av1", "aac", "mp3", "opus", "flac", "mov_text", "webvtt", "png", "mjpeg")
_ORIGINS = {
    "explicit": "named by --ffmpeg",
    "environment": "named by MEDIAPIPELINE_FFMPEG",
    "path": "found on PATH",
    "wheel": "of the wheel imageio-ffmpeg",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--format", choices=["text", "json"], default="text", help="what to print (default: text)")
    add_ffmpeg(parser)


def execute(args: argparse.Namespace, terminal: Terminal) -> int:
    """Run the command and return its exit code."""
    facts = examine(args.ffmpeg)
    if args.format == "json":
        terminal.data(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    else:
        for line in describe(facts):
            terminal.say(line)
    return DONE if facts["ready"] else FAILED


def examine(ffmpeg: str | None) -> dict[str, Any]:
    """Everything that was found, as plain values; ``ready`` says whether a job can run."""
    from importlib import metadata

    from mediapipeline.errors import EngineError
    from mediapipeline.ffmpeg.binary import find_ffmpeg
    from mediapipeline.ffmpeg.detect import cache_folder, capabilities
    from mediapipeline.operators.registry import default_registry

    engine: Engine | None = None
    found: Capabilities | None = None
    errors: list[str] = []
    warnings: list[str] = []
    try:
        engine = find_ffmpeg(ffmpeg)
        found = capabilities(engine)
    except EngineError as error:
        errors.append(str(error))
    pyav = _pyav()
    prober = "ffprobe" if engine is not None and engine.ffprobe is not None else "PyAV" if pyav["works"] else None
    if prober is None:
        errors.append(
            "nothing can probe media: no ffprobe beside FFmpeg, and no PyAV; "
            'pip install "mediapipeline[ffmpeg]" brings PyAV, ffprobe comes with FFmpeg from the system\'s packages'
        )
    if found is not None and found.version is not None and found.version < _OLDEST:
        warnings.append(f"FFmpeg {found.version_text} is older than 5.1, the oldest that is supported")
    names, broken = _operators(found)
    warnings += map(str, default_registry().faults)
    folder = cache_folder()
    return {
        "ready": not errors,
        "mediapipeline": metadata.version("mediapipeline"),
        "python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "ffmpeg": {
            "path": None if engine is None else str(engine.ffmpeg),
            "origin": None if engine is None else engine.origin,
            "version": None if found is None else found.version_text,
            "places": _places(ffmpeg),
        },
        "ffprobe": str(engine.ffprobe) if engine is not None and engine.ffprobe is not None else None,
        "pyav": pyav,
        "prober": prober,
        "cannot_encode": [] if found is None else _cannot_encode(found),
        "operators": names,
        "broken_operators": broken,
        "cache": {"folder": None if folder is None else str(folder), "writable": _writable(folder)},
        "errors": errors,
        "warnings": warnings,
    }


def _places(explicit: str | None) -> dict[str, str]:
    """Where FFmpeg is looked for, in this order, and what is there."""
    from importlib import metadata

    from mediapipeline.ffmpeg.binary import ENVIRONMENT_VARIABLE

    wheel = find_spec("imageio_ffmpeg")
    return {
        "--ffmpeg": explicit or "not given",
        ENVIRONMENT_VARIABLE: os.environ.get(ENVIRONMENT_VARIABLE) or "not set",
        "PATH": shutil.which("ffmpeg") or "no ffmpeg",
        "wheel imageio-ffmpeg": "not installed" if wheel is None else f"version {metadata.version('imageio-ffmpeg')}",
    }


def _pyav() -> dict[str, Any]:
    if find_spec("av") is None:
        return {"installed": False, "works": False, "version": None, "error": None}
    try:
        import av
    except Exception as error:  # noqa: BLE001 - whatever a broken installation raises when it is imported
        return {"installed": True, "works": False, "version": None, "error": repr(error)}
    return {"installed": True, "works": True, "version": av.__version__, "error": None}


def _operators(found: Capabilities | None) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The operators with what FFmpeg lacks for each, and those that cannot be loaded with the reason."""
    from mediapipeline.errors import PluginError
    from mediapipeline.operators.registry import default_registry

    registry = default_registry()
    names: dict[str, list[str]] = {}
    broken: dict[str, str] = {}
    for name in registry:
        try:
            requires = registry.load(name).definition.requires
            names[name] = [] if found is None else list(found.missing(requires))
        except PluginError as error:
            broken[name] = str(error)
        except ValueError as error:  # a requirement that has not the form of one
            broken[name] = f"{error} (from {registry.provider(name)})"
    return names, broken


def _cannot_encode(found: Capabilities) -> list[str]:
    from mediapipeline.media.encoders import encoders_for

    return [
        f"{codec} ({' or '.join(encoder.name for encoder in encoders_for(codec))})"
        for codec in _COMMON
        if not any(found.has(f"encoder:{encoder.name}") for encoder in encoders_for(codec))
    ]


def _writable(folder: Path | None) -> bool:
    """Whether the folder could be made, or written to."""
    if folder is None:
        return False
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def describe(facts: dict[str, Any]) -> list[str]:
    """The same for people."""
    ffmpeg, pyav, cache = facts["ffmpeg"], facts["pyav"], facts["cache"]
    lines = [f"mediapipeline {facts['mediapipeline']}, Python {facts['python']}", ""]
    if ffmpeg["path"] is None:
        lines.append("FFmpeg     not found")
    else:
        lines.append(
            f"FFmpeg     {ffmpeg['version'] or 'does not answer'}, {ffmpeg['path']}, {_ORIGINS[ffmpeg['origin']]}"
        )
    lines += [f"           {place}: {what}" for place, what in ffmpeg["places"].items()]
    lines.append(f"ffprobe    {facts['ffprobe'] or 'none'}")
    state = pyav["version"] or ("not installed" if not pyav["installed"] else f"broken: {pyav['error']}")
    lines.append(f"PyAV       {state}")
    lines.append(f"probing    {'by ' + facts['prober'] if facts['prober'] else 'impossible'}")
    if ffmpeg["version"] is not None:
        common = f"all of {', '.join(_COMMON)}"
        lines.append(f"encoding   {'not ' + ', '.join(facts['cannot_encode']) if facts['cannot_encode'] else common}")
    folder = cache["folder"] or "none: there is no home folder"
    lines.append(
        f"cache      {folder}{'' if cache['writable'] else ' (cannot be written; features are asked for anew)'}"
    )
    lines.append(f"operators  {len(facts['operators'])}: {', '.join(facts['operators']) or 'none'}")
    lines += [f"           {name} lacks {', '.join(lack)}" for name, lack in facts["operators"].items() if lack]
    lines += [f"           {name} cannot be loaded: {one_line(why)}" for name, why in facts["broken_operators"].items()]
    lines.append("")
    lines += [f"warning: {warning}" for warning in facts["warnings"]]
    lines += [f"error: {error}" for error in facts["errors"]]
    lines.append("A job can run." if facts["ready"] else "No job can run here.")
    return lines
