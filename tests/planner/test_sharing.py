"""What files of one process are said to share is what its command does once."""

from __future__ import annotations

import pytest

from mediapipeline.planner.sharing import shared_by
from mediapipeline.steps.step import FFmpegStep
from mediapipeline.testing import clip_info
from planning import job, op, plan

H264 = {"video": "libx264", "audio": "copy"}
VP9 = {"video": "libvpx-vp9", "audio": "none"}


@pytest.mark.parametrize(
    ("operations", "outputs", "shared"),
    [
        ([op("hls", "in", "out", segment=2)], {"out": {"destination": "out/"}}, "read"),
        ([op("thumbnail", "in", "out", at=["2s", "8s"])], {"out": {"destination": "out/", "format": "jpg"}}, "nothing"),
        (
            [op("scale", "in", "a", width=640), op("scale", "in", "b", width=320)],
            {name: {"destination": f"{name}.mkv", "codec": H264} for name in "ab"},
            "decoded",
        ),
        (
            [op("hflip", "in", "a")],
            {
                "a": {"destination": "a.mkv", "codec": H264},
                "b": {"input": "a", "destination": "b.webm", "codec": VP9},
            },
            "decoded and filtered",
        ),
    ],
    ids=["picture and sound", "stills of one file", "two sizes", "two encoders"],
)
def test_what_is_shared(operations, outputs, shared):
    made = plan(job(*operations, outputs=outputs), {"in.mp4": clip_info()})
    (step,) = [step for step in made.steps if isinstance(step, FFmpegStep)]
    assert len(step.command.outputs) == 2
    assert shared_by(step.command) == shared
    (said,) = [line for line in made.explain().splitlines() if "2 files from one process" in line]
    assert said.endswith("from one process" if shared == "nothing" else f"what they share is {shared} once")
