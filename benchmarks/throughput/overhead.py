"""What `Executor.run` adds to the FFmpeg command that it runs, in a warm process.

The same command runs by itself and through the executor, alternating, so that the machine treats both alike.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from benchmarks.throughput.processes import memory_of_this_process, run
from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.engine import default_engine
from mediapipeline.steps import FFmpegStep
from mediapipeline.testing import make_clip

__all__ = ["Row", "measure"]

_RUNS = 7
_SHARED = Path(__file__).resolve().parents[3] / "shared" / "media" / "car-detection.mp4"


@attrs.frozen
class Row:
    """One job: medians of the bare command and of the executor, and what running it added to this process (bytes)."""

    name: str
    bare_wall: float
    ours_wall: float
    bare_cpu: float
    ours_cpu: float
    memory: int

    @property
    def overhead(self) -> float:
        return self.ours_wall - self.bare_wall


def _jobs(clip: Path) -> dict[str, dict[str, Any]]:
    inputs = [{"id": "in", "source": str(clip)}]
    cut = {"op": "trim", "input": "in", "output": "cut", "params": {"start": "1s", "duration": "2s"}}
    scale = {"op": "scale", "input": "cut", "output": "small", "params": {"size": "320x180", "algorithm": "lanczos"}}
    codec = {
        "video": {"codec": "libx264", "preset": "veryfast", "crf": 23},
        "audio": {"codec": "aac", "bitrate": "128k"},
    }
    return {
        "copy": {
            "inputs": inputs,
            "operations": [],
            "outputs": [{"id": "out", "input": "in", "destination": "out.mp4"}],
        },
        "trim + scale": {
            "inputs": inputs,
            "operations": [cut, scale],
            "outputs": [{"id": "out", "input": "small", "destination": "out.mp4", "codec": codec}],
        },
    }


def measure() -> Iterator[Row]:
    """Every figure of this suite."""
    engine = default_engine()
    with tempfile.TemporaryDirectory() as folder:
        clip = (
            _SHARED
            if _SHARED.exists()
            else make_clip(Path(folder) / "clip.mp4", duration="10s", size=(640, 360), audio=1)
        )
        for name, job in _jobs(clip).items():
            plan = Planner(base_dir=folder).plan(job)
            (step,) = plan.steps
            assert isinstance(step, FFmpegStep)
            paths = {"source:in": str(clip), "final:out": str(Path(folder) / "bare.mp4")}
            argv = step.command.argv(
                binary=str(engine.binaries.ffmpeg), paths=paths, features=engine.capabilities, progress=None
            )
            executor = Executor(base_dir=folder)
            before = memory_of_this_process("VmRSS")
            executor.run(plan, overwrite=True)  # warm
            bare, ours, cpu = [], [], []
            for _ in range(_RUNS):
                bare.append(run(argv))
                start = time.perf_counter()
                result = executor.run(plan, overwrite=True)
                ours.append(time.perf_counter() - start)
                cpu.append(float(result.cpu_seconds))
            yield Row(
                name=name,
                bare_wall=statistics.median(used.wall for used in bare),
                ours_wall=statistics.median(ours),
                bare_cpu=statistics.median(used.cpu for used in bare),
                ours_cpu=statistics.median(cpu),
                memory=max(0, memory_of_this_process("VmHWM") - before),
            )
