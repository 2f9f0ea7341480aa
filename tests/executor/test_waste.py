"""What runs decoded and encoded, beside what they had to."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import attrs
import pytest

from mediapipeline.executor.executor import Executor
from mediapipeline.executor.result import ExecutionResult, Waste
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.media.packets import PacketProber
from mediapipeline.planner.planner import Planner
from mediapipeline.planner.workload import counted
from mediapipeline.testing.media import make_clip
from planning import job, op

SMALL: dict[str, Any] = {"video": {"codec": "libx264", "preset": "ultrafast"}}
AHEAD = 16  # frames that FFmpeg 7 and later may have decoded when they see that enough are there: measured, 2 to 10


def run(folder: Path, engine: Engine, document: dict[str, Any], **options: Any) -> Waste:
    ffmpeg = str(engine.ffmpeg)
    plan = Planner(base_dir=folder, ffmpeg=ffmpeg, **options).plan(document)
    result = Executor(base_dir=folder, ffmpeg=ffmpeg).run(plan)
    assert ExecutionResult.from_dict(result.to_dict()) == result
    prober = default_engine(ffmpeg).prober
    assert isinstance(prober, PacketProber)
    files = {item.id: folder / item.source for item in plan.inputs}
    work = counted(
        plan.workload,
        {item.id: item.media for item in plan.inputs},
        lambda name, stream, window: prober.index(files[name], stream, window),
    )
    return attrs.evolve(result.waste, frames_to_decode=work.decoded)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of 25 frames, a key frame every ten."""
    return make_clip(tmp_path / "in.mp4", video_codec="libx264", duration="2s", b_frames=2, gop=10, audio=1)


def test_all_of_a_clip_is_decoded_and_encoded_once(tmp_path: Path, clip: Path, engine: Engine) -> None:
    document = job(op("hflip", "in", "out"), outputs={"out": {"destination": "out.mp4", "codec": SMALL}})
    waste = run(tmp_path, engine, document)
    assert waste == Waste(
        frames_decoded=50, frames_to_decode=50, frames_encoded=50, frames_to_encode=50, processes=1
    )  # fmt: skip
    assert waste.decoding == waste.encoding == 1


def test_a_copy_decodes_nothing(tmp_path: Path, clip: Path, engine: Engine) -> None:
    waste = run(tmp_path, engine, job(outputs={"out": {"destination": "out.mkv", "input": "in"}}))
    assert waste == Waste(frames_decoded=0, frames_to_decode=0, frames_encoded=0, frames_to_encode=0, processes=1)
    assert waste.decoding == waste.encoding == 1


def test_of_a_part_what_lies_after_its_key_frame_is_decoded(tmp_path: Path, clip: Path, engine: Engine) -> None:
    part = op("trim", "in", "out", start="0.88s", end="1.2s")  # frames 22 to 29, the key frame is 20
    document = job(part, outputs={"out": {"destination": "out.mp4", "codec": SMALL}})
    waste = run(tmp_path, engine, document)
    assert waste.frames_encoded == waste.frames_to_encode == 8
    assert waste.frames_decoded is not None
    assert waste.frames_to_decode is not None
    assert 10 <= waste.frames_to_decode <= 12  # with what is decoded before it is shown
    assert 10 <= waste.frames_decoded <= waste.frames_to_decode + AHEAD


def test_of_a_stream_whose_sound_is_left_out_no_more_is_read_than_the_part(tmp_path: Path, engine: Engine) -> None:
    """Its times count from the sound, so that is opened as well; FFmpeg 5.1 read on for it, to the end of the file."""
    make_clip(tmp_path / "in.ts", video_codec="libx264", duration="9s", b_frames=2, gop=10, audio=1)
    part = op("trim", "in", "out", end="1s")
    written = {"destination": "out.mkv", "codec": {**SMALL, "audio": "none"}}
    waste = run(tmp_path, engine, job(part, inputs={"in": "in.ts"}, outputs={"out": written}))
    assert waste.frames_decoded is not None
    assert waste.frames_decoded <= 25 + AHEAD


def test_without_the_rules_more_is_decoded_than_has_to_be(tmp_path: Path, clip: Path) -> None:
    engine = default_engine().binaries
    document = job(op("trim", "in", "out", start="1.6s"), outputs={"out": {"destination": "out.mp4", "codec": SMALL}})
    waste = run(tmp_path, engine, document, rules=())
    assert waste.frames_decoded == 50
    assert waste.frames_to_decode == 10
    assert waste.decoding == 5


def test_outputs_that_share_a_stream_share_its_frames(tmp_path: Path, clip: Path) -> None:
    engine = default_engine().binaries
    document = job(
        op("hflip", "in", "a"),
        op("vflip", "in", "b"),
        outputs={name: {"destination": f"{name}.mp4", "codec": SMALL} for name in ("a", "b")},
    )
    waste = run(tmp_path, engine, document)
    assert waste.decoding == waste.encoding == 1
    assert (waste.processes, waste.intermediate_bytes) == (1, 0)


def test_files_between_steps_are_counted(tmp_path: Path) -> None:
    engine = default_engine().binaries
    make_clip(tmp_path / "in.mkv", duration="2s", subtitles=1)
    part = op("trim", "in", "out", start="0.2s", end="1s")
    waste = run(tmp_path, engine, job(part, inputs={"in": "in.mkv"}, outputs={"out": {"destination": "out.mkv"}}))
    assert waste.processes == 2  # the subtitles are taken out, cut, and put in again
    assert waste.intermediate_bytes > 0


def test_what_measures_sound_decodes_no_picture(tmp_path: Path, clip: Path, engine: Engine) -> None:
    loud = op("loudnorm", "in", "out", target_lufs=-20)
    waste = run(tmp_path, engine, job(loud, outputs={"out": {"destination": "out.mp4"}}))
    assert (waste.processes, waste.frames_decoded, waste.frames_encoded) == (2, 0, 0)
    assert waste.decoding == waste.encoding == 1


def test_what_is_not_known_gives_no_figure() -> None:
    assert Waste(frames_decoded=5).decoding is None
    assert Waste(frames_encoded=5, frames_to_encode=0).encoding == math.inf
