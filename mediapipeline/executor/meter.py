"""`RunMeter`: from the progress of single processes to how far the whole run is.

Steps weigh what they are expected to cost. The clock is handed in; nothing here waits or runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from mediapipeline.executor.events import StepProgress
from mediapipeline.ffmpeg.progress import Progress
from mediapipeline.steps.step import CustomStep, FFmpegStep, Step

__all__ = ["RunMeter"]

_ENOUGH = 0.02  # of the work must be done before the rest can be extrapolated


class RunMeter:
    """Follows the steps of one run.

    Args:
        steps: All of them.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._weights = _weights(steps)
        self._durations = {step.id: step.duration for step in steps if isinstance(step, FFmpegStep | CustomStep)}
        self._fractions = dict.fromkeys(self._weights, 0.0)
        self._started: dict[str, float] = {}
        self._began: float | None = None
        self._run = 0.0

    def start(self, step: str, now: float) -> None:
        self._started[step] = now
        self._began = now if self._began is None else self._began

    def elapsed(self, step: str, now: float) -> float:
        """Seconds since *step* began."""
        return now - self._started.get(step, now)

    def progress(self, step: str, report: Progress, now: float) -> StepProgress:
        """The event for *report*, which *step* made at the time *now*."""
        fraction = self._fraction(step, report)
        if fraction is not None:
            self._fractions[step] = max(fraction, self._fractions[step])
            fraction = self._fractions[step]
        run = self._advance()
        return StepProgress(
            step=step,
            frame=report.frame,
            fps=report.fps,
            bit_rate=report.bit_rate,
            speed=report.speed,
            out_time=report.out_time,
            fraction=fraction,
            eta=_left(fraction, now - self._started.get(step, now)),
            run_fraction=run,
            run_eta=_left(run, now - (now if self._began is None else self._began)),
        )

    def finish(self, step: str) -> float:
        """How far the run is when *step* is done."""
        self._fractions[step] = 1.0
        return self._advance()

    def _fraction(self, step: str, report: Progress) -> float | None:
        if report.done:
            return 1.0
        duration = self._durations.get(step)
        if not duration or report.out_time is None:
            return None
        return min(float(report.out_time / duration), 1.0)

    def _advance(self) -> float:
        done = sum(weight * self._fractions[step] for step, weight in self._weights.items())
        self._run = min(max(self._run, done), 1.0)
        return self._run


def _left(fraction: float | None, elapsed: float) -> float | None:
    if fraction is None or fraction < _ENOUGH:
        return None
    return elapsed * (1 - fraction) / fraction


def _weights(steps: Sequence[Step]) -> dict[str, float]:
    """Shares of the whole, by the first measure that every process has: CPU time, wall time, seconds of media."""
    processes = [step for step in steps if isinstance(step, FFmpegStep | CustomStep)]
    measures: list[list[Fraction | None]] = [
        [step.resources.cpu_seconds for step in processes],
        [step.resources.duration for step in processes],
        [step.duration for step in processes],
    ]
    known = next((found for found in measures if all(found)), [Fraction(1)] * len(processes))
    amounts = {step.id: float(amount or 0) for step, amount in zip(processes, known, strict=True)}
    total = sum(amounts.values())
    return {step.id: amounts.get(step.id, 0.0) / total if total else 0.0 for step in steps}
