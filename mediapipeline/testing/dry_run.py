"""`DryRunExecutor`: an executor that runs nothing, and tells of it as a real one would.

It takes the place of `mediapipeline.Executor` in tests of applications: the same calls, the same events in the same
order, the same results and errors, in no time and without FFmpeg. No process is started and no file is looked at. What
goes wrong is said beforehand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from os import PathLike

import attrs

from mediapipeline.errors import MediaPipelineError
from mediapipeline.executor.events import Event, StepFinished, StepStarted
from mediapipeline.executor.execution import Execution
from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.sources.staging import Staged
from mediapipeline.testing.dry_execution import DryExecution, ScriptedCancel
from mediapipeline.testing.mishaps import Mishap, StepName, find_output, find_step

__all__ = ["DryRun", "DryRunExecutor"]


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
        except ScriptedCancel:
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

        return DryExecution(
            self._settings, plan, recorded, overwrite=overwrite, checksums=checksums, staged=staged or Staged(),
            mishaps=mishaps, measured=self._measured,
        )  # fmt: skip


def _target(plan: ProcessingPlan, mishap: Mishap) -> str:
    """The id of the step, or of the output, that *mishap* is about."""
    if mishap.kind == "spoil":
        return find_output(plan, str(mishap.where)).id
    return find_step(plan, mishap.where).id
