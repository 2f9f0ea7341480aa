"""Turns what a caller handed in into plain JSON values, or says why it is not JSON.

JSON as RFC 8259 has it, and nothing that Python's reader lets through beside it: no duplicate keys (the last would win
silently), no NaN or Infinity, no numbers or nesting without bounds, no text that is not Unicode. Python mappings are
held to the same, so that whatever was accepted can be written down again. Knows nothing of jobs.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePath
from typing import Any, NamedTuple

from mediapipeline.errors import Problems, pointer
from mediapipeline.media.fields import NOT_READ, NotRead
from mediapipeline.media.malformed import shown

__all__ = ["DEEPEST", "LARGEST", "plain", "read"]

LARGEST = 64 * 2**20
"""Characters (or bytes) of a document."""
DEEPEST = 64
"""Objects and lists inside each other."""
_MOST_DIGITS = 400  # more than any double has; Python itself refuses to read a few thousand
_SMALL = 2**62
_MOST_BITS = 1330  # the same in bits
_MOST_VALUES = 1_000_000  # bounds what a small Python value, whose parts are shared, may unfold to
_MOST_PROBLEMS = 100  # of one document's JSON: a file of a million NaNs is one mistake
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_NOT_UNICODE = re.compile("[\ud800-\udfff]")


class _Object(dict[str, Any]):
    """An object of the text that had a key twice."""

    twice: tuple[str, ...] = ()


class _NotJson:
    """Stands where the text has a value that JSON does not have."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message


def read(document: str | bytes | bytearray | Mapping[str, Any], problems: Problems) -> Any:
    """The plain JSON value of *document*.

    `NOT_READ` stands, there or inside, where something was not JSON, as the problems say.
    """
    if isinstance(document, (str, bytes, bytearray)):
        value = _parse(document, problems)
        return value if value is NOT_READ else plain(value, problems)
    return plain(document, problems)


def _parse(document: str | bytes | bytearray, problems: Problems) -> Any:
    if len(document) > LARGEST:
        problems.add("", "too-large", f"the document has {len(document)} bytes; at most {LARGEST} are read")
        return NOT_READ
    text = document if isinstance(document, str) else _decode(bytes(document), problems)
    if text is None:
        return NOT_READ
    if text.startswith("\ufeff"):
        problems.add("", "bad-json", "the document begins with a byte order mark", "save it as UTF-8 without BOM")
        return NOT_READ
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_number
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        problems.add("", "bad-json", f"the document is not JSON: {error.msg} at {where}", _why(text, error.pos))
        return NOT_READ
    except RecursionError:
        line, column = _too_deep(text)
        place = f"at line {line}, column {column}"
        problems.add("", "too-deep", f"the document is nested more than {DEEPEST} levels deep {place}")
        return NOT_READ
    if value is None:
        problems.add("", "wrong-type", "the document is an object, not null")
        return NOT_READ
    return value


def _decode(data: bytes, problems: Problems) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        other = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        hint = "it looks like UTF-16; save it as UTF-8" if other else "save it as UTF-8"
        problems.add("", "bad-json", f"the document is not UTF-8: line {line}, byte {column} of it", hint)
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    counted = Counter(key for key, _ in pairs)
    twice = _Object(found)
    twice.twice = tuple(key for key, count in counted.items() if count > 1)
    return twice


def _constant(name: str) -> _NotJson:
    return _NotJson("bad-json", f"{name} is not a number in JSON")


def _integer(text: str) -> int | _NotJson:
    if len(text) > _MOST_DIGITS:
        return _NotJson("number-too-long", f"a number of {len(text)} digits is not read")
    return int(text)


def _number(text: str) -> float | _NotJson:
    if len(text) > 2 * _MOST_DIGITS:
        return _NotJson("number-too-long", f"a number of {len(text)} characters is not read")
    value = float(text)
    return value if math.isfinite(value) else _NotJson("number-too-long", f"{text[:40]} is too large a number")


def _why(text: str, position: int) -> str | None:
    rest = text[position : position + 2]
    before = text[:position].rstrip()[-1:]
    if rest[:1] in ("}", "]") or before == ",":
        return "JSON has no comma after the last element"
    if rest[:1] == "'":
        return 'JSON writes strings in double quotes: "…"'
    if rest in ("//", "/*") or rest[:1] == "#":
        return "JSON has no comments"
    return None


def _too_deep(text: str) -> tuple[int, int]:
    """Line and column of the bracket that opens one level too many."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += 1 if match[0] in "[{" else -1 if match[0] in "]}" else 0
        if depth > DEEPEST:
            start = match.start()
            return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
    return 1, 1


def plain(value: Any, problems: Problems, path: str = "") -> Any:
    """A copy of *value* made of dict, list, str, int, float, bool and None only.

    Fractions and paths, which have an obvious text, are written as it. `NOT_READ` stands for everything else, and for
    what has no end, as the problems say.
    """
    return _Copy(problems, path).of(value)


class _Place(NamedTuple):
    """Where a value stands: the container, and the name or number in it. A chain, since most are never written out."""

    above: _Place | None
    key: str | int
    container: int
    depth: int


class _Copy:
    """Copies a value without recursion, so that no nesting is too deep for Python."""

    def __init__(self, problems: Problems, path: str) -> None:
        self._problems = problems
        self._path = path
        self._reported = 0
        self._values = 0
        # What is still to be copied, where it stands, and the container of the copy that it goes into.
        self._waiting: list[tuple[Any, _Place | None, Any]] = []

    def of(self, value: Any) -> Any:
        result = self._one(value, None)
        while self._waiting:
            if self._reported >= _MOST_PROBLEMS:
                return NOT_READ
            if self._values > _MOST_VALUES:
                self._report(None, "too-large", f"the document has more than {_MOST_VALUES} values")
                return NOT_READ
            inner, place, into = self._waiting.pop()
            assert place is not None
            into[place.key] = self._one(inner, place)
        return result

    def _one(self, item: Any, place: _Place | None) -> Any:
        if type(item) is dict or type(item) is list:
            return self._container(item, place)
        if isinstance(item, str):
            return self._text(str.__str__(item), place)
        if item is None or isinstance(item, bool):
            return item
        if isinstance(item, int):
            if item.bit_length() <= _MOST_BITS:
                return int(item)
            return self._report(place, "number-too-long", "a number of hundreds of digits is not read")
        if isinstance(item, float):
            if math.isfinite(item):
                return float(item)
            return self._report(place, "bad-json", f"{float(item)} is not a number in JSON")
        if isinstance(item, (Mapping, list, tuple)):
            return self._container(item, place)
        if isinstance(item, (Fraction, PurePath)):
            return self._text(str(item), place)
        if isinstance(item, _NotJson):
            return self._report(place, item.code, item.message)
        return self._report(place, "not-json", f"{shown(item)} has no form in JSON")

    def _text(self, text: str, place: _Place | None) -> str | NotRead:
        if _is_unicode(text):
            return text
        return self._report(place, "bad-text", f"{shown(text)} is not text: it holds half of a surrogate pair")

    def _container(self, item: Mapping[Any, Any] | list[Any] | tuple[Any, ...], place: _Place | None) -> Any:
        depth = place.depth + 1 if place is not None else 1
        if depth > DEEPEST:
            return self._report(place, "too-deep", f"more than {DEEPEST} objects and lists inside each other")
        if _stands_in(id(item), place):
            return self._report(place, "cyclic", "the value contains itself")
        inner: list[tuple[Any, _Place | None, Any]] = []
        into: Any
        if isinstance(item, (dict, Mapping)):  # the first is quicker, and most are
            into = {}
            for name in item.twice if isinstance(item, _Object) else ():
                self._report(_Place(place, name, id(item), depth), "duplicate-key", f"{shown(name)} is there twice")
            for name, value in item.items():
                if not isinstance(name, str) or not _is_unicode(name):
                    self._report(place, "bad-key", f"{shown(name)} cannot be the name of a field in JSON")
                    continue
                key = str.__str__(name)
                if _is_simple(value):
                    into[key] = value
                else:
                    into[key] = NOT_READ  # holds its place in the order
                    inner.append((value, _Place(place, key, id(item), depth), into))
        else:
            into = [value if _is_simple(value) else NOT_READ for value in item]
            inner = [
                (value, _Place(place, n, id(item), depth), into) for n, value in enumerate(item) if into[n] is NOT_READ
            ]
        self._values += len(into)
        self._waiting.extend(reversed(inner))
        return into

    def _report(self, place: _Place | None, code: str, message: str) -> NotRead:
        parts: list[str | int] = []
        at = place
        while at is not None:
            parts.append(at.key)
            at = at.above
        self._reported += 1
        # A name that is not Unicode is no part of a pointer that anyone could print.
        names = (_printable(part) if isinstance(part, str) else part for part in reversed(parts))
        self._problems.add(pointer(self._path, *names), code, message)
        return NOT_READ


def _stands_in(container: int, place: _Place | None) -> bool:
    while place is not None:
        if place.container == container:
            return True
        place = place.above
    return False


def _is_simple(value: Any) -> bool:
    """Whether a value is plain as it is. Most are, and need no place to be remembered."""
    kind = type(value)
    if kind is str:
        return bool(value.isascii())
    if kind is int:
        return bool(-_SMALL < value < _SMALL)
    return value is None or kind is bool or (kind is float and math.isfinite(value))


def _is_unicode(text: str) -> bool:
    return text.isascii() or _NOT_UNICODE.search(text) is None


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
