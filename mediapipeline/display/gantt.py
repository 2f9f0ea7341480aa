"""Bars over time, drawn as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from mediapipeline.display.html import Markup, escaped

__all__ = ["Bar", "gantt"]

_ROW = 26
_LEFT = 220
_WIDE = 560
_SHORTEST = 2
_MOST_DRAWN = 200  # nobody reads more


@attrs.frozen(kw_only=True)
class Bar:
    """What took from *start* to *end*, in seconds."""

    label: str
    start: float
    end: float
    failed: bool = False


def gantt(bars: Sequence[Bar], *, total: float | None = None) -> Markup:
    """The bars below each other, over one axis that begins at 0; of very many, the first.

    Args:
        bars: In the order in which they are to stand.
        total: Where the axis ends, seconds; default, with the last bar.
    """
    end = max([total or 0.0, *(bar.end for bar in bars)], default=0.0) or 1.0
    drawn = bars[:_MOST_DRAWN]
    height = (len(drawn) + (len(bars) > len(drawn))) * _ROW + 34
    parts = []
    for tick in range(5):
        x, seconds = _LEFT + _WIDE * tick / 4, end * tick / 4
        parts.append(
            f'<path d="M{x:.1f} 4V{height - 26}" stroke="#8884"/>'
            f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle" font-size="11" fill="currentColor">'
            f"{seconds:.3g} s</text>"
        )
    if len(bars) > len(drawn):
        words = f"… and {len(bars) - len(drawn):,} more"
        parts.append(
            f'<text x="{_LEFT - 10}" y="{len(drawn) * _ROW + 19}" text-anchor="end" fill="currentColor">{words}</text>'
        )
    for row, bar in enumerate(drawn):
        y = row * _ROW + 6
        x, wide = _LEFT + _WIDE * bar.start / end, max(_SHORTEST, _WIDE * (bar.end - bar.start) / end)
        colour = "#dc2626" if bar.failed else "#3b82f6"
        label = escaped(bar.label if len(bar.label) <= 30 else bar.label[:29] + "…")
        parts.append(
            f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end" fill="currentColor">{label}</text>'
            f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="18" rx="3" fill="{colour}"><title>'
            f"{escaped(bar.label)}: {bar.start:.3f} to {bar.end:.3f} s</title></rect>"
        )
    width = _LEFT + _WIDE + 30
    return Markup(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="system-ui, sans-serif" font-size="13" role="img">' + "".join(parts) + "</svg>"
    )
