"""A result as notebooks show it: what came out, with a look at each output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediapipeline.display import Markup, escaped, picture, table
from mediapipeline.errors import EngineError
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.look import look

if TYPE_CHECKING:
    from mediapipeline.executor.result import ExecutionResult

__all__ = ["mimebundle"]

_MOST_LOOKS = 12  # FFmpeg runs for each, and whoever shows the result waits


def mimebundle(result: ExecutionResult) -> dict[str, str]:
    """The forms in which a notebook can show a result.

    The first of the outputs that are still there are looked at: FFmpeg runs.
    """
    rows = [
        (output.id, str(output.path), f"{output.size} bytes", "; ".join(output.checks))
        for output in result.outputs.values()
    ]
    lines = [f"{name}: {path} ({size})" for name, path, size, _ in rows]
    parts = [table(("output", "file", "size", "verified"), rows)]
    parts += [Markup(f"<p>{escaped(f'warning: {warning}')}</p>") for warning in result.warnings]
    return {"text/plain": "\n".join(lines), "text/html": "".join([*parts, *_pictures(result)])}


def _pictures(result: ExecutionResult) -> list[str]:
    try:
        engine = default_engine()
    except EngineError:  # a result may be shown where there is no FFmpeg
        return []
    there = [output for output in result.outputs.values() if output.path.is_file()][:_MOST_LOOKS]
    looks = [(look(output.path, output.media, engine=engine), output.id) for output in there]
    shown = [picture(png, name) for png, name in looks if png is not None]
    more = len(result.outputs) - _MOST_LOOKS
    return [*shown, *([Markup(f"<p>… and {more:,} more outputs</p>")] if shown and more > 0 else [])]
