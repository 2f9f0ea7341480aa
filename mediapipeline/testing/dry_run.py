"""`DryRunExecutor`: an executor that runs nothing, and tells of it as a real one would.

It takes the place of `mediapipeline.Executor` in tests of applications: the same calls, the same events in the same
order, the same results and errors, in no time and without FFmpeg. No process is started and no file is looked at. What
goes wrong is said beforehand.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from os import PathLike

import attrs

from mediapipeline.errors import MediaPipelineError
from mediapipeline.executor.compare import checks
from mediapipeline.executor.events import Event, StepFinished, StepStarted, Verified
from mediapipeline.executor.execution import Execution, Settings
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.preflight import Places, find_places
from mediapipeline.executor.result import ExecutionResult, MeasurementResult, StepResult, Taken
from mediapipeline.executor.verify import Checked
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.planner.plan import PlannedFile, PlannedOutput, ProcessingPlan
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.steps.measure import fill
from mediapipeline.steps.pipes import joined
from mediapipeline.steps.step import FFmpegStep, Step
from mediapipeline.testing.mishaps import Mishap, StepName, find_output, find_step

__all__ = ["DryRun", "DryRunExecutor"]

_REPORTS = 4
"""Reports of progress that a step makes."""
_SPEED = 25
"""Seconds of media that an FFmpeg without an estimate gets through in a second."""


@attrs.define(kw_only=True, eq=False)
class DryRun:
    """What there was to see of one run.

    Attributes:
        plan: What was run.
        overwrite: As the caller said.
        checksums: As the caller said.
        events: All of them, in order.
    """

    plan: ProcessingPlan
    overwrite: bool
    checksums: bool
    events: list[Event] = attrs.field(factory=list)

    @property
    def started(self) -> tuple[str, ...]:
        """Ids of the steps that were begun."""
        return tuple(event.step for event in self.events if isinstance(event, StepStarted))

    @property
    def finished(self) -> tuple[str, ...]:
        """Ids of the steps that were done."""
        return tuple(event.step for event in self.events if isinstance(event, StepFinished))

    @property
    def outcome(self) -> str | None:
        """How it ended: ``run-finished``, ``run-failed`` or ``run-cancelled``; None until it is over."""
        return self.events[-1].kind if self.events and self.events[-1].terminal else None


class DryRunExecutor(Executor):
    """Runs plans without running anything.

    Steps run one after the other, in the order of the plan, and together where they hand streams to each other. Only
    the estimates of the plan move the clock. Outputs are as they were planned. What is to go wrong is said by the
    methods below, and goes for every run after that, or for the next *times* runs: ``times=1`` is a failure that is
    gone when the job is tried again.

    >>> executor = DryRunExecutor()
    >>> executor.fail(0, "No space left on device", retryable=True, times=1)

    Args:
        measured: What measuring steps find, by field: ``{"integrated": -23.5}``, for all or by JSON Pointer of the
            operation: ``{"/operations/0": {"integrated": -23.5}}``. What is not said is 0.
        policy: As for `Executor`.
        base_dir: As for `Executor`; nothing is looked for there.

    Attributes:
        runs: What there was to see, a run each, in the order in which they began.
    """

    def __init__(
        self,
        *,
        measured: Mapping[str, float | Mapping[str, float]] | None = None,
        policy: SourcePolicy | None = None,
        base_dir: str | PathLike[str] | None = None,
    ) -> None:
        super().__init__(cpus=4, policy=policy, base_dir=base_dir)
        self.runs: list[DryRun] = []
        self._measured = dict(measured or {})
        self._mishaps: list[Mishap] = []
        self._happened: Counter[int] = Counter()

    def fail(
        self,
        step: StepName = 0,
        error: MediaPipelineError | str = "Invalid data found when processing input",
        *,
        at: float = 0.5,
        retryable: bool = False,
        times: int | None = None,
    ) -> None:
        """Let a step fail.

        Args:
            step: Its position, its id, or words of its title.
            error: What is raised, or what FFmpeg says.
            at: How much of the step is done by then, 0 to 1.
            retryable: Whether it may be gone when the job is tried again; an error that is given says so itself.
            times: In how many runs it happens.
        """
        given = error if isinstance(error, MediaPipelineError) else None
        text = "" if isinstance(error, MediaPipelineError) else error
        self._mishaps.append(
            Mishap(kind="fail", where=step, at=at, times=times, error=given, text=text, retryable=retryable)
        )

    def stall(self, step: StepName = 0, *, at: float = 0.5, times: int | None = None) -> None:
        """Let a step come to a standstill and be ended for it (`StalledError`, which may be tried again)."""
        self._mishaps.append(Mishap(kind="stall", where=step, at=at, times=times))

    def hang(self, step: StepName = 0, *, at: float = 0.5, times: int | None = None) -> None:
        """Let a step never end: until the run is cancelled, or the time of the job is up."""
        self._mishaps.append(Mishap(kind="hang", where=step, at=at, times=times))

    def cancel(self, step: StepName = 0, *, at: float = 0.5, times: int | None = None) -> None:
        """Cancel the run during a step. `run` raises `KeyboardInterrupt`, as after Ctrl-C."""
        self._mishaps.append(Mishap(kind="cancel", where=step, at=at, times=times))

    def spoil(
        self, output: str, *differences: str, error: MediaPipelineError | None = None, times: int | None = None
    ) -> None:
        """Let an output not be what was planned (`OutputError`).

        Args:
            output: Its id.
            differences: What differs, a sentence each.
            error: What is raised in place of that.
            times: In how many runs it happens.
        """
        said = differences or ("duration: planned 10 s, found 7.2 s",)
        self._mishaps.append(Mishap(kind="spoil", where=output, times=times, error=error, differences=said))

    def warn(self, text: str, step: StepName = 0, *, times: int | None = None) -> None:
        """Let a step find its media damaged, which does not stop the run."""
        self._mishaps.append(Mishap(kind="warn", where=step, times=times, text=text))

    def _of_this_run(self, plan: ProcessingPlan) -> list[tuple[Mishap, str]]:
        """What goes wrong in a run that begins now, with the id of the step or of the output that it is about."""
        targets = [_target(plan, mishap) for mishap in self._mishaps]
        due = []
        for at, (mishap, target) in enumerate(zip(self._mishaps, targets, strict=True)):
            if mishap.times is None or self._happened[at] < mishap.times:
                self._happened[at] += 1
                due.append((mishap, target))
        return due

    def run(
        self,
        plan: ProcessingPlan,
        *,
        on_event: Callable[[Event], None] | None = None,
        overwrite: bool = False,
        checksums: bool = False,
        staged: Staged | None = None,
    ) -> ExecutionResult:
        """As `Executor.run`.

        Raises:
            KeyboardInterrupt: `cancel` was asked for.
            ValueError: What is to go wrong names a step or an output that the plan has not.
        """
        try:
            return super().run(plan, on_event=on_event, overwrite=overwrite, checksums=checksums, staged=staged)
        except _ScriptedCancel:
            raise KeyboardInterrupt from None

    def _execution(
        self,
        plan: ProcessingPlan,
        emit: Callable[[Event], None],
        *,
        overwrite: bool,
        checksums: bool,
        staged: Staged | None,
    ) -> Execution:
        mishaps = self._of_this_run(plan)
        record = DryRun(plan=plan, overwrite=overwrite, checksums=checksums)
        self.runs.append(record)

        def recorded(event: Event) -> None:
            record.events.append(event)
            emit(event)

        return _DryExecution(
            self._settings, plan, recorded, overwrite=overwrite, checksums=checksums, staged=staged or Staged(),
            mishaps=mishaps, measured=self._measured,
        )  # fmt: skip


class _ScriptedCancel(asyncio.CancelledError):
    """A cancellation that a script asked for, and nobody else."""


def _target(plan: ProcessingPlan, mishap: Mishap) -> str:
    """The id of the step, or of the output, that *mishap* is about."""
    if mishap.kind == "spoil":
        return find_output(plan, str(mishap.where)).id
    return find_step(plan, mishap.where).id


class _DryExecution(Execution):
    """One run: what is around the work is that of a real one."""

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
            raise _ScriptedCancel
        case "hang":
            await asyncio.Event().wait()
        case _:
            raise mishap.failure(step, argv)
