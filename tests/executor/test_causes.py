"""What a failure says of inputs that ended before they should."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.errors import OutputError
from mediapipeline.executor.causes import early_end
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.plan import PlannedInput
from mediapipeline.testing import clip_info, make_clip
from planning import job, op

MATROSKA = "matroska,webm: File ended prematurely"
MP4 = "mov,mp4,m4a,3gp,3g2,mj2: stream 1, offset 0xff2c: partial file (3 times)"


def inputs(*formats: str) -> Sequence[PlannedInput]:
    return [
        PlannedInput(id=f"in{at}", source=f"in{at}.x", media=clip_info(format=name)) for at, name in enumerate(formats)
    ]


@pytest.mark.parametrize(
    ("warnings", "formats", "named"),
    [
        ([MATROSKA], ["matroska"], ["'in0' (in0.x)", "10.0 s"]),
        (["h264: error while decoding MB 1 1", MP4], ["matroska", "mov"], ["'in1' (in1.x)", "partial file"]),
        ([MATROSKA], ["matroska", "mov", "matroska"], ["one of 'in0', 'in2'"]),
    ],
)
def test_the_input_is_named(warnings: list[str], formats: list[str], named: list[str]) -> None:
    said = early_end(warnings, inputs(*formats))
    assert said is not None
    assert all(each in said for each in named)


@pytest.mark.parametrize(
    ("warnings", "formats"),
    [([], ["matroska"]), (["h264: error while decoding MB 1 1"], ["mov"]), ([MATROSKA], ["mov"]), ([MP4], ["avi"])],
)
def test_nothing_is_guessed(warnings: list[str], formats: list[str]) -> None:
    assert early_end(warnings, inputs(*formats)) is None


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4"])
@pytest.mark.parametrize("operations", [[], [op("hflip", "in", "out")]], ids=["copied", "encoded"])
def test_a_file_that_is_cut_off_is_said_to_be(
    name: str, operations: list[dict[str, Any]], tmp_path: Path, engine: Engine
) -> None:
    extra = ["-movflags", "+faststart", "-g", "10"] if name.endswith("mp4") else ["-g", "10"]
    whole = make_clip(tmp_path / name, duration="6s", rate=10, size=(64, 48), video_codec="libx264", extra=extra)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    document = job(*operations, inputs={"in": name}, outputs={"out" if operations else "in": "out.mkv"})
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(document)
    with pytest.raises(OutputError) as caught:
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(plan)
    error = caught.value
    assert error.differences
    assert f"the input 'in' ({name}) ended before the end of the 6.0 s that its header tells" in str(error)
    assert "may be cut off" in error.to_dict()["message"]
