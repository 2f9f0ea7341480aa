"""What a report says of a run is what the run was."""

from __future__ import annotations

import io
import json
import re
import shutil
from pathlib import Path
from typing import Any

import attrs
import pytest
from PIL import Image

from mediapipeline import Executor, Planner
from mediapipeline.cli import main
from mediapipeline.executor.events import Event, RunCancelled, RunFailed, StepFinished, StepStarted
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.ffmpeg.look import look
from mediapipeline.report import Recorder, looks, to_html
from mediapipeline.testing import make_clip
from planning import job, op

CODEC = {"video": {"codec": "libx264", "preset": "ultrafast"}, "audio": "aac"}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> tuple[Path, Any, Any, Recorder]:
    """A run with a measurement before it: two steps."""
    folder = tmp_path_factory.mktemp("report")
    make_clip(folder / "in.mp4", duration="1s", size=(64, 48), audio=1)
    document = job(op("loudnorm", "in", "loud"), outputs={"loud": {"destination": "out.mp4", "codec": CODEC}})
    plan = Planner(base_dir=folder).plan(document)
    recorder = Recorder()
    result = Executor(base_dir=folder).run(plan, on_event=recorder)
    return folder, plan, result, recorder


def test_every_step_is_in_it_with_its_time(run):
    _, plan, result, recorder = run
    report = recorder.report(plan, result)
    assert [span.step for span in report.spans] == [step.id for step in plan.steps]
    assert all(span.finished and 0 <= span.start <= span.end <= report.wall_seconds for span in report.spans)
    first, second = report.spans
    assert first.end <= second.start
    data = json.loads(json.dumps(report.to_dict()))
    assert (data["plan"], data["result"], data["error"]) == (plan.to_dict(), result.to_dict(), None)


def test_the_page_shows_all_of_it(run):
    folder, plan, result, recorder = run
    report = recorder.report(plan, result)
    seen = looks(report, folder)
    assert set(seen) == {"input in", "output loud"}
    assert all(png.startswith(b"\x89PNG") for png in seen.values())
    text = to_html(report, seen)
    for part in ("The plan", "When it ran", "Predicted and measured", "Before and after", "The plan in words"):
        assert f"<h2>{part}</h2>" in text
    assert text.count("<img ") == 2
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    for step in plan.steps:
        assert step.title in text


def test_inputs_are_found_as_the_planner_finds_them(run, tmp_path):
    folder, *_ = run
    clip = tmp_path / "my clip.mp4"
    shutil.copy(folder / "in.mp4", clip)
    document = job(op("hflip", "in", "m"), outputs={"m": "m.mp4"})
    document["inputs"] = [{"id": "in", "source": clip.as_uri()}]
    report = Recorder().report(Planner(base_dir=folder).plan(document))
    assert set(looks(report, folder)) == {"input in"}
    clip.write_bytes(b"")
    assert looks(report, folder) == {}
    clip.unlink()
    clip.mkdir()
    assert looks(report, folder) == {}


def test_a_file_that_is_not_ours_to_read_is_not_shown(run, tmp_path):
    _, plan, *_ = run
    assert look(tmp_path / "gone.mp4", plan.inputs[0].media, engine=default_engine()) is None


def test_a_step_that_did_not_end_ends_with_the_run():
    times = iter([0.0, 1.0, 4.0])
    recorder = Recorder(clock=lambda: next(times))
    recorder(StepStarted(step="a", title="a", cpus=1))
    recorder(RunFailed(error={"type": "ExecutionError", "message": "no", "retryable": False}))
    report = recorder.report()
    (span,) = report.spans
    assert (span.start, span.end, span.finished) == (1.0, 4.0, False)
    assert report.wall_seconds == 4.0
    assert recorder.report() == report  # whenever it is asked for
    assert report.error == {"type": "ExecutionError", "message": "no", "retryable": False}
    assert "failed" in to_html(report)


def test_a_cancelled_run_says_so():
    recorder = Recorder()
    recorder(RunCancelled())
    error = recorder.report().error
    assert error is not None
    assert error["type"] == "RunCancelledError"
    assert "<h1>mediapipeline: cancelled in" in to_html(recorder.report())


def test_a_listener_behind_it_hears_everything():
    heard: list[Any] = []
    recorder = Recorder()
    listen = recorder.before(heard.append)
    events: list[Event] = [
        StepStarted(step="a", title="a", cpus=1),
        StepFinished(step="a", wall_seconds=1, run_fraction=1),
    ]
    for event in events:
        listen(event)
    assert heard == events
    assert recorder.report().spans[0].finished


def test_on_the_command_line(run, tmp_path):
    folder, *_ = run
    document = job(op("hflip", "in", "m"), outputs={"m": {"destination": "<m>.mp4", "codec": CODEC}})
    (folder / "job.json").write_text(json.dumps(document))
    page = tmp_path / "report.html"
    assert main(["run", str(folder / "job.json"), "--report", str(page)]) == 0
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    assert "&lt;m&gt;.mp4" in text
    assert "<m>.mp4" not in text


def test_a_failed_run_has_a_page_too(run, tmp_path):
    folder, *_ = run
    (folder / "bad.json").write_text(json.dumps(job(op("hflip", "nothing", "m"), outputs={"m": "m.mp4"})))
    page = tmp_path / "report.html"
    assert main(["run", str(folder / "bad.json"), "--report", str(page)]) == 2
    assert "unresolved-reference" in page.read_text()


def test_notebooks(run):
    _, plan, result, _ = run
    shown = plan._repr_mimebundle_()
    assert shown["text/plain"] == plan.explain()
    assert shown["image/svg+xml"].startswith("<svg")
    assert shown["text/vnd.mermaid"] == plan.to_mermaid()
    looked = result._repr_mimebundle_(include=None, exclude=None)
    assert "<img " in looked["text/html"]
    assert str(result.outputs["loud"].path) in looked["text/plain"]
    warned = attrs.evolve(result, outputs={}, warnings=("a<b", "c"))._repr_mimebundle_()
    assert warned["text/html"].endswith("<p>warning: a&lt;b</p><p>warning: c</p>")


def test_silence_is_seen_as_a_line(tmp_path, engine):
    ready = default_engine(engine.ffmpeg)
    clip = make_clip(tmp_path / "quiet.wav", duration="1s", audio=1, silence=True)
    png = look(clip, ready.prober.probe(clip), engine=ready)
    assert png is not None
    opaque = Image.open(io.BytesIO(png)).convert("RGBA").getchannel("A").getbbox()
    assert opaque == (0, 60, 1000, 61)
