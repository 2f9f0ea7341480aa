"""Exact time: durations, timecodes and frame rates, read from text and written as text.

Times are `fractions.Fraction` seconds from the text a user wrote to the text FFmpeg reads. No float enters but by its
shortest decimal (0.1 is 1/10), and text without bounds (thousands of digits, 10^400) is refused before it is computed.
"""

from __future__ import annotations

import enum
import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, TypeAlias

import attrs

from mediapipeline.media.malformed import Malformed, shown

__all__ = [
    "DURATION_PATTERN",
    "FRAME_RATE_PATTERN",
    "LONGEST",
    "TIMECODE_PATTERN",
    "Duration",
    "FrameRate",
    "Quantity",
    "TimeValue",
    "Timecode",
    "format_clock",
    "format_time",
    "parse_duration",
    "parse_frame_rate",
    "parse_rational",
    "seconds_text",
    "to_microseconds_floor",
]

TimeValue: TypeAlias = str | int | float | Fraction | Decimal


class Quantity(enum.Enum):
    """Marks, in an annotation, what a rational measures."""

    DURATION = "duration"
    FRAME_RATE = "frame rate"


Duration: TypeAlias = Annotated[Fraction, Quantity.DURATION]
"""A length of time, exact seconds, never negative."""
FrameRate: TypeAlias = Annotated[Fraction, Quantity.FRAME_RATE]
"""Frames per second, exact."""

LONGEST = Fraction(10**9)
"""No duration is longer: 31 years, in seconds."""

_MOST_CHARACTERS = 128
_FINEST = 10**24  # bounds denominators, and with them the digits of every text that is written
_INT32 = 2**31 - 1  # FFmpeg's rationals

_NUMBER = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
_RATIO = r"[0-9]+/[0-9]+"
_UNITS = {
    "h": (r"h", Fraction(3600)),
    "m": (r"(?:min|m)", Fraction(60)),
    "s": (r"(?:sec|s)", Fraction(1)),
    "ms": (r"ms", Fraction(1, 1000)),
    "us": (r"(?:us|µs)", Fraction(1, 1_000_000)),
}
_WITH_UNITS = " ?".join(f"(?:(?P<{name}>{_NUMBER}) ?{unit})?" for name, (unit, _) in _UNITS.items())
_CLOCK = r"(?P<h>[0-9]+):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9](?:\.[0-9]+)?)"
_SHORT_CLOCK = r"(?P<m>[0-9]+):(?P<s>[0-5][0-9](?:\.[0-9]+)?)"
_ISO_TIME = rf"T(?=[0-9.])(?:(?P<h>{_NUMBER})H)?(?:(?P<m>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?"
_ISO = rf"P(?=[0-9.T])(?:(?P<d>{_NUMBER})D)?(?:{_ISO_TIME})?"
_FRAMES = r"(?P<h>[0-9]+):(?P<m>[0-5][0-9]):(?P<s>[0-5][0-9])(?P<mark>[:;])(?P<f>[0-9]{2,3})"
_SECONDS_OF = {"d": Fraction(86400)} | {name: seconds for name, (_, seconds) in _UNITS.items()}
_GRAMMAR = tuple(re.compile(pattern) for pattern in (_WITH_UNITS, _CLOCK, _SHORT_CLOCK, _ISO))
_PLAIN_NUMBER = re.compile(_NUMBER)
_PLAIN_RATIO = re.compile(_RATIO)
_SIGNED_RATIO = re.compile(r"-?[0-9]+(?:/[0-9]+)?")
_FRAME_COUNT = re.compile(_FRAMES)


def _for_schemas(*patterns: str) -> str:
    """One pattern for JSON Schema, whose regular expressions are those of ECMAScript; space around it is not read."""
    return r"^\s*(?:" + "|".join(re.sub(r"\?P<\w+>", "?:", pattern) for pattern in patterns) + r")\s*$"


_DURATIONS = (_NUMBER, _RATIO, r"(?=\S)" + _WITH_UNITS, _CLOCK, _SHORT_CLOCK, _ISO)
DURATION_PATTERN = _for_schemas(*_DURATIONS)
"""What text of a duration looks like, for JSON Schema; `parse_duration` checks more."""
TIMECODE_PATTERN = _for_schemas(*_DURATIONS, _FRAMES)
FRAME_RATE_PATTERN = _for_schemas(_NUMBER, _RATIO)

_DURATION_HINT = 'write seconds (90, "90.5", "1001/30000"), "1h30m", "500ms", "00:01:30.5" or "PT1M30S"'
_RATE_HINT = 'write frames per second: 25, "30000/1001" or "29.97"'


def parse_duration(value: TimeValue) -> Fraction:
    """Exact seconds of a duration.

    Text is a number of seconds (``"90.5"``), a fraction (``"1001/30000"``), numbers with units in falling order
    (``"1h30m"``, ``"1.5 s"``, ``"500ms"``, ``"20us"``), a clock (``"00:01:30.5"``, ``"1:30"``) or ISO 8601 in days and
    below (``"PT1M30S"``). Numbers are seconds.

    >>> parse_duration("1h30m"), parse_duration(0.1)
    (Fraction(5400, 1), Fraction(1, 10))

    Raises:
        ValueError: Anything else, with a sentence that says what to write.
    """
    seconds = _seconds_of_text(value) if isinstance(value, str) else _exact(value, "a duration", _DURATION_HINT)
    return _bounded(seconds, value)


def _bounded(seconds: Fraction, value: object) -> Fraction:
    if seconds < 0:
        raise Malformed(f"a duration cannot be negative, as {shown(value)} is")
    if seconds > LONGEST:
        raise Malformed(f"{shown(value)} is longer than 1000000000 seconds, the longest time there is")
    if seconds.denominator > _FINEST:
        raise Malformed(f"{shown(value)} is finer than times can be, 24 decimal places")
    return seconds


def _exact(value: object, what: str, hint: str) -> Fraction:
    """The exact value of a number; a float counts as its shortest decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction | Decimal):
        raise Malformed(f"{shown(value)} is not {what}", hint)
    if isinstance(value, int | Fraction):
        return Fraction(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not number.is_finite():
        raise Malformed(f"{number} is not {what}", hint)
    if number.adjusted() > 40 or len(number.as_tuple().digits) > _MOST_CHARACTERS:
        raise Malformed(f"{what} has not that many digits", hint)
    if number and number.adjusted() < -40:
        raise Malformed(f"{what} cannot be as small as {number:.1e}", hint)
    return Fraction(number)


def _decimal(text: str) -> Fraction:
    """The value of a plain decimal; several times faster than ``Fraction(text)``."""
    whole, _, rest = text.partition(".")
    return Fraction(int(whole + rest), 10 ** len(rest)) if rest else Fraction(int(whole))


def _seconds_of_text(value: str) -> Fraction:
    text = value.strip()
    if not text:
        raise Malformed("an empty text is not a duration", _DURATION_HINT)
    if len(text) > _MOST_CHARACTERS:
        raise Malformed(f"a duration of {len(text)} characters is not read", _DURATION_HINT)
    if _PLAIN_NUMBER.fullmatch(text):
        return _decimal(text)
    if _PLAIN_RATIO.fullmatch(text):
        above, below = text.split("/")
        if int(below):
            return Fraction(int(above), int(below))
        raise Malformed(f"{shown(value)} divides by zero", _DURATION_HINT)
    for form in _GRAMMAR:
        match = form.fullmatch(text)
        if match:
            parts = match.groupdict()
            return sum((_decimal(n) * _SECONDS_OF[unit] for unit, n in parts.items() if n), Fraction(0))
    if _FRAME_COUNT.fullmatch(text):
        raise Malformed(f"{shown(value)} counts frames, which a duration does not", _DURATION_HINT)
    if text.startswith("-"):
        raise Malformed(f"a duration cannot be negative, as {shown(value)} is")
    raise Malformed(f"{shown(value)} is not a duration", _DURATION_HINT)


@attrs.frozen
class _FrameCount:
    hours: int
    minutes: int
    seconds: int
    frames: int
    drop: bool


@attrs.frozen
class Timecode:
    """A point in time: a duration from the start, or ``HH:MM:SS:FF``, which counts frames.

    A count of frames stays symbolic until the frame rate is known. With ``;`` before the frames it is drop-frame
    (SMPTE ST 12-1): numbers 0 and 1 are left out at the start of every minute but each tenth, at twice 29.97 frames
    per second twice as many. Two timecodes are equal if they mean the same, however they are written.

    >>> Timecode("00:01:00;02").resolve(Fraction(30000, 1001))
    Fraction(3003, 50)

    Raises:
        ValueError: *text* is neither.
    """

    text: str = attrs.field(eq=False)
    """As it was written."""
    seconds: Fraction | None = attrs.field(init=False, repr=False)
    """The time, or None where frames are counted."""
    _count: _FrameCount | None = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        match = _FRAME_COUNT.fullmatch(self.text.strip()) if len(self.text) <= _MOST_CHARACTERS else None
        count = None
        if match:
            hours, minutes, seconds = int(match["h"]), int(match["m"]), int(match["s"])
            count = _FrameCount(hours, minutes, seconds, int(match["f"]), match["mark"] == ";")
            _bounded(Fraction(hours * 3600), self.text)
        object.__setattr__(self, "_count", count)
        object.__setattr__(self, "seconds", None if count else parse_duration(self.text))

    @classmethod
    def parse(cls, value: TimeValue | Timecode) -> Timecode:
        """A timecode from text, a number of seconds, or another one.

        Raises:
            ValueError: It is none.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(value)
        return cls(format_time(parse_duration(value)))  # type: ignore[arg-type]  # parse_duration refuses the rest

    @property
    def needs_rate(self) -> bool:
        """Whether the time is known only with a frame rate."""
        return self.seconds is None

    def resolve(self, frame_rate: Fraction | None) -> Fraction:
        """The time in exact seconds.

        Frames are numbered with the nearest whole rate (30 for 30000/1001) and last as long as they do.

        Raises:
            ValueError: Frames are counted, and the rate is unknown or has no such frame.
        """
        if self.seconds is not None:
            return self.seconds
        count = self._count
        assert count is not None  # one of both is set
        if frame_rate is None or frame_rate <= 0:
            raise Malformed(
                f"{shown(self.text)} counts frames, but the frame rate is not known", 'write seconds: "00:01:30.5"'
            )
        nominal = math.floor(frame_rate + Fraction(1, 2))
        if count.frames >= nominal:
            rate = format_time(frame_rate)
            raise Malformed(f"{shown(self.text)} has no frame {count.frames}: there are {rate} frames per second")
        number = nominal * (count.hours * 3600 + count.minutes * 60 + count.seconds) + count.frames
        return (number - self._dropped(count, frame_rate, nominal)) / frame_rate

    def _dropped(self, count: _FrameCount, rate: Fraction, nominal: int) -> int:
        """How many frame numbers are left out before this one."""
        if not count.drop:
            return 0
        if nominal % 30 or rate != Fraction(nominal * 1000, 1001):
            raise Malformed(
                f"{shown(self.text)} is drop-frame, which {format_time(rate)} frames per second do not have",
                "write ':' before the frames; ';' is for 30000/1001 and 60000/1001",
            )
        each = nominal // 15
        if count.minutes % 10 and not count.seconds and count.frames < each:
            raise Malformed(
                f"{shown(self.text)} does not exist: drop-frame leaves out the first {each} numbers of this minute",
                f"the first frame of the minute is number {each:02}",
            )
        minutes = count.hours * 60 + count.minutes
        return each * (minutes - minutes // 10)

    def __str__(self) -> str:
        return self.text


_SNAPPED = tuple(Fraction(nominal * 1000, 1001) for nominal in (24, 30, 48, 60, 120, 240))


def parse_frame_rate(value: TimeValue) -> Fraction:
    """Exact frames per second; the decimals in use for n × 1000/1001 (23.976, 29.97, 59.94, …) mean just that.

    >>> parse_frame_rate("29.97"), parse_frame_rate(25)
    (Fraction(30000, 1001), Fraction(25, 1))

    Raises:
        ValueError: It is no rate, or one that FFmpeg's rationals do not hold.
    """
    rate, decimals = _rate_of_text(value) if isinstance(value, str) else _rate_of_number(value)
    if decimals:
        rate = next((exact for exact in _SNAPPED if _written_so(exact, rate, decimals)), rate)
    if not 0 < rate <= 1000 or rate.denominator > _INT32 or rate.numerator > _INT32:
        raise Malformed(f"{shown(value)} is not a frame rate between 0 and 1000", _RATE_HINT)
    return rate


def _rate_of_text(value: str) -> tuple[Fraction, int]:
    text = value.strip()
    if len(text) > _MOST_CHARACTERS or not (_PLAIN_NUMBER.fullmatch(text) or _PLAIN_RATIO.fullmatch(text)):
        raise Malformed(f"{shown(value)} is not a frame rate", _RATE_HINT)
    above, slash, below = text.partition("/")
    if not slash:
        return _decimal(text), len(text.partition(".")[2])
    if not int(below):
        raise Malformed(f"{shown(value)} divides by zero", _RATE_HINT)
    return Fraction(int(above), int(below)), 0


def _rate_of_number(value: object) -> tuple[Fraction, int]:
    rate = _exact(value, "a frame rate", _RATE_HINT)
    if not isinstance(value, float | Decimal):
        return rate, 0
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    exponent = number.as_tuple().exponent
    return rate, max(0, -exponent) if isinstance(exponent, int) else 0


def _written_so(exact: Fraction, written: Fraction, decimals: int) -> bool:
    """Whether *written* is *exact* rounded or cut to that many decimals, which are two or more."""
    scale = 10**decimals
    cut = math.floor(exact * scale)
    return decimals >= 2 and written * scale in (cut, math.floor(exact * scale + Fraction(1, 2)))


def parse_rational(text: str) -> Fraction:
    """The rational that `format_time` wrote: ``"5"``, ``"1001/30000"``, ``"-1/25"``.

    Raises:
        ValueError: It is not of this form.
    """
    if len(text) <= 2 * _MOST_CHARACTERS and _SIGNED_RATIO.fullmatch(text):
        above, _, below = text.partition("/")
        if int(below or 1):
            return Fraction(int(above), int(below or 1))
    raise Malformed(f"{shown(text)} is not a rational", 'write "5" or "1001/30000"')


def format_time(seconds: Fraction) -> str:
    """The exact JSON form: ``"5"``, ``"1001/30000"``."""
    return str(seconds)


def format_clock(seconds: Fraction) -> str:
    """For people: ``"00:01:30.5"``, to the nearest microsecond."""
    whole, micros = divmod(round(abs(seconds) * 1_000_000), 1_000_000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    rest = f".{micros:06}".rstrip("0") if micros else ""
    sign = "-" if seconds < 0 and (whole or micros) else ""
    return f"{sign}{hours:02}:{minute:02}:{second:02}{rest}"


def to_microseconds_floor(seconds: Fraction) -> int:
    """Whole microseconds, never later than *seconds*: a cut rounded up would lose its first frame."""
    return seconds.numerator * 1_000_000 // seconds.denominator


def seconds_text(seconds: Fraction) -> str:
    """Decimal text for FFmpeg, never later than *seconds*: ``"10"``, ``"12.345678"``."""
    micros = to_microseconds_floor(seconds)
    whole, rest = divmod(abs(micros), 1_000_000)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}" + (f".{rest:06}".rstrip("0") if rest else "")
