"""``overlay``: which frame of what lies above is seen with each frame of the base, and for how long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.testing import make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op

WHITE_FROM_1S = ("-vf", "drawbox=color=black:t=fill,drawbox=color=white:t=fill:enable='gte(t,1)'")


def brightness(file: Path, engine: Engine) -> list[int]:
    """How bright the top left corner of each frame is, from 0 to 9."""
    how = ("-map", "0:v", "-fps_mode", "passthrough", "-vf", "crop=16:12:0:0,scale=1:1", "-pix_fmt", "gray")
    seen = ffmpeg(engine, "-i", str(file), *how, "-f", "rawvideo", "-")
    return [int(each) for each in np.frombuffer(seen, np.uint8) // 26]


@pytest.mark.parametrize(
    ("destination", "base_rate", "above"),
    [
        ("base.mp4", 25, "top.mp4"),
        ("base.mkv", 30, "top.mp4"),
        ("base.avi", 25, "top.mp4"),
        ("base.mp4", 25, "top.avi"),
    ],
)
def test_the_last_frame_is_seen_as_long_as_the_others(
    destination: str, base_rate: int, above: str, tmp_path: Path, engine: Engine
) -> None:
    """FFmpeg forgets it as soon as it has read it: of two a second, the last was not seen at all."""
    black = ("-vf", "drawbox=color=black:t=fill")
    base = make_clip(tmp_path / destination, duration="3s", rate=base_rate, extra=black)
    top = make_clip(tmp_path / above, duration="1.5s", rate=2, size=(16, 12), extra=WHITE_FROM_1S)
    placed = op("overlay", {"base": "in", "overlay": "top"}, "out")
    wanted = job(
        placed, inputs={"in": base.name, "top": top.name},
        outputs={"out": {"destination": "out.mkv", "codec": {"video": "ffv1"}}},
    )  # fmt: skip
    plan_and_run(wanted, tmp_path, engine)
    seen = brightness(tmp_path / "out.mkv", engine)
    assert [at for at, each in enumerate(seen) if each >= 8] == [*range(base_rate, -(-3 * base_rate // 2))]


def test_with_a_mark_on_it_the_last_frame_is_seen_as_long_as_well(tmp_path: Path, engine: Engine) -> None:
    """FFmpeg before 9.0 takes what was laid over each other to end where its last frame begins."""
    base = make_clip(tmp_path / "base.mp4", duration="3s", rate=25, extra=("-vf", "drawbox=color=black:t=fill"))
    top = make_clip(tmp_path / "top.mp4", duration="1.5s", rate=2, size=(16, 12), extra=WHITE_FROM_1S)
    mark = make_clip(tmp_path / "mark.png", size=(2, 2))
    wanted = job(
        op("overlay", {"base": "top", "overlay": "mark"}, "marked", position="bottom_right"),
        op("overlay", {"base": "in", "overlay": "marked"}, "out"),
        inputs={"in": base.name, "top": top.name, "mark": mark.name},
        outputs={"out": {"destination": "out.mkv", "codec": {"video": "ffv1"}}},
    )
    plan_and_run(wanted, tmp_path, engine)
    seen = brightness(tmp_path / "out.mkv", engine)
    assert [at for at, each in enumerate(seen) if each >= 8] == [*range(25, 38)]


@pytest.mark.parametrize("operation", [{}, {"op": "trim", "params": {"end": "99s"}}])
def test_frames_are_not_seen_early_by_a_coarse_clock(operation: dict[str, Any], tmp_path: Path, engine: Engine) -> None:
    """A file with one tick a frame: FFmpeg took what is seen from 0.67 s on for seen at 0.6 s."""
    black = ("-vf", "drawbox=color=black:t=fill")
    base = make_clip(tmp_path / "base.avi", duration="3s", rate=5, extra=black)
    white = (WHITE_FROM_1S[0], WHITE_FROM_1S[1].replace("gte(t,1)", "gte(t,0.6)"))
    top = make_clip(tmp_path / "top.mp4", duration="3s", rate=3, size=(16, 12), extra=white)  # from 2/3 s on
    cut = [] if not operation else [{**operation, "input": "in", "output": "cut"}]
    placed = op("overlay", {"base": "cut" if cut else "in", "overlay": "top"}, "out")
    wanted = job(
        *cut, placed, inputs={"in": base.name, "top": top.name},
        outputs={"out": {"destination": "out.mkv", "codec": {"video": "ffv1"}}},
    )  # fmt: skip
    plan_and_run(wanted, tmp_path, engine)
    assert [each >= 8 for each in brightness(tmp_path / "out.mkv", engine)] == [False] * 4 + [True] * 11


def test_joined_the_last_frame_is_there(tmp_path: Path, engine: Engine) -> None:
    """FFmpeg 5.1 takes it to end where it begins, so the one before it was seen twice."""
    last = ("-vf", "drawbox=color=black:t=fill,drawbox=color=white:t=fill:enable='gte(t,0.95)'")
    base = make_clip(tmp_path / "base.mp4", duration="1s", rate=25, extra=last)
    top = make_clip(tmp_path / "top.mp4", duration="1s", rate=25, size=(16, 12))
    wanted = job(
        op("overlay", {"base": "in", "overlay": "top"}, "both", position="bottom_right"),
        op("concat", ["both", "in"], "out"), inputs={"in": base.name, "top": top.name},
        outputs={"out": {"destination": "out.mkv", "codec": {"video": "ffv1"}}},
    )  # fmt: skip
    plan_and_run(wanted, tmp_path, engine)
    seen = brightness(tmp_path / "out.mkv", engine)
    assert [at for at, each in enumerate(seen) if each >= 8] == [24, 49]
