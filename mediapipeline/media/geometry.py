"""Picture sizes: how they are written, and how FFmpeg's scale filter computes them.

`fit_size` and `keep_aspect` are the arithmetic of libavfilter, to the pixel, because a size that is inferred must be
the size that comes out. Nothing here knows of rotation or of sample aspect ratios.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import attrs

from mediapipeline.media.malformed import Malformed, shown

__all__ = ["LARGEST", "NAMED_SIZES", "RESOLUTION_PATTERN", "Resolution", "fit_size", "keep_aspect"]

LARGEST = 16384
"""The greatest width and height, pixels."""

NAMED_SIZES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "8k": (7680, 4320),
        "4k": (3840, 2160),
        "uhd": (3840, 2160),
        "4320p": (7680, 4320),
        "2160p": (3840, 2160),
        "1440p": (2560, 1440),
        "1080p": (1920, 1080),
        "720p": (1280, 720),
        "576p": (1024, 576),
        "540p": (960, 540),
        "480p": (854, 480),
        "360p": (640, 360),
        "240p": (426, 240),
        "144p": (256, 144),
    }
)
"""What names of sizes mean: always 16:9 with square pixels, the width made even; ``4k`` is that of television."""

_AMBIGUOUS = MappingProxyType({"2k": ("2048x1080", "2560x1440")})
_SIZE = re.compile(r"([0-9]{1,6}) ?[xX×] ?([0-9]{1,6})")
_NAMES = "|".join("".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in name) for name in NAMED_SIZES)
RESOLUTION_PATTERN = f"^\\s*(?:[0-9]{{1,6}} ?[xX×] ?[0-9]{{1,6}}|{_NAMES})\\s*$"
"""What text of a resolution looks like, for JSON Schema."""
_HINT = 'write "1280x720", {"width": 1280, "height": 720} or a name such as "720p"'


def _pixels(_: Any, attribute: attrs.Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"the {attribute.name} {shown(value)} is not a whole number of pixels", _HINT)
    if not 1 <= value <= LARGEST:
        raise Malformed(f"the {attribute.name} {shown(value)} is not between 1 and {LARGEST} pixels")


@attrs.frozen
class Resolution:
    """Width and height of a picture, 1 to 16384 pixels each; ``str()`` gives ``"1920x1080"``."""

    width: int = attrs.field(validator=_pixels)
    height: int = attrs.field(validator=_pixels)

    @classmethod
    def parse(cls, value: str | Mapping[str, int] | Resolution) -> Resolution:
        """A resolution from ``"1920x1080"``, ``{"width": …, "height": …}`` or a name of `NAMED_SIZES`.

        >>> Resolution.parse("720p")
        Resolution(width=1280, height=720)

        Raises:
            ValueError: It is none of these.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls._of_text(value)
        if isinstance(value, Mapping):
            missing = [name for name in ("width", "height") if name not in value]
            if missing:
                raise Malformed(f"the resolution has no {' and no '.join(missing)}", _HINT)
            if len(value) > 2:
                others = ", ".join(shown(name) for name in [n for n in value if n not in ("width", "height")][:3])
                raise Malformed(f"a resolution has a width and a height, but no {others}", _HINT)
            return cls(value["width"], value["height"])
        raise Malformed(f"{shown(value)} is not a resolution", _HINT)

    @classmethod
    def _of_text(cls, value: str) -> Resolution:
        text = value.strip() if len(value) < 64 else ""
        match = _SIZE.fullmatch(text)
        if match:
            return cls(int(match[1]), int(match[2]))
        name = text.lower()
        if name in NAMED_SIZES:
            return cls(*NAMED_SIZES[name])
        if name in _AMBIGUOUS:
            meanings = _AMBIGUOUS[name]
            raise Malformed(f"{shown(value)} means {' to some and '.join(meanings)} to others", "write which of them")
        raise Malformed(f"{shown(value)} is not a resolution", _HINT)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def _rescaled(value: int, by: int, over: int) -> int:
    """What ``av_rescale`` of libavutil gives: value × by ÷ over, to the nearest, halves up."""
    return (value * by + over // 2) // over


def _size(width: int, height: int, source: Resolution, multiple: int) -> Resolution:
    if min(width, height) < 1:
        raise Malformed(f"{source} made that small has a side of 0 pixels (sides are multiples of {multiple})")
    return Resolution(width, height)


def fit_size(source: Resolution, box: Resolution, mode: Literal["contain", "cover"], multiple: int = 1) -> Resolution:
    """The size of *source* scaled with its shape kept, to lie within *box* or to cover it.

    What ``scale=w:h:force_original_aspect_ratio=decrease|increase:force_divisible_by=multiple`` gives in FFmpeg 7.0
    to 9.0. FFmpeg 5.1 rounds otherwise where *multiple* is above 1, so operators write the size computed here into the
    filter (measured: 163x14 into 444x865 by 8 is 440x40, and 440x32 in 5.1).

    Raises:
        ValueError: A side would be of no pixels or of more than `LARGEST`.
    """
    width = _rescaled(box.height, source.width, source.height * multiple) * multiple
    height = _rescaled(box.width, source.height, source.width * multiple) * multiple
    if mode == "contain":
        width = min(width, box.width) // multiple * multiple
        height = min(height, box.height) // multiple * multiple
    else:
        width = -(-max(width, box.width) // multiple) * multiple
        height = -(-max(height, box.height) // multiple) * multiple
    return _size(width, height, source, multiple)


def keep_aspect(
    source: Resolution, *, width: int | None = None, height: int | None = None, multiple: int = 1
) -> Resolution:
    """The size of *source* scaled to a width or to a height with its shape kept.

    What ``scale=w:-multiple`` and ``scale=-multiple:h`` give in every FFmpeg: the other side is rounded to the nearest
    multiple, the given one stays as it is.

    Raises:
        ValueError: A side would be of no pixels or of more than `LARGEST`.
    """
    if (width is None) == (height is None):
        raise ValueError("keep_aspect takes either a width or a height")
    if width is not None:
        return _size(width, _rescaled(width, source.height, source.width * multiple) * multiple, source, multiple)
    assert height is not None
    return _size(_rescaled(height, source.width, source.height * multiple) * multiple, height, source, multiple)
