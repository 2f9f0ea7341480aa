"""`RunReport`: the facts of a run, and the `Recorder` that gathers them from its events."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from mediapipeline.executor.events import Event, RunCancelled, RunFailed, StepFinished, StepStarted
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.planner.plan import ProcessingPlan

__all__ = ["Recorder", "RunReport", "StepSpan"]


@attrs.frozen(kw_only=True)
class StepSpan:
    """When a step ran, in seconds after the recorder began.

    Attributes:
        step: Its id.
        start: When it started.
        end: When it ended, or the run did, or it was looked at.
        finished: Whether it came to its end.
    """

    step: str
    start: float
    end: float
    finished: bool


@attrs.frozen(kw_only=True)
class RunReport:
    """A run, from its plan to what came of it. What there is not, because it failed before, is None.

    Attributes:
        plan: What was to be done.
        result: What came of it.
        error: The JSON form of what it ended with, if it failed or was cancelled.
        spans: When each step ran, in the order in which they started.
        wall_seconds: From the recorder's beginning to the end of the run, or to the report of one that has not ended.
    """

    plan: ProcessingPlan | None = None
    result: ExecutionResult | None = None
    error: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    spans: tuple[StepSpan, ...] = ()
    wall_seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """JSON form: every field is in it, null where there is none."""
        return {
            "plan": None if self.plan is None else self.plan.to_dict(),
            "result": None if self.result is None else self.result.to_dict(),
            "error": None if self.error is None else dict(self.error),
            "spans": [attrs.asdict(span) for span in self.spans],
            "wall_seconds": self.wall_seconds,
        }


class Recorder:
    """Hears the events of one run: ``executor.run(plan, on_event=recorder)``.

    Args:
        clock: Seconds, from any beginning.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._started: dict[str, float] = {}
        self._finished: dict[str, float] = {}
        self._error: Mapping[str, Any] | None = None
        self._ended: float | None = None

    def __call__(self, event: Event) -> None:
        now = self._clock() - self._began
        if event.terminal:
            self._ended = now
        match event:
            case StepStarted():
                self._started[event.step] = now
            case StepFinished():
                self._finished[event.step] = now
            case RunFailed():
                self._error = event.error
            case RunCancelled():
                self._error = {"type": "RunCancelledError", "message": "the run was cancelled", "retryable": False}

    def before(self, then: Callable[[Event], None] | None) -> Callable[[Event], None]:
        """A listener that records an event and hands it on."""

        def hear(event: Event) -> None:
            self(event)
            if then is not None:
                then(event)

        return hear

    def report(
        self,
        plan: ProcessingPlan | None = None,
        result: ExecutionResult | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> RunReport:
        """What was heard until now.

        Args:
            plan: What was run.
            result: What came of it.
            error: The JSON form of what it ended with; default, what its events say.
        """
        now = self._ended if self._ended is not None else self._clock() - self._began
        return RunReport(
            plan=plan,
            result=result,
            error=error if error is not None else self._error,
            spans=tuple(
                StepSpan(step=step, start=start, end=self._finished.get(step, now), finished=step in self._finished)
                for step, start in self._started.items()
            ),
            wall_seconds=now,
        )
