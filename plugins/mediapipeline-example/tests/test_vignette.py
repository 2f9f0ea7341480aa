"""What every operator has to hold, and what this one is for."""

import pytest
from mediapipeline import JobError, Planner
from mediapipeline.testing import Capabilities, FakeProber, OperatorContract, clip_info

from mediapipeline_example.vignette import Vignette


class TestVignette(OperatorContract):
    """Runs it on a dozen tiny clips, alone and with other operators; `pytest -k documented` runs one of its checks."""

    operator = Vignette
    cases = ({}, {"angle": 1.2, "mode": "backward"})
    invalid = ({"angle": 9}, {"mode": "perhaps"})


def job(**params: object) -> dict[str, object]:
    """Darkens a clip."""
    return {
        "inputs": [{"id": "in", "source": "in.mp4"}],
        "operations": [{"op": "example.vignette", "input": "in", "output": "out", "params": params}],
        "outputs": [{"id": "out", "destination": "out.mp4"}],
    }


def planner() -> Planner:
    """Needs neither FFmpeg nor files."""
    return Planner(prober=FakeProber({"in.mp4": clip_info(duration="60s")}), capabilities=Capabilities.assume("8.0"))


def test_picture_is_encoded_and_sound_copied() -> None:
    """What the plan of a job with it says."""
    streams = planner().plan(job(angle=1.0)).output("out").streams
    assert [stream.encoder is None for stream in streams] == [False, True]


def test_mistake_is_told_where_it_is() -> None:
    """The path leads to the parameter in the job."""
    with pytest.raises(JobError) as caught:
        planner().plan(job(angle=9))
    (problem,) = caught.value.problems
    assert problem.path == "/operations/0/params/angle"
