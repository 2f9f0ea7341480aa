"""The command line as people have it: a process of its own with its streams, and a small clip to work on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mediapipeline.testing.media import make_clip

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def cli(tmp_path) -> Cli:
    """``cli("run", "job.json")`` runs it in the folder of the test."""

    def run(*args: str, stdin: str = "", env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mediapipeline", *args],
            check=False, input=stdin, capture_output=True, encoding="utf-8", timeout=120,
            cwd=tmp_path, env={**os.environ, **(env or {})},
        )  # fmt: skip

    return run


@pytest.fixture
def job(tmp_path) -> Callable[..., Path]:
    """``job(width=32)`` writes a job over a clip of a second, and says where; ``changes`` replace what it says."""

    def write(*, width: int = 32, destination: str = "out.mp4", source: str = "in.mp4", **changes: Any) -> Path:
        if source == "in.mp4" and not (tmp_path / source).exists():
            make_clip(tmp_path / source, audio=1)
        document = {
            "inputs": [{"id": "in", "source": source}],
            "operations": [{"op": "scale", "input": "in", "output": "small", "params": {"width": width, "height": -1}}],
            "outputs": [{"id": "small", "destination": destination}],
        }
        path = tmp_path / "job.json"
        path.write_text(json.dumps(document | changes), encoding="utf-8")
        return path

    return write
