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

_YUV = re.compile(r"yuv(?P<alpha>a?)(?P<full>j?)(?P<chroma>4\d\d)p(?P<depth>\d+)?(le|be)?")
_GRAY = re.compile(r"(?P<family>gray|ya)(?P<depth>\d+)?(le|be)?")
_PLANAR_RGB = re.compile(r"gbr(?P<alpha>a?)p(?P<depth>\d+)?(le|be)?")
_PACKED_RGB = re.compile(r"0?rgb(?P<alpha>a?)(?P<bits>0|24|48|64)?")  # and bgr alike
_SEMIPLANAR = {  # digits after "nv" and "p": chroma and depth
    "nv12": ("420", 8), "nv21": ("420", 8), "nv16": ("422", 8), "nv20": ("422", 10), "nv24": ("444", 8),
    "nv42": ("444", 8), "p010": ("420", 10), "p012": ("420", 12), "p016": ("420", 16), "p210": ("422", 10),
    "p212": ("422", 12), "p216": ("422", 16), "p410": ("444", 10), "p412": ("444", 12), "p416": ("444", 16),
    "yuyv422": ("422", 8), "uyvy422": ("422", 8), "yvyu422": ("422", 8),
}  # fmt: skip
_RGB_NAMES = {"argb": (8, True), "abgr": (8, True), "pal8": (8, True), "rgb565": (5, False), "rgb555": (5, False),
              "rgb444": (4, False), "rgb8": (2, False), "rgb4": (1, False)}  # fmt: skip
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
    plain = name.removesuffix("le").removesuffix("be")
    if match := _YUV.fullmatch(name):
        chroma = _CHROMA[match["chroma"]]
        return Pixels(int(match["depth"] or 8), chroma, bool(match["alpha"]), rgb=False, full=bool(match["full"]))
    if plain in _SEMIPLANAR:
        number, depth = _SEMIPLANAR[plain]
        return Pixels(depth, _CHROMA[number], alpha=False, rgb=False, full=False)
    if match := _GRAY.fullmatch(name):
        return Pixels(int(match["depth"] or 8), 0, match["family"] == "ya", rgb=False, full=False)
    if name in ("monow", "monob"):
        return Pixels(1, 0, alpha=False, rgb=False, full=False)
    if match := _PLANAR_RGB.fullmatch(name):
        return Pixels(int(match["depth"] or 8), _CHROMA["444"], bool(match["alpha"]), rgb=True, full=True)
    packed = plain.replace("bgr", "rgb") if plain[:4] not in ("argb", "abgr") else plain
    if packed in _RGB_NAMES:
        depth, alpha = _RGB_NAMES[packed]
        return Pixels(depth, _CHROMA["444"], alpha, rgb=True, full=True)
    if match := _PACKED_RGB.fullmatch(packed):
        depth = 16 if match["bits"] in ("48", "64") else 8
        return Pixels(depth, _CHROMA["444"], bool(match["alpha"]), rgb=True, full=True)
    return None


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
