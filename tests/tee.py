"""A plugin with a step of its own that hands streams on as they are: what tests of such steps share."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from mediapipeline.operators import Category, Clip, Lowering, Operator, Registry, operator
from mediapipeline.steps import CustomStep, ReaderGone, StepContext

CP = shutil.which("cp") or "/bin/cp"


@operator("acme.tee", category=Category.PICTURE)
class Tee(Operator):
    """Hand on picture and sound, each in a step of its own."""

    note: str = "none"

    def lower(self, work: Lowering) -> Clip:
        clip = work.clip
        told = {"note": self.note}
        if clip.video is not None:
            clip = clip.with_video(work.custom_video(clip.video, "acme.tee", told))
        return clip.with_audio(work.custom_audio(track, "acme.tee", told) for track in clip.audio)


def registry() -> Registry:
    """The shipped operators and `Tee`."""
    found = Registry.discover()
    found.register(Tee)
    return found


class Copier:
    """Copies the pipe byte for byte, by a process; with *before*, after that is done."""

    def __init__(self, before: Callable[[CustomStep, StepContext], Awaitable[None]] | None = None) -> None:
        self.before = before
        self.ran: list[CustomStep] = []

    async def run(self, step: CustomStep, context: StepContext) -> None:
        self.ran.append(step)
        if self.before is not None:
            await self.before(step, context)
        source, target = context.path(step.inputs[0]), context.path(step.output)
        outcome = await context.run_process([CP, str(source), str(target)])
        if outcome.exit_code == -signal.SIGPIPE:
            raise ReaderGone
        assert outcome.exit_code == 0, outcome.stderr


def tee(source: str, made: str, **params: Any) -> dict[str, Any]:
    return {"op": "acme.tee", "input": source, "output": made, "params": params}
