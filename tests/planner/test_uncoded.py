"""Pictures that are not coded: in which pixel formats a container holds them, and what is said of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.container import CONTAINERS
from mediapipeline.testing import clip_info
from outcomes import ffmpeg, plan_and_run
from planning import job, plan, problems

HOLDING = [container for container in CONTAINERS.values() if "rawvideo" in container.video]


def raw(destination: str, **settings: Any) -> dict[str, Any]:
    video = {"codec": "rawvideo", **settings}
    return job(inputs={"in": "in.nut"}, outputs={"in": {"destination": destination, "codec": {"video": video}}})


def make_raw(file: Path, engine: Engine, pix_fmt: str) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=46x34:r=5:d=0.4", "-pix_fmt", pix_fmt)
    ffmpeg(engine, *source, "-c:v", "rawvideo", "-f", "nut", str(file))


def hashes(engine: Engine, file: Path, pix_fmt: str) -> bytes:
    return ffmpeg(engine, "-i", str(file), "-fps_mode", "passthrough", "-pix_fmt", pix_fmt, "-f", "framemd5", "-")


@pytest.mark.parametrize(
    ("destination", "pix_fmt"),
    [
        *(("out.mkv", name) for name in ("yuv422p", "rgba")),
        *(("out.avi", name) for name in ("nv21", "rgba")),
    ],
)
def test_what_is_taken_comes_back_as_it_was(destination: str, pix_fmt: str, tmp_path: Path, engine: Engine) -> None:
    make_raw(tmp_path / "in.nut", engine, pix_fmt)
    made, _ = plan_and_run(raw(destination), tmp_path, engine)
    assert [stream.encoder for stream in made.output("in").streams] == [None]
    again = hashes(engine, tmp_path / destination, pix_fmt)
    sums = [line.split(b",")[-1] for line in hashes(engine, tmp_path / "in.nut", pix_fmt).splitlines()]
    assert [line.split(b",")[-1] for line in again.splitlines() if line[:1] != b"#"] == sums[-2:]


@pytest.mark.parametrize(
    ("source", "destination", "chosen", "warned"),
    [
        ("rgb24", "out.mkv", "rgba", False),
        ("bgr24", "out.avi", "rgba", False),
        ("gray16le", "out.mkv", "gray", True),
        ("yuv422p10le", "out.avi", "yuv422p", True),
    ],
)
def test_others_become_the_nearest(
    source: str, destination: str, chosen: str, warned: bool, tmp_path: Path, engine: Engine
) -> None:
    make_raw(tmp_path / "in.nut", engine, source)
    made, _ = plan_and_run(raw(destination), tmp_path, engine)
    (stream,) = made.output("in").streams
    assert stream.encoder == "rawvideo"
    assert source in (stream.reason or "")
    video = made.output("in").media.video
    assert video is not None
    assert video.pix_fmt == chosen
    assert any(chosen in decision.text and source in decision.text for decision in made.warnings) == warned


@pytest.mark.parametrize(("destination", "pix_fmt"), [("out.mkv", "rgb24"), ("out.avi", "yuv444p")])
def test_one_that_is_asked_for_and_not_taken_is_a_problem(destination: str, pix_fmt: str) -> None:
    clip = clip_info(audio=0)
    (problem,) = problems(raw(destination, pix_fmt=pix_fmt), {"in.nut": clip})
    assert (problem.path, problem.code) == ("/outputs/0/codec/video/pix_fmt", "codec-container")
    assert pix_fmt in problem.message
    assert "ffv1" in (problem.hint or "")
    assert plan(raw(destination, pix_fmt="yuv422p"), {"in.nut": clip}).output("in").streams[0].encoder == "rawvideo"


def test_a_copy_that_is_asked_for_and_not_taken_is_a_problem() -> None:
    outputs = {"in": {"destination": "out.mkv", "codec": {"video": "copy"}}}
    document = job(inputs={"in": "in.mov"}, outputs=outputs)
    clip = clip_info(video="rawvideo", pix_fmt="rgb24", audio=0)
    (problem,) = problems(document, {"in.mov": clip})
    assert (problem.path, problem.code) == ("/outputs/0/codec/video", "cannot-copy")
    assert "rgb24" in problem.message
    assert "MP4" not in (problem.hint or "")


def test_a_container_that_takes_them_says_in_which_formats() -> None:
    assert HOLDING
    assert all(container.uncoded for container in HOLDING)
