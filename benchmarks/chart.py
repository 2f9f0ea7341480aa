"""The chart of the report: how many times as long as the expert's commands each form of a job takes. SVG, as text."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from xml.sax.saxutils import escape

from benchmarks.throughput.compare import Comparison
from benchmarks.throughput.job import Job
from benchmarks.throughput.statistic import Ratio

__all__ = ["chart"]

_WIDTH, _NAMES, _RIGHT = 860, 330, 70
_BAR, _GAP, _TOP = 12, 12, 64
_COLOURS = {"ours": "#2b6cb0", "crowd": "#a0aec0"}
_LOW, _HIGH = 0.5, 1000.0


def chart(found: Sequence[tuple[Job, Comparison]]) -> str:
    """An SVG picture."""
    bottom = _TOP + len(found) * (2 * _BAR + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{bottom + 30}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{bottom + 30}" fill="white"/>',
        _text(_NAMES, 20, "Wall time ÷ that of an expert’s FFmpeg commands (logarithmic; 1 is as fast)", 13),
    ]
    for at, (form, colour) in enumerate(_COLOURS.items()):
        parts.append(f'<rect x="{_NAMES + at * 90}" y="30" width="12" height="10" fill="{colour}"/>')
        parts.append(_text(_NAMES + at * 90 + 17, 39, form, 11))
    parts += list(_grid(bottom))
    for place, (job, made) in enumerate(found):
        top = _TOP + place * (2 * _BAR + _GAP)
        parts.append(_text(_NAMES - 10, top + _BAR + 4, job.title, 12, end=True))
        for line, form in enumerate(_COLOURS):
            times = Ratio.of(made.forms[form].wall, made.forms["expert"].wall).median
            seconds = statistics.median(made.forms[form].wall)
            y = top + line * _BAR
            left, right = sorted((_x(1), _x(times)))
            parts.append(
                f'<rect x="{left:.1f}" y="{y}" width="{max(2.0, right - left):.1f}" height="{_BAR - 2}"'
                f' fill="{_COLOURS[form]}"/>'
            )
            parts.append(_text(max(right, _x(1)) + 5, y + _BAR - 3, f"{times:.3g}× · {seconds:.3g} s", 10))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(times: float) -> float:
    share = math.log(min(max(times, _LOW), _HIGH) / _LOW) / math.log(_HIGH / _LOW)
    return _NAMES + share * (_WIDTH - _NAMES - _RIGHT)


def _grid(bottom: int) -> Sequence[str]:
    made = []
    for times in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500):
        x = _x(times)
        shade = "#38a169" if times == 1 else "#e2e8f0"
        made.append(f'<line x1="{x:.1f}" y1="{_TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="{shade}"/>')
        made.append(_text(x - 6, bottom + 15, f"{times:g}", 10))
    return made


def _text(x: float, y: float, what: str, size: int, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:.1f}" y="{y}" font-size="{size}"{anchor} fill="#1a202c">{escape(what)}</text>'
