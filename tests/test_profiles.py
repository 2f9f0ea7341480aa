"""What an encoder makes of a profile is read back as that one: a job that asks for it copies, one for another not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Planner
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.media.encoders import ENCODERS, Encoder
from mediapipeline.testing.media import ClipRecipe, make_clip
from outcomes import plan_and_run

TOLD = [encoder for encoder in ENCODERS.values() if encoder.read_profiles]


def _job(sources: dict[str, str], outputs: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {
        "inputs": [{"id": name, "source": source} for name, source in sources.items()],
        "operations": [],
        "outputs": [
            {"id": name, "input": source, "destination": f"{name}.mov", "codec": {"video": codec}}
            for name, (source, codec) in outputs.items()
        ],
    }


def _needing(pix_fmts: tuple[str, ...]) -> str:
    """What lesser profiles do not take: libx264 writes the least that does."""
    return "yuv444p" if "yuv444p" in pix_fmts else pix_fmts[0]


@pytest.mark.parametrize("encoder", TOLD, ids=lambda encoder: encoder.name)
def test_a_profile_that_the_source_has_is_copied(encoder: Encoder, tmp_path: Path, engine: Engine) -> None:
    make_clip(tmp_path / "in.mkv", ClipRecipe(size=(64, 64), duration="0.2s", video_codec="ffv1"))
    made = {
        f"p{at}": ("in", {"codec": encoder.name, "profile": name, "pix_fmt": _needing(taken)})
        for at, (name, taken) in enumerate(encoder.profiles.items())
    }
    plan_and_run(_job({"in": "in.mkv"}, made), tmp_path, engine)
    asked = {
        f"{clip}-{at}": (clip, {"codec": encoder.codec, "profile": name})
        for clip in made
        for at, name in enumerate(encoder.profiles)
    }
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_job({clip: f"{clip}.mov" for clip in made}, asked))
    copied = {name for name in asked if plan.output(name).streams[0].encoder is None}
    assert copied == {f"p{at}-{at}" for at, name in enumerate(encoder.profiles) if name in encoder.read_profiles}
