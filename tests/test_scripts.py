"""Plans as shell scripts: they make the same outputs as the executor, and replace nothing unasked."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import zoo
from mediapipeline import Executor, Planner
from mediapipeline.ffmpeg.binary import Engine
from outcomes import ffmpeg

NAMES = ("out.mkv", "-x.mkv", "a:b'c,d;[e] $(exit 7) %03d.mkv")


def _job() -> dict[str, Any]:
    return {
        "inputs": [{"id": "in", "source": "two-tracks-and-subtitles.mkv"}],
        "operations": [
            {"op": "trim", "input": "in", "output": "part", "params": {"start": "0.3s", "end": "0.9s"}},
            {"op": "scale", "input": "part", "output": "small", "params": {"width": 32, "height": 24}},
        ],
        "outputs": [
            {"id": f"o{n}", "input": "small", "destination": name, "codec": {"video": "ffv1", "audio": "pcm_s16le"}}
            for n, name in enumerate(NAMES)
        ],
    }


def _frames(engine: Engine, file: Path) -> bytes:
    maps = ["-map", "0:v", "-map", "0:a"]
    return ffmpeg(engine, "-i", f"file:{file}", *maps, "-f", "framemd5", "-fflags", "+bitexact", "-")


def test_a_script_makes_what_the_executor_makes(engine: Engine, tmp_path: Path) -> None:
    zoo.make("two-tracks-and-subtitles", tmp_path)
    plan = Planner(base_dir=tmp_path, ffmpeg=engine.ffmpeg).plan(_job())
    Executor(base_dir=tmp_path, ffmpeg=engine.ffmpeg).run(plan)
    wanted = [_frames(engine, tmp_path / name) for name in NAMES]
    (tmp_path / "job.sh").write_text(plan.to_shell())
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ffmpeg").symlink_to(engine.ffmpeg)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": path, "LC_ALL": "C.UTF-8", **environment}
        return subprocess.run(["sh", "job.sh"], cwd=tmp_path, env=env, capture_output=True, text=True, check=False)

    (tmp_path / NAMES[0]).unlink()
    (tmp_path / NAMES[1]).write_text("precious")
    refused = run()
    assert refused.returncode == 1
    assert refused.stderr == "-x.mkv exists already; it is replaced if OVERWRITE=1 is set\n"
    assert (tmp_path / NAMES[1]).read_text() == "precious"
    assert not (tmp_path / NAMES[0]).exists(), "nothing is done before all is looked at"
    done = run(OVERWRITE="1")
    assert done.returncode == 0, done.stderr
    assert [_frames(engine, tmp_path / name) for name in NAMES] == wanted
