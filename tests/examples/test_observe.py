"""The example of OpenTelemetry, on a real run: spans nest, failures are told, metrics count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import observe
from mediapipeline import Executor, Planner
from mediapipeline.errors import OutputError
from mediapipeline.jobs import JobRunner
from mediapipeline.testing import make_clip

EXPECTED = """
mediapipeline.job
  mediapipeline.plan
    mediapipeline.probe
    mediapipeline.optimize
  mediapipeline.run
    mediapipeline.step
    mediapipeline.verify
    mediapipeline.publish
"""


def document(name: str = "out.mkv") -> dict[str, Any]:
    return {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "outputs": [{"id": "out", "input": "in", "destination": name}],
    }


@pytest.fixture
def media(tmp_path: Path) -> Path:
    make_clip(tmp_path / "in.mp4", audio=1, video_codec="libx264")
    return tmp_path


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


def tree(spans: Any, parent: int | None = None, depth: int = 0) -> str:
    mine = [span for span in spans if (span.parent.span_id if span.parent else None) == parent]
    mine.sort(key=lambda span: span.start_time)
    return "".join(f"{'  ' * depth}{span.name}\n{tree(spans, span.context.span_id, depth + 1)}" for span in mine)


def test_spans(media: Path, exporter: InMemorySpanExporter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace = observe.spans(provider.get_tracer("host"))
    runner = JobRunner(
        planner=Planner(base_dir=media, trace=trace), executor=Executor(base_dir=media, trace=trace), trace=trace
    )  # fmt: skip
    runner.submit(document(), id="a")
    runner.run()
    spans = exporter.get_finished_spans()
    assert tree(spans) == EXPECTED.lstrip()
    (step,) = [span for span in spans if span.name == "mediapipeline.step"]
    assert step.attributes is not None
    assert set(step.attributes) == {"step.id", "step.title", "step.cpus"}

    exporter.clear()
    with pytest.raises(OutputError, match="exists already"):
        Executor(base_dir=media, trace=trace).run(Planner(base_dir=media).plan(document()))
    (run,) = exporter.get_finished_spans()
    assert [event.attributes["exception.type"] for event in run.events if event.attributes] == [
        "mediapipeline.errors.OutputError"
    ]


def test_metrics(media: Path) -> None:
    reader = InMemoryMetricReader()
    heard = observe.metrics(MeterProvider([reader]).get_meter("host"))
    plan = Planner(base_dir=media).plan(document())
    Executor(base_dir=media).run(plan, on_event=heard)
    with pytest.raises(OutputError):
        Executor(base_dir=media).run(plan, on_event=heard)
    found = reader.get_metrics_data()
    assert found is not None
    points = {
        metric.name: [
            (dict(point.attributes or {}), getattr(point, "value", None)) for point in metric.data.data_points
        ]
        for metric in found.resource_metrics[0].scope_metrics[0].metrics
    }
    assert points == {
        "mediapipeline.runs": [({"end": "finished"}, 1), ({"end": "failed", "error": "OutputError"}, 1)],
        "mediapipeline.step.duration": [({}, None)],
    }
