"""Planning with made-up media: what tests of plans share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mediapipeline.errors import JobError, Problem
from mediapipeline.ffmpeg.filtergraph import FilterGraph
from mediapipeline.media.info import MediaInfo
from mediapipeline.media.streams import VideoStream
from mediapipeline.planner.machine import Machine
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.planner.planner import Planner
from mediapipeline.steps.expectation import Range
from mediapipeline.steps.step import FFmpegStep
from mediapipeline.testing import Capabilities, FakeProber, clip_info

CLIPS: Mapping[str, MediaInfo] = {"in.mp4": clip_info(duration="60s")}


def planner(clips: Mapping[str, MediaInfo] = CLIPS, **options: Any) -> Planner:
    """A planner that needs neither files nor FFmpeg."""
    given = {"capabilities": Capabilities.assume("5.1"), "machine": Machine(cores=4), **options}
    return Planner(**{"prober": FakeProber(clips), **given})


def plan(document: Mapping[str, Any], clips: Mapping[str, MediaInfo] = CLIPS, **options: Any) -> ProcessingPlan:
    return planner(clips, **options).plan(document)


def problems(document: Any, clips: Mapping[str, MediaInfo] = CLIPS, **options: Any) -> list[Problem]:
    """What is wrong with a job; the plan and the validation must say the same."""
    service = planner(clips, **options)
    _, found = attempt(service, document)
    assert list(service.validate(document, probe=True).problems) == found
    return found


def attempt(service: Planner, document: Any) -> tuple[ProcessingPlan | None, list[Problem]]:
    """The plan of a job, or what is wrong with it."""
    try:
        return service.plan(document), []
    except JobError as error:
        return None, list(error.problems)


def picture(media: MediaInfo) -> VideoStream:
    """The picture of a clip that has one."""
    assert media.video is not None
    return media.video


def step(made: ProcessingPlan, number: int = 0) -> FFmpegStep:
    """A step of a plan that runs FFmpeg."""
    found = made.steps[number]
    assert isinstance(found, FFmpegStep)
    return found


def filters(made: ProcessingPlan, number: int = 0) -> FilterGraph:
    """The filter graph of a step that has one."""
    graph = step(made, number).command.graph
    assert graph is not None
    return graph


def allowed(made: ProcessingPlan, output: str) -> Range:
    """How long an output may be whose length is checked."""
    found = made.output(output).expectation.duration
    assert found is not None
    return found


def op(name: str, source: str | list[str] | dict[str, str], made: str, **params: Any) -> dict[str, Any]:
    inputs = {"input": source} if isinstance(source, str) else {"inputs": source}
    return {"op": name, **inputs, "output": made, "params": params}


def job(
    *operations: dict[str, Any],
    outputs: Mapping[str, str | dict[str, Any]],
    inputs: Mapping[str, str | dict[str, Any]] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A document. Inputs and outputs are sources and destinations by id, or their fields."""
    sources = {"in": "in.mp4"} if inputs is None else inputs
    return {
        "inputs": [{"id": i, **({"source": s} if isinstance(s, str) else s)} for i, s in sources.items()],
        "operations": list(operations),
        "outputs": [{"id": i, **({"destination": d} if isinstance(d, str) else d)} for i, d in outputs.items()],
        **fields,
    }
