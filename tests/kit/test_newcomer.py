"""What a newcomer writes is short, and keeps the contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit import newcomer
from kit.newcomer import TestVignette
from mediapipeline import JobBuilder
from mediapipeline.testing import clip_info, fake_planner

__all__ = ["TestVignette"]  # pytest runs it here


def test_thirty_lines_are_enough() -> None:
    assert len(Path(newcomer.__file__).read_text(encoding="utf-8").splitlines()) <= 30


def test_the_first_mistakes_are_those_that_the_tutorial_tells(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "tutorial" / "1-first-job.md"
    found = re.search(
        r"^## Get it wrong.*?^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert found
    known = {"JobBuilder": JobBuilder, "planner": fake_planner({"media/in.mp4": clip_info()})}
    exec(found[1], known)
    assert re.findall(r"\[([a-z-]+)\]$", capsys.readouterr().out, re.MULTILINE) == [
        "unknown-operator",
        "start-beyond-end",
    ]
    exec(found[1].replace("scael", "scale").replace("2h", "0"), known)
    assert "[codec-container]" in capsys.readouterr().out
