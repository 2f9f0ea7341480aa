"""Spans and metrics of a host's own OpenTelemetry, from the library's two hooks: `trace` and events.

The library imports nothing of OpenTelemetry; a tracer's `start_as_current_span` has the form of a `Trace` already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from opentelemetry.metrics import Meter
from opentelemetry.trace import Tracer

from mediapipeline.executor.events import Event, RunFailed, RunFinished, StepFinished
from mediapipeline.tracing import Trace


def spans(tracer: Tracer) -> Trace:
    """For ``Planner(trace=…)``, ``Executor(trace=…)`` and ``JobRunner(trace=…)``."""

    def trace(name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[object]:
        return tracer.start_as_current_span(name, attributes=attributes)

    return trace


def metrics(meter: Meter) -> Callable[[Event], None]:
    """For ``Executor.run(on_event=…)``."""
    runs = meter.create_counter("mediapipeline.runs", description="Runs by how they ended")
    steps = meter.create_histogram("mediapipeline.step.duration", unit="s", description="Wall time of a step")

    def heard(event: Event) -> None:
        match event:
            case StepFinished():
                steps.record(event.wall_seconds)
            case RunFinished():
                runs.add(1, {"end": "finished"})
            case RunFailed():
                runs.add(1, {"end": "failed", "error": str(event.error["type"])})
            case _:
                return

    return heard
