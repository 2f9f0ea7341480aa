"""Runs a step of a plugin's own: what its runner has of the run, and what its failures become."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from mediapipeline.errors import ExecutionError, MediaPipelineError
from mediapipeline.executor.gauge import Gauge, memory_message
from mediapipeline.executor.layout import Layout
from mediapipeline.executor.result import StepResult
from mediapipeline.ffmpeg.environment import environment
from mediapipeline.ffmpeg.process import ProcessLimits, ProcessResult, Sample, run_process
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.steps.plugin import ProcessOutcome, ReaderGone, StepRunner
from mediapipeline.steps.step import CustomStep

__all__ = ["run_custom"]


async def run_custom(
    step: CustomStep,
    runner: StepRunner,
    layout: Layout,
    gauge: Gauge,
    *,
    threads: int | None,
    max_memory: int | None,
    on_progress: Callable[[Progress], None],
    on_warning: Callable[[str], None],
    on_damage: Callable[[str], None],
) -> StepResult:
    """Have *runner* do *step*.

    Raises:
        ExecutionError: It failed.
        ReaderGone: Nobody reads what it writes any more.
    """
    context = _Context(
        step, layout, gauge, threads=threads, max_memory=max_memory, on_progress=on_progress, on_warning=on_warning,
        on_damage=on_damage,
    )  # fmt: skip
    started = time.monotonic()
    try:
        context.folder.mkdir(exist_ok=True)
        await runner.run(step, context)
    except (MediaPipelineError, ReaderGone, asyncio.CancelledError):
        raise
    except Exception as error:  # a plugin's method may raise anything
        raise ExecutionError(
            f"what runs steps of {step.runner!r} failed: {error!r}", step=step.id, operator=step.operation
        ) from error
    finally:
        gauge.memory(step.id, 0)
    return context.result(time.monotonic() - started)


class _Context:
    """See `mediapipeline.steps.plugin.StepContext`."""

    def __init__(
        self,
        step: CustomStep,
        layout: Layout,
        gauge: Gauge,
        *,
        threads: int | None,
        max_memory: int | None,
        on_progress: Callable[[Progress], None],
        on_warning: Callable[[str], None],
        on_damage: Callable[[str], None],
    ) -> None:
        self._step = step
        self._layout = layout
        self._gauge = gauge
        self._max_memory = max_memory
        self._on_progress = on_progress
        self._on_warning = on_warning
        self._on_damage = on_damage
        self._results: list[ProcessResult] = []
        self._argv: tuple[str, ...] = ()
        self.threads = threads
        self.folder = layout.folder(step.id)

    def path(self, token: str) -> Path:
        if token not in self._step.files:
            raise ExecutionError(f"the step has no file {token!r}", step=self._step.id)
        return Path(self._layout.paths[token])

    def progress(self, *, frame: int | None = None, out_time: Fraction | None = None) -> None:
        self._on_progress(Progress(frame=frame, out_time=out_time))

    def warn(self, text: str) -> None:
        self._on_warning(text)

    def damaged(self, text: str) -> None:
        self._on_damage(text)

    async def run_process(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> ProcessOutcome:
        self._argv = self._argv or tuple(argv)
        result = await run_process(
            argv,
            env={**environment(self._layout.home), **(env or {})},
            cwd=self._layout.root,
            on_progress=self._on_progress,
            limits=ProcessLimits(memory=self._max_memory),  # how long its work may take is for the job to say
            on_sample=self._sampled,
        )
        self._results.append(result)
        if result.ended == "memory":
            raise ExecutionError(
                memory_message(self._max_memory or 0, of=f"a step of {self._step.runner!r}"),
                step=self._step.id, operator=self._step.operation,
            )  # fmt: skip
        return ProcessOutcome(exit_code=result.exit_code, stderr=result.stderr)

    def _sampled(self, sample: Sample) -> None:
        self._gauge.memory(self._step.id, sample.memory or 0)
        self._gauge.sizes(self._step.id)

    def result(self, wall_seconds: float) -> StepResult:
        """What its processes used; of what the runner did in this one nobody knows."""
        times = [result.cpu_seconds for result in self._results]
        known = [seconds for seconds in times if seconds is not None]
        return StepResult(
            id=self._step.id,
            cpu_seconds=sum(known) if known and len(known) == len(times) else None,
            wall_seconds=wall_seconds,
            peak_memory=max((result.peak_memory or 0 for result in self._results), default=0) or None,
            argv=self._argv,
        )
