"""What is said of a value that cannot be read: one sentence, a hint, and the value itself in a form fit for a message.

Values come from strangers: `shown` never fails, stays on one line and stays short, whatever it is given.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction

__all__ = ["Malformed", "shown"]

_LONGEST = 60
_MOST_BITS = 256  # Python refuses to write integers of more than a few thousand digits


class Malformed(ValueError):
    """A value cannot be read as what it should be.

    Attributes:
        reason: What is wrong, in one sentence without a full stop.
        hint: What to write instead, or None.
    """

    reason: str
    hint: str | None

    def __init__(self, reason: str, hint: str | None = None) -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(f"{reason}; {hint}" if hint else reason)


def shown(value: object) -> str:
    """*value* as a message shows it: as JSON writes it where that is short."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        text = str.__str__(value)[: _LONGEST + 1]
        cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        return json.dumps(cut, ensure_ascii=not cut.isprintable())
    if isinstance(value, int):
        return str(int(value)) if value.bit_length() <= _MOST_BITS else "a number of hundreds of digits"
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, Fraction):
        short = value.numerator.bit_length() + value.denominator.bit_length() <= _MOST_BITS
        return str(value) if short else "a fraction of hundreds of digits"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "an array"
    return f"a Python {type(value).__name__}"
