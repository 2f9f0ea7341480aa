"""``fps``: frames are repeated and left out, never mixed, and the rate comes early."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import zoo
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.optimize import RULES
from mediapipeline.testing import clip_info, make_clip
from outcomes import ffmpeg, plan_and_run
from planning import job, op, plan, problems


def hashes(engine: Engine, clip: Path) -> list[bytes]:
    how = ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"]
    text = ffmpeg(engine, "-i", str(clip), *how)
    return [line.split(b",")[-1].strip() for line in text.splitlines() if not line.startswith(b"#")]


def document(source: str, fps: Any, *more: dict[str, Any], destination: str = "out.mkv") -> dict[str, Any]:
    output = {"destination": destination, "codec": {"video": "ffv1"}}
    last = "in" if not more else "shaped"
    return job(*more, op("fps", last, "out", fps=fps), inputs={"in": source}, outputs={"out": output})


def test_frames_are_those_of_the_clip(tmp_path: Path, engine: Engine) -> None:
    clip = make_clip(tmp_path / "clip.mp4", duration="1s", rate=20, video_codec="libx264")
    whole = hashes(engine, clip)
    plan_and_run(document(clip.name, 10), tmp_path, engine)
    half = hashes(engine, tmp_path / "out.mkv")
    assert len(half) == 10
    assert half == whole[::2]
    plan_and_run(document(clip.name, 40, destination="more.mkv"), tmp_path, engine)
    doubled = hashes(engine, tmp_path / "more.mkv")
    assert doubled == [each for each in whole for _ in range(2)]


@pytest.mark.parametrize("name", ["vfr-mkv", "ntsc-ts", "audio-late", "b-frames", "gif", "webm-vp8", "mkv-late-start"])
@pytest.mark.parametrize("fps", [12, "30000/1001", 60])
def test_clips_of_the_zoo(name: str, fps: Any, tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make(name, tmp_path)
    made, _ = plan_and_run(document(clip.name, fps), tmp_path, engine)
    video = made.output("out").media.video
    assert video is not None
    assert (video.frame_rate, video.vfr) == (Fraction(fps), False)


def test_frames_left_out_before_filters_are_the_same(tmp_path: Path, engine: Engine) -> None:
    """With `retime_early` and without any rule."""
    from mediapipeline import Executor, Planner

    clip = make_clip(tmp_path / "clip.mkv", duration="1.3s", rate="30000/1001", video_codec="libx264", audio=1)
    shaped = op("scale", "in", "shaped", width=48, height=36)
    found = []
    for name, rules in (("with.mkv", RULES), ("without.mkv", ())):
        made = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg, rules=rules).plan(
            document(clip.name, 9, shaped, destination=name)
        )
        assert any(decision.by == "retime_early" for decision in made.decisions) == bool(rules)
        Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(made)
        found.append(hashes(engine, tmp_path / name))
    assert found[0] == found[1]
    assert len(found[0]) == 12


@pytest.mark.parametrize("fps", [1, 50])
@pytest.mark.parametrize("suffix", [".mp4", ".ts"])
def test_a_part_from_a_key_frame_lasts_no_longer(suffix: str, fps: int, tmp_path: Path, engine: Engine) -> None:
    """Where the part begins may be unknown when planned; FFmpeg repeats its last frame up to wherever it read to."""
    clip = make_clip(tmp_path / f"clip{suffix}", duration="3s", video_codec="libx264")
    cut = op("trim", "in", "shaped", start="1.56s", end="1.72s", accuracy="keyframe")
    more = op("trim", "shaped", "more", start=0, end="0.3s")
    wanted = document(clip.name, fps, cut, more)
    wanted["outputs"].append({"id": "more", "input": "more", "destination": "more.mkv", "codec": {"video": "ffv1"}})
    plan_and_run(wanted, tmp_path, engine)
    assert len(hashes(engine, tmp_path / "out.mkv")) == max(round(0.16 * fps), 1)


def test_the_rate_that_it_has_changes_nothing() -> None:
    same = plan(job(op("fps", "in", "out", fps=25), outputs={"out": "out.mp4"}))
    assert same.output("out").streams[0].encoder is None
    varying = {"in.mp4": clip_info(vfr=True)}
    paced = plan(job(op("fps", "in", "out", fps=25), outputs={"out": "out.mp4"}), varying)
    assert paced.output("out").streams[0].encoder is not None
    assert paced.output("out").streams[1].encoder is None, "the sound passes"


def test_what_is_refused() -> None:
    found = problems(job(op("fps", "in", "out", fps=0), outputs={"out": "out.mp4"}))
    assert [problem.path for problem in found] == ["/operations/0/params/fps"]


def test_the_rate_that_it_has_is_nothing_to_do_where_the_container_rounded_the_length():
    """Matroska counts in milliseconds: a length is hardly ever that of a whole number of frames."""
    clip = {"in.mkv": clip_info(duration="90s", rate="24000/1001")}
    same = op("fps", "in", "out", fps="24000/1001")
    made = plan(job(same, inputs={"in": "in.mkv"}, outputs={"out": "out.mkv"}), clip)
    assert [stream.encoder for stream in made.output("out").streams] == [None, None]
    assert made.output("out").media.duration == 90
