"""What is to go wrong in a dry run: the script of `mediapipeline.testing.dry_run.DryRunExecutor`, as values."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Literal

import attrs

from mediapipeline.errors import ExecutionError, FFmpegFailedError, MediaPipelineError, OutputError, StalledError
from mediapipeline.planner.plan import PlannedOutput, ProcessingPlan
from mediapipeline.steps.step import FFmpegStep, Step

__all__ = ["Mishap", "StepName", "find_output", "find_step"]

StepName = int | str
"""Which step: its position in the plan (negative from the end), its id, or words of its title."""


@attrs.frozen(kw_only=True)
class Mishap:
    """One thing that goes wrong.

    Attributes:
        kind: What it is.
        where: The step, or the id of the output for ``spoil``.
        at: How much of the step is done by then, 0 to 1.
        times: In how many runs it happens; None is in every one.
        error: What is raised, in place of what fits.
        text: The cause of a failure, or a warning.
        differences: What an output is spoilt by.
        retryable: Whether the failure may be gone when the job is tried again.
    """

    kind: Literal["fail", "stall", "cancel", "hang", "spoil", "warn"]
    where: StepName
    at: float = attrs.field(default=0.5, validator=[attrs.validators.ge(0), attrs.validators.le(1)])
    times: int | None = attrs.field(
        default=None, validator=attrs.validators.optional([attrs.validators.instance_of(int), attrs.validators.ge(1)])
    )
    error: MediaPipelineError | None = None
    text: str = ""
    differences: tuple[str, ...] = ()
    retryable: bool = False

    def failure(self, step: Step, argv: Sequence[str]) -> MediaPipelineError:
        """What a real executor would raise where *step* runs *argv*."""
        if self.error is not None:
            if isinstance(self.error, ExecutionError) and self.error.step is None:
                self.error.step = step.id
            return self.error.with_traceback(None)
        if self.kind == "stall":
            return StalledError(
                "FFmpeg used no processor time and produced nothing for too long (after 60 s); it was ended",
                step=step.id,
            )
        if isinstance(step, FFmpegStep):
            return FFmpegFailedError(
                argv=argv, exit_code=1, stderr=f"[error] {self.text}\nConversion failed!", cause=self.text,
                step=step.id, operator=next(iter(step.operations.values()), None), retryable=self.retryable,
            )  # fmt: skip
        error = ExecutionError(self.text, step=step.id)
        error.retryable = self.retryable
        return error

    def spoilt(self, output: PlannedOutput) -> MediaPipelineError:
        """What a real executor would raise where *output* is not what was planned."""
        if self.error is not None:
            return self.error.with_traceback(None)
        return OutputError(
            f"output {output.id!r} is not what was planned", output=output.id, differences=self.differences
        )


def find_step(plan: ProcessingPlan, where: StepName) -> Step:
    """The step that is meant.

    Raises:
        ValueError: There is none, or more than one.
    """
    there = "; ".join(f"{at}: {step.id} ({step.title})" for at, step in enumerate(plan.steps)) or "none"
    if isinstance(where, int):
        if not -len(plan.steps) <= where < len(plan.steps):
            raise ValueError(f"the plan has no step {where}; its steps are {there}")
        return plan.steps[where]
    exact = [step for step in plan.steps if step.id == where]
    found = exact or [step for step in plan.steps if where in step.title]
    if len(found) != 1:
        raise ValueError(f"{len(found)} steps of the plan are called {where!r}; its steps are {there}")
    return found[0]


def find_output(plan: ProcessingPlan, id_: str) -> PlannedOutput:
    """The output of that id.

    Raises:
        ValueError: There is none.
    """
    try:
        return plan.output(id_)
    except KeyError:
        known = ", ".join(shlex.quote(output.id) for output in plan.outputs)
        raise ValueError(f"the plan has no output {id_!r}; its outputs are {known}") from None
