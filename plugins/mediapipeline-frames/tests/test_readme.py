"""What the README tells a newcomer to do works, word for word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mediapipeline.testing import make_clip

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A clip, and the function and the job of the README."""
    make_clip(tmp_path / "in.mp4", duration=1, video_codec="libx264")
    (tmp_path / "my_filters.py").write_text(_block("python", "def brighten"))
    (tmp_path / "job.json").write_text(_block("json", "frames.picture"))
    return tmp_path


def _block(language: str, word: str) -> str:
    blocks = re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return next(block for block in blocks if word in block)


def test_by_the_command_line(folder: Path) -> None:
    (folder / "mediapipeline").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m mediapipeline "$@"\n')
    (folder / "mediapipeline").chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    argv = ["sh", "-c", _block("sh", "job.json")]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "verified" in done.stdout
    assert (folder / "out.mp4").exists()


def test_by_a_program(folder: Path) -> None:
    (folder / "program.py").write_text(_block("python", "Executor()"))
    done = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "which reads in itself" in done.stdout
    assert "every stream ends when it should" in done.stdout
