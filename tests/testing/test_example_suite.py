"""The test suite of the example application passes where there is no FFmpeg, and starts no process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

_EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "uploads"

HIDES = """
import sys
sys.modules["imageio_ffmpeg"] = sys.modules["av"] = None  # as if they were not installed
def watch(event, args):
    if event.startswith(("subprocess.", "os.exec", "os.posix_spawn", "os.fork", "os.system", "socket.connect")):
        raise RuntimeError(f"{event} {args}")
sys.addaudithook(watch)
"""
THERE_IS_NONE = """
import shutil
import pytest
from mediapipeline.errors import FFmpegNotFoundError
from mediapipeline.ffmpeg.binary import find_ffmpeg
def test_there_is_no_ffmpeg():
    assert shutil.which("ffmpeg") is None
    with pytest.raises(FFmpegNotFoundError):
        find_ffmpeg()
"""


def test_a_suite_for_a_pipeline_needs_no_ffmpeg(tmp_path):
    shutil.copytree(_EXAMPLE, tmp_path / "suite", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "suite" / "test_there_is_none.py").write_text(THERE_IS_NONE)
    (tmp_path / "hides").mkdir()
    (tmp_path / "hides" / "sitecustomize.py").write_text(HIDES)
    kept = {name: value for name, value in os.environ.items() if name in ("SYSTEMROOT", "LANG", "LC_ALL")}
    env = {**kept, "PATH": "", "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "hides")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:benchmark"],
        cwd=tmp_path / "suite", env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 50
    assert not [path for path in (tmp_path / "suite").iterdir() if path.suffix in (".mp4", ".png", ".m4a")]
