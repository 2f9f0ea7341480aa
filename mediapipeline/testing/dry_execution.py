"""One dry run: what `mediapipeline.executor.execution.Execution` does around its work, and no work.

A clock that only estimates move, progress that adds up, outputs as planned, and mishaps where a script has them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import attrs

from mediapipeline.executor.compare import checks
from mediapipeline.executor.events import Event, StepFinished, StepStarted, Verified
from mediapipeline.executor.execution import Execution, Settings
from mediapipeline.executor.preflight import Places, find_places
from mediapipeline.executor.result import ExecutionResult, MeasurementResult, StepResult, Taken
from mediapipeline.executor.verify import Checked
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, ProcessingPlan
from mediapipeline.sources.staging import Staged
from mediapipeline.steps.late import fill
from mediapipeline.steps.pipes import joined
from mediapipeline.steps.step import FFmpegStep, Step
from mediapipeline.testing.mishaps import Mishap

__all__ = ["DryExecution", "ScriptedCancel"]

_REPORTS = 4
"""Reports of progress that a step makes."""
_SPEED = 25
"""Seconds of media that an FFmpeg without an estimate gets through in a second."""


class ScriptedCancel(asyncio.CancelledError):
    """A cancellation that a script asked for, and nobody else."""


class DryExecution(Execution):
    """One run.

    Args:
        settings: As those of a real one.
        plan: What to run.
        emit: Takes the events.
        overwrite: As the caller says; nothing is there to be replaced.
        checksums: Whether digests are made up.
        staged: Local files that stand for what the plan names.
        mishaps: What goes wrong, with the id of the step or of the output that it is about.
        measured: What measuring steps find; see `mediapipeline.testing.dry_run.DryRunExecutor`.
    """

    def __init__(
        self,
        settings: Settings,
        plan: ProcessingPlan,
        emit: Callable[[Event], None],
        *,
        overwrite: bool,
        checksums: bool,
        staged: Staged,
        mishaps: Sequence[tuple[Mishap, str]],
        measured: Mapping[str, float | Mapping[str, float]],
    ) -> None:
        super().__init__(settings, plan, emit, overwrite=overwrite, checksums=checksums, staged=staged)
        self._mishaps = mishaps
        self._fields = measured
        self._found: dict[str, Mapping[str, float]] = {}
        self._clock = 0.0

    async def _work(self) -> Places:
        places = find_places(self._plan, self._settings.policy, self._staged)
        await asyncio.sleep(0)
        for group in joined(self._plan.steps):
            await self._run_together(group)
            for output in self._plan.outputs:
                if output.step in {step.id for step in group}:
                    await self._look_at(output)
        return places

    def _result(self, places: Places, wall_seconds: float) -> ExecutionResult:
        return attrs.evolve(super()._result(places, wall_seconds), wall_seconds=self._clock)

    def _due(self, id_: str, *kinds: str) -> list[Mishap]:
        return [mishap for mishap, target in self._mishaps if target == id_ and mishap.kind in kinds]

    async def _run_together(self, steps: Sequence[Step]) -> None:
        """Run steps that hand streams to each other; mostly one alone."""
        begun, length = self._clock, max(map(_wall_seconds, steps))
        commands = {step.id: self._command(step) for step in steps}
        for step in steps:
            self._meter.start(step.id, self._clock)
            self._emit(StepStarted(step=step.id, title=step.title, cpus=min(step.cpus, self._settings.budget.total)))
            await asyncio.sleep(0)
            for mishap in self._due(step.id, "warn"):
                self._warn(mishap.text, step.id)
        ends = [(mishap, step) for step in steps for mishap in self._due(step.id, "fail", "stall", "hang", "cancel")]
        bad = min(ends, key=lambda each: each[0].at, default=None)
        for report in range(1, _REPORTS + 1):
            share = Fraction(report, _REPORTS)
            if bad is not None and share > bad[0].at:
                break
            self._clock = begun + float(share) * length
            for step in steps:
                await self._report(step, share, length)
        if bad is not None:
            mishap, step = bad
            self._clock = begun + mishap.at * length
            await _happen(mishap, step, commands[step.id][0])
        for step in steps:
            self._end(step, length, *commands[step.id])
            await asyncio.sleep(0)

    async def _report(self, step: Step, share: Fraction, length: float) -> None:
        """Tell how far *step* is that takes *length* seconds; those that only move bytes tell nothing."""
        if isinstance(step, FFmpegStep) or _duration(step) is not None:
            progress = _progress(step, share, self._frames(step), length)
            self._emit(self._meter.progress(step.id, progress, self._clock))
            await asyncio.sleep(0)

    def _end(self, step: Step, length: float, argv: tuple[str, ...], taken: tuple[Taken, ...]) -> None:
        self._steps[step.id] = StepResult(
            id=step.id,
            cpu_seconds=float(step.resources.cpu_seconds or 0),
            wall_seconds=length,
            peak_memory=step.resources.memory,
            frames_encoded=self._frames(step) if isinstance(step, FFmpegStep) else None,
            argv=argv,
            measurements=self._measurements(step),
            taken=taken,
        )
        done = self._meter.finish(step.id)
        self._emit(StepFinished(step=step.id, wall_seconds=length, run_fraction=done))

    def _command(self, step: Step) -> tuple[tuple[str, ...], tuple[Taken, ...]]:
        """What would run, with what depends on measurements, and what that is."""
        if not isinstance(step, FFmpegStep):
            return (), ()
        command, cases = fill(step.command, step.late, self._found)
        alone = attrs.evolve(self._plan, steps=(attrs.evolve(step, command=command),))
        taken = [
            Taken(measurement=late.measure, operation=step.operations.get(late.instance or "", ""), case=cases[late.id])
            for late in step.late
        ]
        return alone.commands()[0], tuple(taken)

    def _measurements(self, step: Step) -> tuple[MeasurementResult, ...]:
        if not isinstance(step, FFmpegStep):
            return ()
        found = []
        for name, measurement in step.measures.items():
            operation = step.operations.get(name, "")
            own = self._fields.get(operation, {})
            said = {**self._fields, **(own if isinstance(own, Mapping) else {})}
            values = {field: value if isinstance(value := said.get(field, 0.0), float | int) else 0.0
                      for field in measurement.fields}  # fmt: skip
            self._found[name] = values
            found.append(MeasurementResult(id=name, operation=operation, values=values))
        return tuple(found)

    def _frames(self, step: Step) -> int | None:
        """Frames of pictures that *step* encodes; None where nobody knows how many there are."""
        files: list[PlannedOutput | PlannedFile] = [
            file for output in self._plan.outputs if output.step == step.id for file in output.files or (output,)
        ]
        encoded = [file for file in files if any(s.kind == "video" and s.encoder is not None for s in file.streams)]
        counts = [_count(file) for file in encoded]
        return sum(count for count in counts if count is not None) if None not in counts else None

    async def _look_at(self, output: PlannedOutput) -> None:
        if spoilt := self._due(output.id, "spoil"):
            raise spoilt[0].spoilt(output)
        written = self._steps[output.step]
        made = [each for each in self._plan.outputs if each.step == output.step]
        step = next(step for step in self._plan.steps if step.id == written.id)
        size = (step.resources.disk_written or 0) // len(made)
        files = tuple(
            Checked(media=file.media, size=size // len(output.files), checks=_said(file)) for file in output.files
        )
        self._checked[output.id] = Checked(media=output.media, size=size, checks=_said(output), files=files)
        if self._checksums:
            for name in [file.name for file in output.files] or [""]:
                token = f"{output.destination}{name} {output.media!r}"
                self._digests[output.id, name] = hashlib.sha256(token.encode()).hexdigest()
        self._emit(Verified(output=output.id, checks=self._checked[output.id].checks))
        await asyncio.sleep(0)


def _said(planned: PlannedOutput | PlannedFile) -> tuple[str, ...]:
    return (*checks(planned.expectation, planned.media), "every packet was read without an error")


def _count(file: PlannedOutput | PlannedFile) -> int | None:
    video = file.media.video
    if video is None or video.frames is not None:
        return 0 if video is None else video.frames
    if video.frame_rate is None or video.duration is None:
        return None
    return round(video.frame_rate * video.duration)


def _wall_seconds(step: Step) -> float:
    if step.resources.duration is not None:
        return float(step.resources.duration)
    return float(_duration(step) or 1) / _SPEED


def _duration(step: Step) -> Fraction | None:
    """Seconds of media that *step* writes; the kinds of steps that only move bytes do not tell."""
    found: Fraction | None = getattr(step, "duration", None)
    return found


def _progress(step: Step, share: Fraction, frames: int | None, length: float) -> Progress:
    """What would be reported when *share* of the step is done, which takes *length* seconds."""
    frame = int(frames * share) if frames else None
    duration = _duration(step)
    return Progress(
        frame=frame,
        fps=round(frames / length, 2) if frames and length else None,
        out_time=None if duration is None else duration * share,
        speed=None if duration is None or not length else round(float(duration) / length, 2),
        done=share == 1,
    )


async def _happen(mishap: Mishap, step: Step, argv: Sequence[str]) -> None:
    match mishap.kind:
        case "cancel":
            raise ScriptedCancel
        case "hang":
            await asyncio.Event().wait()
        case _:
            raise mishap.failure(step, argv)
