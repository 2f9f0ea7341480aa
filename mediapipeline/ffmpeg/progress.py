"""What FFmpeg reports with ``-progress``: a stream of ``key=value`` lines, as typed values.

Pure: bytes in, values out. The stream is read in pieces of any size, and nothing in it is trusted: unknown keys, broken
lines and lines without an end are passed over.
"""

from __future__ import annotations

import re
from fractions import Fraction

import attrs

__all__ = ["Progress", "ProgressParser"]

_LONGEST_LINE = 4096
_CLOCK = re.compile(r"(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Progress:
    """How far FFmpeg has come. What it did not say is None."""

    frame: int | None = None
    """Frames of the first video stream encoded so far."""
    fps: float | None = None
    """Frames encoded per second of wall time."""
    bit_rate: int | None = None
    """Bits per second, of the output so far."""
    total_size: int | None = None
    """Bytes written so far."""
    out_time: Fraction | None = None
    """Seconds of output written so far; never goes back from one report to the next."""
    speed: float | None = None
    """Seconds of output per second of wall time."""
    dup: int | None = None
    """Frames repeated to keep the frame rate."""
    drop: int | None = None
    """Frames dropped to keep the frame rate."""
    done: bool = False
    """Whether this is the last report of the run."""


class ProgressParser:
    """Reads ``-progress`` output piece by piece.

    A report is complete with its ``progress=`` line; what comes after the last one is not reported.
    """

    def __init__(self) -> None:
        self._line = bytearray()
        self._overlong = False
        self._block: dict[str, str] = {}
        self._out_time: Fraction | None = None

    def feed(self, data: bytes) -> list[Progress]:
        """The reports that *data* completes, oldest first."""
        found = []
        for piece in data.splitlines(keepends=True):
            if not self._overlong:
                self._line += piece[: _LONGEST_LINE + 1 - len(self._line)]
                self._overlong = len(self._line) > _LONGEST_LINE
            if piece.endswith((b"\n", b"\r")):
                if not self._overlong and (report := self._take(self._line.decode("ascii", "replace"))):
                    found.append(report)
                self._line.clear()
                self._overlong = False
        return found

    def _take(self, line: str) -> Progress | None:
        key, equals, value = line.partition("=")
        key, value = key.strip(), value.strip()
        if not equals:
            return None
        if key != "progress":
            if key in _KEYS:
                self._block[key] = value
            return None
        block, self._block = self._block, {}
        return self._report(block, done=value == "end")

    def _report(self, block: dict[str, str], *, done: bool) -> Progress:
        time = _out_time(block)
        if time is not None:
            self._out_time = max(time, self._out_time or Fraction(0))
        rate = _decimal(block.get("bitrate", "").removesuffix("kbits/s"))
        speed = _decimal(block.get("speed", "").removesuffix("x"))
        fps = _decimal(block.get("fps", ""))
        return Progress(
            frame=_count(block.get("frame", "")),
            fps=None if fps is None else float(fps),
            bit_rate=None if rate is None else round(rate * 1000),
            total_size=_count(block.get("total_size", "")),
            out_time=self._out_time,
            speed=None if speed is None else float(speed),
            dup=_count(block.get("dup_frames", "")),
            drop=_count(block.get("drop_frames", "")),
            done=done,
        )


_KEYS = frozenset(
    {
        "bitrate",
        "drop_frames",
        "dup_frames",
        "fps",
        "frame",
        "out_time",
        "out_time_ms",
        "out_time_us",
        "speed",
        "total_size",
    }
)


def _out_time(block: dict[str, str]) -> Fraction | None:
    """The time of a block; before the first frame FFmpeg reports N/A or a negative time."""
    for key in ("out_time_us", "out_time_ms"):  # both are microseconds: the second is misnamed
        if (number := _decimal(block.get(key, ""), negative=True)) is not None:
            return max(number / 1_000_000, Fraction(0))
    if clock := _CLOCK.fullmatch(block.get("out_time", "")):
        sign, hours, minutes, seconds = clock.groups()
        time = Fraction(seconds) + 60 * int(minutes) + 3600 * int(hours[:9])
        return Fraction(0) if sign else time
    return None


def _decimal(text: str, *, negative: bool = False) -> Fraction | None:
    text = text.strip()
    if len(text) > 40 or not _NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    return value if negative or value >= 0 else None


def _count(text: str) -> int | None:
    value = _decimal(text)
    return int(value) if value is not None and value.denominator == 1 else None
