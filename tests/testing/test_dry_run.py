"""A dry run tells what a real one tells, and goes wrong when it is asked to, as a real one would."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import (
    ExecutionError,
    FFmpegFailedError,
    JobError,
    MediaPipelineError,
    OutputError,
    RunCancelledError,
    StalledError,
    StepTimeoutError,
)
from mediapipeline.executor.events import (
    Event,
    RunCancelled,
    RunFailed,
    RunFinished,
    StepFinished,
    StepProgress,
    Warning,  # noqa: A004 - the name of the event
    event_from_dict,
)
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.sources.policy import SourcePolicy
from mediapipeline.testing import DryRunExecutor, clip_info, make_clip
from outcomes import differences
from planning import job, op, plan
from tee import registry, tee

SCALED = job(op("scale", "in", "small", width=64, height=48), outputs={"small": "small.mp4"})
LOUD = job(
    op("loudnorm", "in", "loud"), op("hflip", "loud", "turned"), outputs={"turned": "a.mp4", "in": "b.mkv"},
)  # fmt: skip


@pytest.fixture
def dry() -> DryRunExecutor:
    return DryRunExecutor()


def kinds(events: list[Event]) -> list[str]:
    """The kinds of events in order; reports of progress in a row are one."""
    return [kind for kind, _ in itertools.groupby(event.kind for event in events)]


def test_it_stands_in_for_an_executor(dry):
    seen: list[Event] = []
    made = plan(SCALED)
    result = dry.run(made, on_event=seen.append)
    assert isinstance(dry, Executor)
    assert isinstance(result, ExecutionResult)
    assert kinds(seen) == [
        "run-started", "step-started", "step-progress", "step-finished", "verified", "published", "run-finished",
    ]  # fmt: skip
    assert all(event_from_dict(event.to_dict()) == event for event in seen)
    assert ExecutionResult.from_dict(result.to_dict()) == result
    output = result.outputs["small"]
    assert (output.path, output.media) == (Path("small.mp4").absolute(), made.output("small").media)
    assert "streams: video h264 64x48 25 fps yuv420p; audio aac 48000 Hz 2 channels" in output.checks
    assert result.steps[0].argv == made.commands()[0]
    assert not Path("small.mp4").exists()


@pytest.mark.parametrize(
    "operations",
    [
        [op("scale", "in", "a", width=32, height=24), op("hflip", "a", "out")],
        [op("loudnorm", "in", "out")],
        [op("trim", "in", "out", start="0.2s")],
    ],
    ids=lambda each: each[0]["op"],
)
def test_it_tells_what_a_real_run_tells(operations, tmp_path, default_engine, dry):
    make_clip(tmp_path / "in.mp4", engine=default_engine, audio=1, duration="1s")
    document = job(*operations, outputs={"out": str(tmp_path / "out.mkv")}, inputs={"in": str(tmp_path / "in.mp4")})
    made = Planner(ffmpeg=default_engine.ffmpeg).plan(document)
    real_events: list[Event] = []
    real = Executor(ffmpeg=default_engine.ffmpeg, cpus=1).run(made, on_event=real_events.append, checksums=True)
    events: list[Event] = []
    result = dry.run(made, on_event=events.append, checksums=True)
    assert kinds(events) == kinds(real_events)
    assert [step.id for step in result.steps] == [step.id for step in real.steps]
    assert [bool(step.argv) for step in result.steps] == [bool(step.argv) for step in real.steps]
    assert [step.frames_encoded for step in result.steps] == [step.frames_encoded for step in real.steps]
    assert [len(m.values) for m in result.measurements] == [len(m.values) for m in real.measurements]
    assert len(result.taken) == len(real.taken)
    assert result.outputs.keys() == real.outputs.keys()
    one, other = result.outputs["out"], real.outputs["out"]
    assert (one.path, one.destination, one.files) == (other.path, other.destination, other.files)
    assert len(one.checks) == len(other.checks)
    assert len(one.sha256 or "") == len(other.sha256 or "") == 64
    assert differences(made.output("out"), other.media) == []


def test_progress_is_believable(dry):
    events: list[Any] = []
    dry.run(plan(LOUD), on_event=events.append)
    progress = [event for event in events if isinstance(event, StepProgress)]
    run = [event.run_fraction for event in events if isinstance(event, StepProgress | StepFinished)]
    assert run == sorted(run)
    assert run[-1] == pytest.approx(1)
    for _, reports in itertools.groupby(progress, key=lambda event: event.step):
        times = [event.out_time or 0 for event in reports]
        assert times == sorted(times)
        assert times[-1] == 60
    assert [event.frame for event in progress if event.step == "write-turned"][-1] == 1500
    assert all((event.eta or 0) >= 0 and (event.speed or 0) > 0 for event in progress)
    assert all(event.run_eta is None or event.run_eta >= 0 for event in progress)
    finished = sum(event.wall_seconds for event in events if isinstance(event, StepFinished))
    assert isinstance(events[-1], RunFinished)
    assert events[-1].wall_seconds == pytest.approx(finished)


def test_it_takes_no_time_and_records_what_was_asked(dry):
    made = plan(
        job(op("scale", "in", "a", width=64, height=48), outputs={"a": "a.mp4"}), {"in.mp4": clip_info(duration="9h")}
    )
    dry.run(made, overwrite=True)
    dry.run(made, checksums=True)
    first, second = dry.runs
    assert (first.plan, first.overwrite, first.checksums) == (made, True, False)
    assert (second.overwrite, second.checksums, second.outcome) == (False, True, "run-finished")
    assert first.started == first.finished == ("write-a",)


def test_measurements_decide_as_they_would(dry):
    quiet = DryRunExecutor(measured={"integrated": -80})
    assert [taken.case for taken in quiet.run(plan(LOUD)).taken] == ["silent"]
    other = DryRunExecutor(measured={"integrated": -80, "/operations/0": {"integrated": -20, "true_peak": -9}})
    result = other.run(plan(LOUD))
    assert [taken.case for taken in result.taken] == ["linear"]
    assert result.measurements[0].values["integrated"] == -20
    (argv,) = [step.argv for step in result.steps if step.taken]
    assert any("volume@op0=volume=4.00dB" in word or "volume=4" in word for word in argv)


# What goes wrong


def failure(dry: DryRunExecutor, document: Any = SCALED) -> tuple[MediaPipelineError, list[Event]]:
    events: list[Event] = []
    with pytest.raises(MediaPipelineError) as raised:
        dry.run(plan(document), on_event=events.append)
    return raised.value, events


def test_a_step_fails_as_ffmpeg_fails(dry):
    dry.fail(0, "No space left on device", retryable=True)
    error, events = failure(dry)
    assert isinstance(error, FFmpegFailedError)
    assert (error.step, error.operator, error.cause) == ("write-small", "/operations/0", "No space left on device")
    assert error.retryable
    assert error.argv[0] == "ffmpeg"
    assert events[-1] == RunFailed(error=error.to_dict())
    assert kinds(events) == ["run-started", "step-started", "step-progress", "run-failed"]
    assert dry.runs[0].outcome == "run-failed"
    assert dry.runs[0].finished == ()


def test_a_failure_that_is_gone_when_tried_again(dry):
    dry.fail(retryable=True, times=2)
    made = plan(SCALED)
    for _ in range(2):
        with pytest.raises(MediaPipelineError) as raised:
            dry.run(made)
        assert raised.value.retryable
    dry.run(made)
    assert [run.outcome for run in dry.runs] == ["run-failed", "run-failed", "run-finished"]


@pytest.mark.parametrize("which", [1, -2, "write-turned", "encode turned"])
def test_which_step_fails(dry, which):
    dry.fail(which)
    error, _ = failure(dry, LOUD)
    assert isinstance(error, ExecutionError)
    assert error.step == "write-turned"
    assert dry.runs[0].finished == ("measure-0",)


@pytest.mark.parametrize(("at", "reports"), [(0, 0), (0.3, 1), (0.5, 2), (1, 4)])
def test_how_far_it_comes(dry, at, reports):
    dry.fail(at=at)
    _, events = failure(dry)
    assert sum(isinstance(event, StepProgress) for event in events) == reports


def test_any_error_may_be_raised(dry):
    mine = ExecutionError("the disk is on fire")
    dry.fail(0, mine)
    error, _ = failure(dry)
    assert error is mine
    assert error.step == "write-small"


def test_a_step_stalls(dry):
    dry.stall()
    error, _ = failure(dry)
    assert isinstance(error, StalledError)
    assert error.retryable


def test_an_output_is_not_what_was_planned(dry):
    dry.spoil("in", "streams: planned 2, found 1")
    error, events = failure(dry, LOUD)
    assert isinstance(error, OutputError)
    assert (error.output, error.differences) == ("in", ("streams: planned 2, found 1",))
    assert not any(event.kind == "published" for event in events)


def test_damaged_media_are_told(dry):
    dry.warn("frame 3 is damaged")
    events: list[Event] = []
    result = dry.run(plan(SCALED), on_event=events.append)
    assert result.warnings == ("frame 3 is damaged",)
    assert Warning(text="frame 3 is damaged", subject="write-small") in events


def test_an_interrupt(dry):
    dry.cancel(times=1)
    events: list[Event] = []
    with pytest.raises(KeyboardInterrupt):
        dry.run(plan(SCALED), on_event=events.append)
    assert isinstance(events[-1], RunCancelled)
    dry.run(plan(SCALED))
    assert [run.outcome for run in dry.runs] == ["run-cancelled", "run-finished"]


def test_the_time_of_a_job_is_up(dry):
    dry.hang()
    error, events = failure(dry, {**SCALED, "timeout": "0.05s"})
    assert isinstance(error, StepTimeoutError)
    assert error.retryable
    assert isinstance(events[-1], RunFailed)


def test_the_policy_is_asked(tmp_path):
    strict = DryRunExecutor(policy=SourcePolicy(base_dir=tmp_path, output_roots=(tmp_path / "elsewhere",)))
    with pytest.raises(JobError, match="leads out of the folders"):
        strict.run(plan(SCALED))


def test_a_script_that_does_not_suit_the_plan_is_refused_before_anything_runs(dry):
    dry.fail(3)
    with pytest.raises(ValueError, match=r"the plan has no step 3; its steps are 0: write-small \(encode small\)"):
        dry.run(plan(SCALED))
    other = DryRunExecutor()
    other.fail("measure")
    with pytest.raises(ValueError, match="0 steps of the plan are called 'measure'"):
        other.run(plan(SCALED))
    third = DryRunExecutor()
    third.spoil("web")
    with pytest.raises(ValueError, match="has no output 'web'; its outputs are small"):
        third.run(plan(SCALED))
    assert dry.runs == other.runs == third.runs == []


def test_a_callback_that_raises_ends_the_run(dry):
    def refuse(event: Event) -> None:
        raise LookupError(event.kind)

    with pytest.raises(LookupError, match="run-started"):
        dry.run(plan(SCALED), on_event=refuse)


# Beside an event loop


def test_async_code_gets_every_event_and_the_result(dry):
    async def main() -> tuple[list[Event], ExecutionResult]:
        async with dry.start(plan(SCALED)) as run:
            events = [event async for event in run]
            return events, await run.result()

    events, result = asyncio.run(main())
    assert events == dry.runs[0].events
    assert sum(isinstance(event, StepProgress) for event in events) == 4, "none is lost"
    assert set(result.outputs) == {"small"}


def test_async_code_cancels_what_hangs(dry):
    dry.hang(at=0.25)

    async def main() -> list[Event]:
        async with dry.start(plan(SCALED)) as run:
            seen = []
            async for event in run:
                seen.append(event)
                if isinstance(event, StepProgress):
                    run.cancel()
            with pytest.raises(RunCancelledError):
                await run.result()
            return seen

    assert kinds(asyncio.run(main())) == ["run-started", "step-started", "step-progress", "run-cancelled"]


def test_a_scripted_cancellation_looks_like_any_to_async_code(dry):
    dry.cancel()

    async def main() -> None:
        async with dry.start(plan(SCALED)) as run:
            with pytest.raises(RunCancelledError):
                await run.result()

    asyncio.run(main())
    assert dry.runs[0].outcome == "run-cancelled"


def test_a_failure_reaches_async_code(dry):
    dry.fail()

    async def main() -> None:
        async with dry.start(plan(SCALED)) as run:
            with pytest.raises(FFmpegFailedError):
                await run.result()

    asyncio.run(main())


def test_blocking_code_in_a_loop(dry):
    async def main() -> ExecutionResult:
        return dry.run(plan(SCALED))

    assert set(asyncio.run(main()).outputs) == {"small"}
    dry.cancel()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())


def test_every_kind_of_output_comes_out(dry):
    clips = {"in.mp4": clip_info(duration="60s", subtitles=["subrip"])}
    document = job(
        op("hls", "in", "web"), op("thumbnail", "in", "thumbs", count=2),
        op("trim", "in", "part", start="3s", end="9s"),
        outputs={"web": "web/", "thumbs": {"destination": "thumbs/", "format": "png"}, "part": "part.mkv"},
    )  # fmt: skip
    made = plan(document, clips)
    result = dry.run(made, checksums=True)
    for output in made.outputs:
        came = result.outputs[output.id]
        assert [file.name for file in came.files] == [file.name for file in output.files]
        assert (came.sha256 is None) == bool(output.files)
        assert all(file.sha256 for file in came.files)
    assert dry.runs[0].finished == tuple(step.id for step in made.steps)


@pytest.mark.parametrize("name", ["run", "start"])
def test_it_is_called_as_the_real_one_is(name):
    assert inspect.signature(getattr(DryRunExecutor, name)) == inspect.signature(getattr(Executor, name))


def test_steps_of_plugins_run_with_those_at_their_pipes(dry):
    events: list[Event] = []
    made = plan(
        job(tee("in", "t"), outputs={"t": "t.mp4"}), {"in.mp4": clip_info(duration="60s", audio=0)}, registry=registry()
    )
    result = dry.run(made, on_event=events.append)
    assert kinds(events) == [
        "run-started", "step-started", "step-progress", "step-finished", "verified", "published", "run-finished",
    ]  # fmt: skip
    assert dry.runs[0].started == dry.runs[0].finished == ("feed-0-0", "custom-0", "write-t")
    assert {event.step for event in events if isinstance(event, StepProgress)} == {"feed-0-0", "custom-0", "write-t"}
    assert [bool(step.argv) for step in result.steps] == [True, False, True]
    dry.fail("custom-0", "the function raised")
    with pytest.raises(ExecutionError, match="the function raised") as raised:
        dry.run(made)
    assert raised.value.step == "custom-0"
