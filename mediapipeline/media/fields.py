"""Reads the fields of a JSON object strictly, and says what is wrong with each of them.

Shared by everything that a job document is made of below the operators: codec settings here, the job itself in
`mediapipeline.spec`. Types are exact (True is not 1, 2.0 is not 2), null is the same as not given, and a field that
nobody reads is a problem. Operator parameters have a richer type system of their own in `mediapipeline.params`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, final

from mediapipeline.errors import Problems, pointer
from mediapipeline.media.malformed import Malformed, shown
from mediapipeline.media.timecode import parse_duration

__all__ = ["BIT_RATE_PATTERN", "BYTES_PATTERN", "NOT_READ", "Fields", "NotRead", "closest"]


@final
class NotRead:
    """The type of `NOT_READ`."""

    def __repr__(self) -> str:
        return "NOT_READ"


NOT_READ = NotRead()
"""Stands in a document where something was reported already: neither given nor missing."""

_BIT_RATE = re.compile(r"([0-9]{1,12})(\.[0-9]{1,9})?([kKmMG]?)")
_BYTES = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))? ?(k|[KMGT]i?)?B?")
BIT_RATE_PATTERN = r"^[0-9]{1,12}(?:\.[0-9]{1,9})?[kKmMG]?$"
"""What text of a bit rate looks like, for JSON Schema."""
BYTES_PATTERN = r"^[0-9]{1,15}(?:\.[0-9]{1,9})? ?(?:k|[KMGT]i?)?B?$"
"""What text of a number of bytes looks like, for JSON Schema."""
_BYTE_SCALE = {
    "": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_SCALE = {"": 1, "k": 1000, "K": 1000, "m": 1_000_000, "M": 1_000_000, "G": 1_000_000_000}


def closest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The one of *known* that a misspelt *name* most likely means."""
    by_lower = {k.lower(): k for k in known}
    found = difflib.get_close_matches(name[:64].lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


class Fields:
    """The fields of one object, taken out one by one.

    Every getter returns None where the field is not given or is wrong; `ok` tells whether anything was wrong.
    """

    def __init__(self, value: Mapping[str, Any], path: str, problems: Problems, *, what: str) -> None:
        self.value = value
        self.path = path
        self.what = what
        self.ok = True
        self.problems = problems
        self._known: dict[str, None] = {}

    @classmethod
    def of(cls, value: object, path: str, problems: Problems, *, what: str, hint: str | None = None) -> Fields | None:
        """The fields of *value*, or None with a problem where it is not an object; *what* is ``"an output"``."""
        if value is NOT_READ:
            return None
        if not isinstance(value, Mapping):
            problems.add(path, "wrong-type", f"{what} is an object, not {shown(value)}", hint)
            return None
        for key in value:
            if not isinstance(key, str):
                problems.add(path, "wrong-type", f"field names of {what} are strings, not {shown(key)}")
                return None
        return cls(value, path, problems, what=what)

    def bad(self, name: str | None, code: str, message: str, hint: str | None = None) -> None:
        """Report a problem with a field, or with the whole object where *name* is None."""
        self.ok = False
        path = self.path if name is None else pointer(self.path, name)
        self.problems.add(path, code, message, hint)

    def has(self, name: str) -> bool:
        return self.value.get(name) is not None

    def take(self, name: str, *, required: bool = False, hint: str | None = None) -> Any:
        """The raw value of a field; None where it is not given."""
        self._known[name] = None
        value = self.value.get(name)
        if value is NOT_READ:
            self.ok = False
            return None
        if value is None and required:
            self.bad(name, "missing-field", f"{self.what} needs {shown(name)}", hint)
        return value

    def wrong(self, name: str, wanted: str, hint: str | None = None) -> None:
        """Report that a field is of the wrong type."""
        self.bad(name, "wrong-type", f"{name} is {wanted}, not {shown(self.value[name])}", hint)

    def text(self, name: str, *, required: bool = False, longest: int = 4096, hint: str | None = None) -> str | None:
        value = self.take(name, required=required, hint=hint)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(name, "a string", hint)
        elif not value:
            self.bad(name, "empty", f"{name} is empty", hint)
        elif len(value) > longest:
            self.bad(name, "too-long", f"{name} has {len(value)} characters; at most {longest} are allowed")
        else:
            return value
        return None

    def choice(self, name: str, options: Iterable[str]) -> str | None:
        value = self.text(name)
        known = tuple(options)
        if value is None or value in known:
            return value
        near = closest(value, known)
        hint = f'did you mean "{near}"?' if near else None
        self.bad(name, "not-allowed", f"{name} is one of {', '.join(known)}, not {shown(value)}", hint)
        return None

    def boolean(self, name: str) -> bool | None:
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, "true or false")
        return None

    def integer(self, name: str, *, ge: int | None = None, le: int | None = None) -> int | None:
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(name, "a whole number")
        elif (ge is not None and value < ge) or (le is not None and value > le):
            self.bad(name, "out-of-range", f"{name} is {_range(ge, le)}, not {shown(value)}")
        else:
            return value
        return None

    def bit_rate(self, name: str, *, most: int = 2_000_000_000) -> int | None:
        """Bits per second: a whole number, or text such as ``"128k"`` or ``"2.5M"``."""
        value = self.take(name)
        if value is None:
            return None
        rate: Fraction | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            rate = Fraction(value)
        elif isinstance(value, str) and (match := _BIT_RATE.fullmatch(value)):
            rate = Fraction(match[1] + (match[2] or "")) * _SCALE[match[3]]
        if rate is None:
            self.wrong(name, 'bits per second, such as 128000, "128k" or "2.5M"')
        elif not 1 <= rate <= most or rate.denominator != 1:
            self.bad(
                name, "out-of-range", f"{name} is a whole number of 1 to {most} bits per second, not {shown(value)}"
            )
        else:
            return int(rate)
        return None

    def byte_count(self, name: str) -> int | None:
        """Bytes: a whole number, or text such as ``"500MB"`` or ``"2GiB"``."""
        value = self.take(name)
        if value is None:
            return None
        count: Fraction | None = None
        if isinstance(value, int) and not isinstance(value, bool):
            count = Fraction(value)
        elif isinstance(value, str) and (match := _BYTES.fullmatch(value)):
            count = Fraction(f"{match[1]}.{match[2] or 0}") * _BYTE_SCALE[match[3] or ""]
        if count is None:
            self.wrong(name, 'a number of bytes, such as 500000000, "500MB" or "2GiB"')
        elif not 1 <= count <= 2**60:
            self.bad(name, "out-of-range", f"{name} is 1 to {2**60} bytes, not {shown(value)}")
        else:
            return int(count)
        return None

    def duration(
        self, name: str, *, gt: int | None = None, ge: int | None = None, le: int | None = None, hint: str | None = None
    ) -> Fraction | None:
        """Seconds, from anything that is a duration in a document."""
        value = self.take(name)
        if value is None:
            return None
        try:
            seconds = parse_duration(value)
        except Malformed as error:
            self.bad(name, "bad-duration", f"{name}: {error.reason}", hint or error.hint)
            return None
        low = (gt is not None and seconds <= gt) or (ge is not None and seconds < ge)
        if low or (le is not None and seconds > le):
            least = f"more than {gt}" if gt is not None else f"at least {ge}" if ge is not None else ""
            bounds = " and ".join(filter(None, (least, f"at most {le}" if le is not None else "")))
            self.bad(name, "out-of-range", f"{name} is {bounds} seconds, not {shown(value)}", hint)
            return None
        return seconds

    def close(self, explain: Callable[[str], tuple[str, str, str] | None] | None = None) -> None:
        """Report every field that was not taken.

        Args:
            explain: Given the name of such a field, the code, message and hint that fit better than "unknown", or None.
        """
        for name in self.value:
            if name in self._known:
                continue
            better = explain(name) if explain is not None else None
            if better is not None:
                self.bad(name, *better)
                continue
            near = closest(name, self._known)
            hint = f'did you mean "{near}"?' if near else f"known are {', '.join(self._known)}"
            self.bad(name, "unknown-field", f"{self.what} has no field {shown(name)}", hint)


def _range(ge: int | None, le: int | None) -> str:
    if ge is not None and le is not None:
        return f"{ge} to {le}"
    return f"at least {ge}" if ge is not None else f"at most {le}"
