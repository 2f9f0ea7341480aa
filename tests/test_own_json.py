"""JSON that the library wrote and a host kept: every place in it changed to something odd is refused by a `ValueError`
that says where, or read exactly as it stands."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner, ProcessingPlan
from mediapipeline.errors import (
    FFmpegFailedError,
    JobError,
    MediaPipelineError,
    OutputError,
    PluginError,
    ProbeError,
    Problem,
    TransitionError,
    VersionConflictError,
)
from mediapipeline.executor.events import Event, event_from_dict
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.jobs import Job, JobStatus
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.values import from_dict, to_dict
from mediapipeline.testing import clip_info, make_clip
from planning import job, op, planner

ODD: list[Any] = [5, -1.5, None, "x", "", True, [], [1], {}, {"a": 1}]
Place = tuple[str | int, ...]


def places(data: Any, at: Place = ()) -> Iterator[Place]:
    yield at
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from places(value, (*at, key))


def changed(data: Any, at: Place, value: Any) -> Any:
    """A copy of *data* with *value* at that place; it shares what lies elsewhere."""
    if not at:
        return value
    again = copy.copy(data)
    again[at[0]] = changed(data[at[0]], at[1:], value)
    return again


def kept(data: Any, at: Place) -> Any:
    """What is there after a round trip; a default is left out."""
    for key in at:
        if isinstance(data, dict) and key not in data:
            return "left out"
        data = data[key]
    return data


def check(data: Any, read: Any, write: Any) -> None:
    """Nothing but a ValueError, and nothing converted. Each place takes its turn with a third of the oddities."""
    data = json.loads(json.dumps(data))
    assert write(read(data)) == data
    refused = 0
    for number, at in enumerate(places(data)):
        for odd in ODD[number % 3 :: 3]:
            try:
                again = read(changed(data, at, odd))
            except ValueError:
                refused += 1
            else:
                found = kept(write(again), at)
                same = found == odd and isinstance(found, bool) == isinstance(odd, bool)  # 5 may come back as 5.0
                assert found == "left out" or same or at == ("type",), (at, odd, found)  # of a class not known here
    assert refused > len(list(places(data)))  # of three times as many


@pytest.fixture(scope="module")
def plan() -> ProcessingPlan:
    trim = op("trim", "in", "part", start="1s", duration="2s")
    scale = op("scale", "part", "small", size="320x180")
    loud = op("loudnorm", "small", "loud")
    clips = {"in.mp4": clip_info(duration="60s")}
    return planner(clips).plan(job(trim, scale, loud, outputs={"loud": "a.mp4", "part": "b.mkv"}))


def test_plans(plan: ProcessingPlan):
    check(plan.to_dict(), ProcessingPlan.from_dict, ProcessingPlan.to_dict)


def test_facts():
    facts = clip_info(duration="60s")
    check(to_dict(facts), lambda data: from_dict(MediaInfo, data), to_dict)


def test_events_and_results(tmp_path: Path):
    clip = make_clip(tmp_path / "in.mp4", duration="1s", size=(64, 48), audio=1)
    made = Planner(base_dir=tmp_path).plan(job(op("scale", "in", "small", size="32x24"), outputs={"small": "a.mp4"}))
    assert clip.exists()
    events: list[Event] = []
    result = Executor(base_dir=tmp_path).run(made, on_event=events.append)
    check(result.to_dict(), ExecutionResult.from_dict, ExecutionResult.to_dict)
    for event in {type(event): event for event in events}.values():
        check(event.to_dict(), event_from_dict, lambda event: event.to_dict())


def test_records_of_jobs():
    now = datetime(2030, 1, 1, tzinfo=UTC)
    record = Job.of({"inputs": [], "tags": ["a"]}, now=now, id="a").to(JobStatus.VALIDATING, now=now, worker="w")
    failed = record.to(JobStatus.FAILED, now=now, error=VersionConflictError("a").to_dict(), retries=1)
    again = failed.to(JobStatus.PENDING, now=now, not_before=now, priority=3, user_id="ada")
    for each in (record, failed, again):
        check(each.to_dict(), Job.from_dict, Job.to_dict)


@pytest.mark.parametrize("odd", [5, "x", [1], {"command": 5}])
def test_a_mistake_is_told_with_its_place(plan: ProcessingPlan, odd: Any):
    data = json.loads(json.dumps(plan.to_dict()))
    data["steps"][0] = odd
    with pytest.raises(ValueError, match="not a ProcessingPlan: /steps/0"):
        ProcessingPlan.from_dict(data)


def test_a_union_is_read_by_any_name():
    with pytest.raises(ValueError, match="not a value of its kinds: /: unknown kind 'x'"):
        from_dict(Event, {"kind": "x"})  # type: ignore[arg-type]  # a union is no class to a type checker


@pytest.mark.parametrize(
    "error",
    [
        JobError([Problem("/a", "b", "c", "d"), Problem("", "b", "c")]),
        FFmpegFailedError(
            argv=["ffmpeg"], exit_code=1, stderr="no", cause="why", step="step0", operator="/operations/0"
        ),
        OutputError("not as planned", output="out", differences=["shorter"]),
        ProbeError("a.mp4", "empty"),
        PluginError("broken", provider="acme 1.0"),
        VersionConflictError("job-1"),
        TransitionError("job-1", "completed", "pending"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors(error: MediaPipelineError):
    check(error.to_dict(), MediaPipelineError.from_dict, lambda error: error.to_dict())
