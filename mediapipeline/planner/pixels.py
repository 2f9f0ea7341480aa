"""Pixel formats: what a name says, and which one to encode in.

Names are FFmpeg's. Depth, chroma and alpha are read off the name, which FFmpeg keeps systematic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

__all__ = ["EVEN_ONLY", "Pixels", "choose", "loses", "subsampled"]

EVEN_ONLY = frozenset({"libx264", "libx265", "prores_ks", "libsvtav1"})
"""Encoders that refuse odd sizes where chroma is subsampled."""

_NAME = re.compile(r"(yuva?j?|gbra?p?|rgba?|bgra?|argb|abgr|gray|ya|nv|p0|pal|mono)(4\d\d|\d+)?p?(\d+)?(le|be)?")
_CHROMA = {"410": 1, "411": 2, "420": 3, "440": 4, "422": 5, "444": 6}


@attrs.frozen
class Pixels:
    """What a pixel format keeps.

    Attributes:
        depth: Bits of a component.
        chroma: Rank of the chroma resolution; the greatest is full. 0 is none (grey).
        alpha: Whether it holds transparency.
        rgb: Whether it holds RGB rather than YUV.
        full: Whether it is of full range by name (``yuvj420p``).
    """

    depth: int
    chroma: int
    alpha: bool
    rgb: bool
    full: bool


def describe(name: str) -> Pixels | None:
    """What *name* says; None where it is not understood.

    >>> describe("yuv420p10le")
    Pixels(depth=10, chroma=3, alpha=False, rgb=False, full=False)
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    family, number, depth, _ = match.groups()
    if family.startswith("yuv"):
        return Pixels(int(depth or 8), _CHROMA.get(number or "", 3), "a" in family, rgb=False, full="j" in family)
    if family in ("nv", "p0"):
        return Pixels(10 if family == "p0" else 8, 3, alpha=False, rgb=False, full=False)
    if family in ("gray", "ya", "mono"):
        return Pixels(
            int(depth or (number if family == "gray" else None) or 8), 0, family == "ya", rgb=False, full=False
        )
    bits = int(number or 0)
    alpha = "a" in family
    each = 8
    if family.startswith("gb"):
        each = int(depth or number or 8)
    elif bits >= 48:
        each = 16
    return Pixels(each, 6, alpha, rgb=True, full=True)


def subsampled(name: str | None) -> bool:
    """Whether chroma has fewer samples than luma, so that sizes should be even."""
    known = describe(name) if name is not None else None
    return known is not None and 0 < known.chroma < _CHROMA["444"]


def choose(source: str | None, taken: Sequence[str], playable: Sequence[str]) -> str | None:
    """The pixel format to encode *source* in.

    The same where players can be expected to show it; otherwise the playable one that keeps most. Full range is kept
    where the encoder takes it under a name of its own.

    >>> choose("yuv444p", ["yuv420p", "yuv444p"], ["yuv420p"])
    'yuv420p'
    >>> choose("yuvj420p", ["yuv420p", "yuvj420p"], ["yuv420p"])
    'yuvj420p'
    """
    candidates = [name for name in (playable or taken) if not taken or name in taken] or list(taken)
    if source is None:
        return candidates[0] if candidates else None
    if not candidates or source in candidates:
        return source
    known = describe(source)
    if known is None:
        return candidates[0]
    plain = source.replace("yuvj", "yuv")
    if known.full and plain in candidates and source in taken:
        return source

    def loss(name: str) -> tuple[int, int, int, int, int]:
        other = describe(name)
        if other is None:
            return (99, 0, 0, 0, 0)
        return (
            max(0, known.chroma - other.chroma) if known.chroma else 0,
            max(0, known.depth - other.depth),
            int(known.alpha and not other.alpha),
            int(known.rgb != other.rgb),
            abs(known.depth - other.depth) + abs(known.chroma - other.chroma) + int(other.alpha and not known.alpha),
        )

    return min(candidates, key=loss)


def loses(source: str | None, target: str | None) -> bool:
    """Whether encoding *source* as *target* gives up depth, chroma or transparency."""
    a = describe(source) if source is not None else None
    b = describe(target) if target is not None else None
    return a is not None and b is not None and (b.depth < a.depth or b.chroma < a.chroma or (a.alpha and not b.alpha))
