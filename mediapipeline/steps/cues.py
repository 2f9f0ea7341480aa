"""Cutting text subtitles: the pure part of `mediapipeline.steps.step.CutCuesStep`.

Only the standard library is used, and nothing else of this one, so that a plan written out as a shell script can carry
this file along. The texts are those that FFmpeg's own SubRip and ASS muxers write.
"""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["cut_ass", "cut_cues", "cut_srt"]

# Of a time before 0, FFmpeg writes each part as a negative number: 00:00:-1,-200.
_SRT_TIME = r"(-?\d+):(-?\d+):(-?\d+),(-?\d+)"
_SRT_TIMES = re.compile(rf"^{_SRT_TIME} --> {_SRT_TIME}(.*)$")
_SRT_NEXT = re.compile(rf"\r?\n\r?\n(?=\d+\r?\n{_SRT_TIME} -->)".replace("(-", "(?:-"))
_ASS_TIME = re.compile(r"^(-?\d+):(-?\d+):(-?\d+)\.(-?\d+)$")


def cut_cues(text: str, start: Fraction, end: Fraction | None) -> str:
    """The cues of *text* that show in [start, end), clipped to it and moved so that `start` is time 0.

    Args:
        text: A SubRip or an ASS file, told apart by its first line.
        start: Seconds.
        end: Seconds, or None for all that follows.
    """
    is_ass = text.lstrip("\ufeff").startswith("[Script Info]")
    return cut_ass(text, start, end) if is_ass else cut_srt(text, start, end)


def _clipped(first: int, last: int, start: int, end: int | None) -> tuple[int, int] | None:
    first, last = max(first, start), last if end is None else min(last, end)
    return (first - start, last - start) if first < last else None


def cut_srt(text: str, start: Fraction, end: Fraction | None) -> str:
    r"""`cut_cues` for SubRip, in milliseconds.

    >>> cut_srt("1\n00:00:01,000 --> 00:00:04,000\nhello\n", Fraction(2), Fraction(3))
    '1\n00:00:00,000 --> 00:00:01,000\nhello\n'
    """
    low, high = round(start * 1000), None if end is None else round(end * 1000)
    cues: list[str] = []
    for block in _SRT_NEXT.split(text.lstrip("\ufeff").strip("\r\n")):
        lines = block.splitlines()
        match = _SRT_TIMES.match(lines[1]) if len(lines) > 1 else None
        if match is None:
            continue
        h, m, s, ms, h2, m2, s2, ms2 = map(int, match.groups()[:8])
        span = _clipped(((h * 60 + m) * 60 + s) * 1000 + ms, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2, low, high)
        if span is not None:
            times = " --> ".join(
                f"{t // 3600000:02}:{t // 60000 % 60:02}:{t // 1000 % 60:02},{t % 1000:03}" for t in span
            )
            cues.append("\n".join([str(len(cues) + 1), times + match[9], *lines[2:]]))
    return "\n\n".join(cues) + "\n" if cues else ""


def cut_ass(text: str, start: Fraction, end: Fraction | None) -> str:
    """`cut_cues` for ASS, in hundredths of a second; everything but the dialogue stays as it is."""
    low, high = round(start * 100), None if end is None else round(end * 100)
    kept = []
    for line in text.splitlines():
        if line.startswith("Dialogue:"):
            fields = line.split(",", 3)
            times = [_ASS_TIME.match(field.strip()) for field in fields[1:3]]
            if len(fields) < 4 or times[0] is None or times[1] is None:
                continue
            first, last = (
                ((int(t[1]) * 60 + int(t[2])) * 60 + int(t[3])) * 100 + int(t[4]) for t in times if t is not None
            )
            span = _clipped(first, last, low, high)
            if span is None:
                continue
            fields[1:3] = [f"{t // 360000}:{t // 6000 % 60:02}:{t // 100 % 60:02}.{t % 100:02}" for t in span]
            line = ",".join(fields)  # noqa: PLW2901 - the line as it is kept
        kept.append(line)
    return "\n".join(kept) + "\n"
