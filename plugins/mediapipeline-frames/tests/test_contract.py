"""What every operator has to hold, with functions that do something to see and to hear."""

from __future__ import annotations

from pathlib import Path

import pytest

from mediapipeline.testing import OperatorContract
from mediapipeline_frames import Picture, Sound
from mediapipeline_frames.allowed import VARIABLE


@pytest.fixture(autouse=True)
def _allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv(VARIABLE, "frame_functions:*")


class TestPicture(OperatorContract):
    operator = Picture
    cases = (
        {"function": "frame_functions:darken_late"},
        {"function": "frame_functions:lighten_late", "arguments": {"limit": "1/2"}, "pixels": "rgb48"},
    )
    invalid = (
        {"function": "os:system"},
        {"function": "frame_functions"},
        ({"function": "frame_functions:invert", "pixels": "nv12"}, "/pixels"),
        ({"function": "frame_functions:invert", "arguments": {"by": [1]}}, "/arguments/by"),
    )


class TestSound(OperatorContract):
    operator = Sound
    cases = (
        {"function": "frame_functions:pulse", "block": 1000},
        {"function": "frame_functions:gain", "arguments": {"gain": 0.25}},
    )
    invalid = (
        {"function": "os:system"},
        ({"function": "frame_functions:gain", "block": 1}, "/block"),
    )
