"""Every pixel format that an encoder is said to take is encoded, and what is read back is what was planned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediapipeline import JobError, Planner
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.container import CONTAINERS
from mediapipeline.media.encoders import ENCODERS, Encoder
from mediapipeline.testing.media import ClipRecipe, make_clip
from outcomes import ffmpeg, plan_and_run

PICTURES = [encoder for encoder in ENCODERS.values() if encoder.kind == "video" and encoder.pix_fmts]
RENAMED = [encoder for encoder in PICTURES if encoder.read_as]


def _suffix(encoder: Encoder) -> str:
    """A container that the encoder's pictures go into, of the likely ones."""
    holding = [container for container in CONTAINERS.values() if encoder.codec in container.video]
    return next((each for each in holding if each.name == "mkv"), holding[0]).suffixes[0]


def _run_all(encoder: Encoder, pix_fmts: list[str], folder: Path, engine: Engine) -> dict[str, tuple[str, str]]:
    """By pixel format: what was planned to be read back, and what was."""
    recipe = ClipRecipe(size=(64, 64), duration="0.08s", video_codec="ffv1", pix_fmt="yuv420p")
    make_clip(folder / "in.mkv", recipe)
    outputs: list[dict[str, Any]] = [
        {
            "id": f"o{at}", "input": "in", "destination": f"{name}.{_suffix(encoder)}",
            "codec": {"video": {"codec": encoder.name, "pix_fmt": name}},
        }
        for at, name in enumerate(pix_fmts)
    ]  # fmt: skip
    job = {"inputs": [{"id": "in", "source": "in.mkv"}], "operations": [], "outputs": outputs}
    plan, result = plan_and_run(job, folder, engine)
    found = {}
    for at, name in enumerate(pix_fmts):
        planned, made = plan.output(f"o{at}").media.video, result.outputs[f"o{at}"].media.video
        assert planned is not None
        assert made is not None
        found[name] = (planned.pix_fmt or "", made.pix_fmt or "")
    return found


@pytest.mark.parametrize("encoder", PICTURES, ids=lambda encoder: encoder.name)
def test_what_is_offered_is_verified(encoder: Encoder, tmp_path: Path, default_engine: Engine) -> None:
    _run_all(encoder, list(encoder.pix_fmts), tmp_path, default_engine)


@pytest.mark.parametrize("encoder", RENAMED, ids=lambda encoder: encoder.name)
def test_what_is_read_back_by_another_name_is_planned_so(encoder: Encoder, tmp_path: Path, engine: Engine) -> None:
    found = _run_all(encoder, list(encoder.read_as), tmp_path, engine)
    # Whether WebP has transparency at all depends on the pictures.
    if encoder.codec != "webp":
        assert all(planned == made for planned, made in found.values()), found
    assert {name: planned for name, (planned, _) in found.items()} == dict(encoder.read_as)


def test_prores_of_full_chroma_has_a_profile_for_it(tmp_path: Path, engine: Engine) -> None:
    """The one that stands for a quality takes no transparency, and FFmpeg leaves it out there."""
    half = ("-vf", "format=yuva444p10le,colorchannelmixer=aa=0.5")
    glass = ClipRecipe(size=(32, 32), duration="0.08s", video_codec="ffv1", pix_fmt="yuva444p10le", extra=half)
    make_clip(tmp_path / "in.mkv", glass)
    job = {
        "inputs": [{"id": "in", "source": "in.mkv"}], "operations": [],
        "outputs": [{"id": "o", "input": "in", "destination": "o.mov", "codec": {"video": "prores"}}],
    }  # fmt: skip
    _, result = plan_and_run(job, tmp_path, engine)
    video = result.outputs["o"].media.video
    assert video is not None
    assert video.pix_fmt == "yuva444p12le"
    alpha = ffmpeg(engine, "-i", str(tmp_path / "o.mov"), "-vf", "extractplanes=a,format=gray", "-f", "rawvideo", "-")
    assert all(abs(value - 128) < 4 for value in alpha)


def test_transparency_beside_a_picture_needs_a_container_that_tells(tmp_path: Path) -> None:
    make_clip(tmp_path / "in.mkv", ClipRecipe(duration="0.08s", video_codec="ffv1", pix_fmt="yuva420p"))
    asked: dict[str, Any] = {"codec": "vp9", "pix_fmt": "yuva420p"}
    output = {"id": "o", "input": "in", "destination": "o.mp4", "codec": {"video": asked}}
    job = {"inputs": [{"id": "in", "source": "in.mkv"}], "operations": [], "outputs": [output]}
    with pytest.raises(JobError) as caught:
        Planner(base_dir=tmp_path).plan(job)
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/outputs/0/codec/video/pix_fmt", "codec-container")
    assert "webm" in (problem.hint or "")
    del asked["pix_fmt"]
    plan = Planner(base_dir=tmp_path).plan(job)
    assert any("mp4 does not keep the transparency of vp9" in warning.text for warning in plan.warnings)
