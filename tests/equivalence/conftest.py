"""Clips to run jobs over, made once for each FFmpeg."""

from __future__ import annotations

from pathlib import Path

import pytest

from equivalence import clips
from equivalence.harness import Bench
from mediapipeline.ffmpeg.binary import Engine


def _folder(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    folder = tmp_path_factory.mktemp("equivalence")
    for name in clips.RECIPES:
        clips.make(name, folder / "clips", engine)
    return folder


@pytest.fixture(scope="session")
def bench(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(engine, _folder(tmp_path_factory, engine))


@pytest.fixture(scope="session")
def default_bench(default_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(default_engine, _folder(tmp_path_factory, default_engine))
