"""``mediapipeline operators doctor``: which installed operators can be used here, and why the others can't.

Every operator is imported, which nothing else does: otherwise what is wrong with a package shows when a job uses it.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from mediapipeline.cli.terminal import one_line

if TYPE_CHECKING:
    from mediapipeline.ffmpeg.features import Capabilities
    from mediapipeline.operators.registry import Registry

__all__ = ["describe", "examine"]


def examine(registry: Registry, found: Capabilities | None) -> dict[str, Any]:
    """What is wrong, as plain values; ``sound`` says whether every installed package is.

    Args:
        registry: The operators.
        found: What FFmpeg can do; None where there is none, and then nobody knows what operators lack.
    """
    from mediapipeline.errors import PluginError

    usable: dict[str, dict[str, Any]] = {}
    broken: dict[str, dict[str, Any]] = {}
    for name in registry:
        try:
            cls = registry.load(name)
        except PluginError as error:
            broken[name] = error.to_dict() | {"where": _where(error)}
        else:
            lacks = [] if found is None else list(found.missing(cls.definition.requires))
            usable[name] = {"provider": registry.provider(name), "lacks": lacks}
    faults = [error.to_dict() for error in registry.faults]
    return {
        "sound": not broken and not faults,
        "ffmpeg": None if found is None else found.version_text,
        "usable": usable,
        "broken": broken,
        "left_out": faults,
        "switched_off": dict(registry.switched_off),
    }


def _where(error: BaseException) -> str | None:
    """The last line of somebody else's that was run, where a package failed by itself."""
    cause = error.__cause__
    if cause is None:
        return None
    if isinstance(cause, SyntaxError) and cause.filename is not None:
        return f"{cause.filename}, line {cause.lineno}"
    frames = [frame for frame in traceback.extract_tb(cause.__traceback__) if "importlib" not in frame.filename]
    return f"{frames[-1].filename}, line {frames[-1].lineno}" if len(frames) > 1 else None


def describe(facts: dict[str, Any]) -> list[str]:
    """The same for people."""
    lines = []
    for name, error in facts["broken"].items():
        lines.append(f"{name}: {one_line(error['message'])}")
        lines += [f"  in {error['where']}"] if error["where"] else []
    lines += [f"left out: {one_line(error['message'])}" for error in facts["left_out"]]
    lacking = {name: each["lacks"] for name, each in facts["usable"].items() if each["lacks"]}
    lines += [f"{name}: this FFmpeg ({facts['ffmpeg']}) lacks {', '.join(lack)}" for name, lack in lacking.items()]
    if facts["switched_off"]:
        off = ", ".join(f"{name} ({package})" for name, package in sorted(facts["switched_off"].items()))
        lines.append(f"switched off by MEDIAPIPELINE_PLUGINS: {off}")
    if facts["ffmpeg"] is None:
        lines.append("there is no FFmpeg here: whether it has what operators need was not looked at")
    able = [name for name in facts["usable"] if name not in lacking]
    lines += [""] if lines else []
    count = len(facts["usable"]) + len(facts["broken"])
    lines.append(f"{len(able)} of {count} operators can be used: {', '.join(able) or 'none'}")
    return lines
