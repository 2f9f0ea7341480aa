"""Inferred equals probed: jobs over every clip of the zoo, on every FFmpeg, and random jobs over random clips."""

from __future__ import annotations

import contextlib
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import zoo
from mediapipeline import JobError
from mediapipeline.ffmpeg.binary import Engine, find_ffmpeg
from mediapipeline.ffmpeg.probe import default_prober
from mediapipeline.media.info import MediaInfo
from outcomes import plan_and_run

_STILLS = ("png", "jpg", "webp", "bmp", "tiff")


def _facts(path: Path) -> MediaInfo:
    return default_prober(find_ffmpeg()).probe(path)


def _shaped(clip: Path, info: MediaInfo, destination: str) -> dict[str, Any]:
    """A part of the clip in half its width."""
    operations: list[dict[str, Any]] = []
    last = "in"
    if not info.still and (info.duration is None or info.duration > Fraction(3, 5)):
        params = {"start": "0.1s", "duration": "0.4s"}
        operations.append({"op": "trim", "input": last, "output": "cut", "params": params})
        last = "cut"
    if info.video is not None:
        size = {"width": 32, "height": -1}
        operations.append({"op": "scale", "input": last, "output": "small", "params": size})
        last = "small"
    output = {"id": "out", "input": last, "destination": destination}
    return {"inputs": [{"id": "in", "source": clip.name}], "operations": operations, "outputs": [output]}


def _suffix(info: MediaInfo) -> str:
    if info.still:
        return ".png"
    return ".mp4" if info.video is not None else ".m4a"


@pytest.mark.parametrize("name", zoo.RECIPES)
def test_cut_and_scaled(name: str, tmp_path: Path, engine: Engine) -> None:
    clip = zoo.make(name, tmp_path)
    info = _facts(clip)
    plan_and_run(_shaped(clip, info, "out" + _suffix(info)), tmp_path, engine)


@pytest.mark.parametrize("name", zoo.RECIPES)
def test_written_as_it_is(name: str, tmp_path: Path, engine: Engine) -> None:
    """What nothing touches is copied where the container takes it, and encoded where not."""
    clip = zoo.make(name, tmp_path)
    info = _facts(clip)
    output: dict[str, Any] = {
        "id": "out",
        "input": "in",
        "destination": "out" + (".mkv" if info.video and not info.still else _suffix(info)),
    }
    if name == "odd-size":
        output["codec"] = {"video": "ffv1"}
    job = {"inputs": [{"id": "in", "source": clip.name}], "operations": [], "outputs": [output]}
    plan_and_run(job, tmp_path, engine)


_TIMES = st.integers(0, 120).map(lambda n: str(Fraction(n, 100)))
# Where neither rate nor start of a clip is sure, nobody knows beforehand whether a part shorter than a frame is empty.
_LENGTHS = st.integers(10, 120).map(lambda n: str(Fraction(n, 100)))


@st.composite
def _jobs(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A clip of the zoo and a job for it; some are refused when planned, and that is fine."""
    name = draw(st.sampled_from(sorted(zoo.RECIPES)))
    suffix = zoo.RECIPES[name][0]
    operations: list[dict[str, Any]] = []
    last = "in"
    for number in range(draw(st.integers(0, 3))):
        op = draw(st.sampled_from(["trim", "scale", "hflip", "vflip"]))
        params: dict[str, Any] = {}
        if op == "trim":
            params = {"start": draw(_TIMES)} | draw(st.one_of(st.just({}), _LENGTHS.map(lambda t: {"duration": t})))
        elif op == "scale":
            fit = draw(st.sampled_from(["stretch", "contain", "cover", "pad", "no_upscale"]))
            sides = st.integers(8, 60).map(lambda n: 2 * n)
            params = {"width": draw(sides), "height": draw(sides), "fit": fit}
        operations.append({"op": op, "input": last, "output": f"c{number}", "params": params})
        last = f"c{number}"
    destination = draw(st.sampled_from(["out.mp4", "out.mkv", "out.webm", "out.mov", "out.ts", "out.mp3", "out.png"]))
    codec: dict[str, Any] = draw(
        st.sampled_from([{}, {"codec": {"video": {"codec": "libx264", "preset": "ultrafast"}, "audio": "aac"}}])
    )
    job = {
        "inputs": [{"id": "in", "source": f"{name}{suffix}"}],
        "operations": operations,
        "outputs": [{"id": "out", "input": last, "destination": destination, **codec}],
    }
    return name, job


def _part(name: str, start: str, end: str | None, destination: str) -> tuple[str, dict[str, Any]]:
    params = {"start": start} | ({"end": end} if end is not None else {})
    return name, {
        "inputs": [{"id": "in", "source": f"{name}{zoo.RECIPES[name][0]}"}],
        "operations": [{"op": "trim", "input": "in", "output": "part", "params": params}],
        "outputs": [{"id": "out", "input": "part", "destination": destination}],
    }


@example(case=_part("vfr-mkv", "1/100", None, "out.mp4"))  # the cut is gone: reading begins later
@example(case=_part("avi-b-frames", "0", "1/100", "out.mp4"))  # its first frame is not at 0
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(case=_jobs())
def test_any_job_over_any_clip(case: tuple[str, dict[str, Any]], engine: Engine) -> None:
    name, job = case
    with tempfile.TemporaryDirectory() as folder:
        zoo.make(name, Path(folder))
        with contextlib.suppress(JobError):
            plan_and_run(job, Path(folder), engine)
