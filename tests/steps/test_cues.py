"""Cues before time 0, as FFmpeg writes them: each part of the time is a negative number of its own."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mediapipeline.steps.cues import cut_cues

_SRT = """1
-1:-1:-1,-500 --> 00:00:-1,00
long ago

2
00:00:-1,-100 --> 00:00:00,-500
before

3
00:00:00,-400 --> 00:00:00,800
into it
1
00:00:00,-100 is no time

4
00:00:01,200 --> 00:00:02,200
after
"""
_ASS = """[Script Info]
[Events]
Dialogue: 0,0:00:-1.-10,0:00:00.-50,Default,,0,0,0,,before
Dialogue: 0,0:00:00.-40,0:00:00.80,Default,,0,0,0,,into it, and on
Dialogue: 0,0:00:01.20,0:00:02.20,Default,,0,0,0,,after
"""


def test_srt_from_zero_on() -> None:
    assert cut_cues(_SRT, Fraction(0), Fraction(3, 2)) == (
        "1\n00:00:00,000 --> 00:00:00,800\ninto it\n1\n00:00:00,-100 is no time\n\n"
        "2\n00:00:01,200 --> 00:00:01,500\nafter\n"
    )


def test_ass_from_zero_on() -> None:
    assert cut_cues(_ASS, Fraction(0), Fraction(3, 2)).splitlines()[2:] == [
        "Dialogue: 0,0:00:00.00,0:00:00.80,Default,,0,0,0,,into it, and on",
        "Dialogue: 0,0:00:01.20,0:00:01.50,Default,,0,0,0,,after",
    ]


@pytest.mark.parametrize(
    ("start", "first"), [(-4000, "00:05:38,500 --> 01:06:39,000"), (-2, "00:00:00,000 --> 00:00:01,000")]
)
def test_srt_from_before_zero_on(start: int, first: str) -> None:
    kept = cut_cues(_SRT, Fraction(start), None)
    assert kept.splitlines()[:3] == ["1", first, "long ago"]
    assert "before" in kept
