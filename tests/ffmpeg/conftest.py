"""The FFmpegs at hand: the one on PATH, those fetched for the tests, and the wheel's."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _builds() -> list[Path]:
    """Every FFmpeg there is to test with; ``MEDIAPIPELINE_TEST_FFMPEGS`` adds more, separated as PATH is."""
    found = [Path(name) for name in os.environ.get("MEDIAPIPELINE_TEST_FFMPEGS", "").split(os.pathsep) if name]
    on_path = shutil.which("ffmpeg")
    found += [Path(on_path)] if on_path else []
    found += sorted(ROOT.glob(".cache/ffmpeg-*/ffmpeg"))
    wheel = find_spec("imageio_ffmpeg")
    if wheel is not None and wheel.submodule_search_locations:
        found += sorted(Path(wheel.submodule_search_locations[0]).glob("binaries/ffmpeg-*"))
    return list(dict.fromkeys(path.resolve() for path in found))


BUILDS = _builds()


@pytest.fixture(params=BUILDS or [None], ids=lambda path: "-".join(path.parts[-2:]) if path else "none")
def ffmpeg(request: pytest.FixtureRequest) -> Path:
    """Each FFmpeg in turn."""
    if request.param is None:
        pytest.skip("no FFmpeg on this machine")
    assert isinstance(request.param, Path)
    return request.param
