"""Parts of one file that are joined: read in one go where they lie close together, by seeks where not; the same frames.

On every FFmpeg, with the rules against without.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mediapipeline import Executor, Planner
from mediapipeline.executor.result import ExecutionResult
from mediapipeline.ffmpeg.binary import Engine
from mediapipeline.planner.optimize import RULES
from mediapipeline.planner.plan import ProcessingPlan
from mediapipeline.steps.step import FFmpegStep
from outcomes import ffmpeg

GROUP = 50
PARTS = {
    "close": [("0", "0.4"), ("0.6", "1.2"), ("1.24", "1.6")],
    "touching": [("0.4", "0.8"), ("0.8", "1.6")],
    "apart": [("0.2", "0.6"), ("9", "9.4")],
    "out-of-order": [("9", "9.4"), ("0.2", "0.6"), ("0.8", "1")],  # of which the last two are close
    "overlapping": [("0.2", "1"), ("0.6", "1.4")],
}


@pytest.fixture(scope="module")
def folder(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    for name, codecs in {
        "in.mp4": ("libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "flac", "-strict", "-2"),
        "in.ts": ("libx264", "-preset", "ultrafast", "-c:a", "mp2"),
        "in.avi": ("mpeg4", "-c:a", "pcm_s16le"),
    }.items():
        ffmpeg(
            engine, "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=10", "-f", "lavfi", "-i",
            "sine=frequency=440:sample_rate=48000:duration=10", "-g", str(GROUP), "-c:v", *codecs, str(folder / name),
        )  # fmt: skip
    return folder


def job(source: str, parts: list[tuple[str, str]], output: str, **codec: str) -> dict[str, Any]:
    names = [f"p{at}" for at in range(len(parts))]
    cuts = [
        {"op": "trim", "input": "in", "output": name, "params": {"start": start, "end": end}}
        for name, (start, end) in zip(names, parts, strict=True)
    ]
    return {
        "inputs": [{"id": "in", "source": source}],
        "operations": [*cuts, {"op": "concat", "inputs": names, "output": "all"}],
        "outputs": [{"id": "all", "destination": output, "codec": codec or {"video": "ffv1", "audio": "pcm_s16le"}}],
    }


def run(
    engine: Engine, folder: Path, document: dict[str, Any], *, rules: Any
) -> tuple[ProcessingPlan, ExecutionResult]:
    made = Planner(base_dir=folder, ffmpeg=engine.ffmpeg, rules=rules).plan(document)
    return made, Executor(base_dir=folder, ffmpeg=engine.ffmpeg).run(made, overwrite=True)


def decoded(engine: Engine, path: Path) -> list[str]:
    text = ffmpeg(engine, "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-").decode()
    return [line.split(",", 2)[2] for line in text.splitlines() if not line.startswith("#")]


def opened(made: ProcessingPlan) -> int:
    (step,) = made.steps
    assert isinstance(step, FFmpegStep)
    return len(step.command.inputs)


CASES = [
    *(("in.mp4", parts) for parts in PARTS),
    *((source, parts) for source in ("in.ts", "in.avi") for parts in ("close", "apart", "out-of-order")),
]


@pytest.mark.parametrize(("source", "parts"), CASES)
def test_the_frames_are_those_without_rules(engine, folder, source, parts):
    quick, _ = run(engine, folder, job(source, PARTS[parts], "quick.mkv"), rules=RULES)
    run(engine, folder, job(source, PARTS[parts], "naive.mkv"), rules=())
    frames = decoded(engine, folder / "quick.mkv")
    assert frames == decoded(engine, folder / "naive.mkv")
    assert len(frames) == sum(round((Fraction(end) - Fraction(start)) * 25) for start, end in PARTS[parts])
    in_one_go = parts in ("close", "touching") or (parts == "apart" and source == "in.avi")
    assert (opened(quick) == 1) == in_one_go
    assert opened(quick) <= len(PARTS[parts])


def test_nothing_is_decoded_twice_where_parts_lie_close_together(default_engine, tmp_path):
    ffmpeg(
        default_engine, "-f", "lavfi", "-i", "testsrc2=size=96x64:rate=25:duration=3", "-c:v", "libx264", "-g", "250",
        "-bf", "0", str(tmp_path / "in.mp4"),
    )  # fmt: skip
    parts = [("0", "0.4"), ("0.8", "1.2"), ("1.6", "2")]
    made, result = run(default_engine, tmp_path, job("in.mp4", parts, "out.mkv", video="ffv1"), rules=RULES)
    assert "3 parts read in one go" in made.explain()
    assert result.waste.frames_decoded is not None
    assert result.waste.frames_decoded <= 50 + 8  # from the only key frame on, and what threads decode ahead
