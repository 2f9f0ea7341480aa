"""Parts that begin with the last pictures of an open group: they are decoded after the key frame that follows them."""

from __future__ import annotations

import pytest

from equivalence.harness import Bench
from mediapipeline.planner.optimize import RULES


@pytest.mark.parametrize("clip", ["mov-mpeg4.mov", "mp4-mpeg2.mp4"])
@pytest.mark.parametrize("frame", [22, 23])
def test_every_frame_of_a_part_is_there(default_bench: Bench, clip: str, frame: int) -> None:
    document = {
        "inputs": [{"id": "in", "source": f"clips/{clip}"}],
        "operations": [
            {"op": "trim", "input": "in", "output": "out", "params": {"start": f"{frame}/25", "duration": "1s"}}
        ],
        "outputs": [{"id": "out", "destination": "out.mov", "codec": {"video": "ffv1"}}],
    }
    naive = default_bench.plan(document, ())
    assert default_bench.differences(document, naive, default_bench.plan(document, RULES)) == []
