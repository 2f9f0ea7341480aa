"""The parameter types that hold one plain value, text, numbers and choices, and what every type has.

A type knows everything about itself: how a value of a document is read (strictly: ``"False"`` is no boolean, ``true``
no number, 1.9 no whole number), how it is written back, its JSON Schema and its name for people.
"""

from __future__ import annotations

import enum
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

from mediapipeline.media.fields import closest
from mediapipeline.media.malformed import shown
from mediapipeline.params.rejection import Rejected

__all__ = [
    "BoolType",
    "EnumType",
    "FloatType",
    "IntType",
    "ParameterType",
    "StringType",
    "TypeName",
]

TypeName: TypeAlias = Literal[
    "string", "int", "float", "bool", "duration", "object", "array", "enum", "resolution", "timecode", "codec"
]

_MOST = 2**63 - 1
_LOOKS_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_LOOKS_NUMERIC = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,18})?|\.[0-9]{1,18})")


class ParameterType(ABC):
    """One of the eleven types, or a union of them."""

    name: ClassVar[TypeName]
    rank: ClassVar[int] = 0
    """Members of a union are tried in this order: what is told exactly first, what takes much last."""
    numeric: ClassVar[bool] = False
    """Whether limits can concern it."""
    sized: ClassVar[bool] = False
    """Whether it has a length."""
    samples: ClassVar[tuple[Any, ...]] = ()
    """What is typically written, for editors; of types whose form one has to know."""

    @abstractmethod
    def read(self, value: object) -> Any:
        """The value of the library for one of a document, or for itself.

        Raises:
            Rejected: It is not of this type.
        """

    @abstractmethod
    def holds(self, value: object) -> bool:
        """Whether *value* is a value of the library of this type, as `read` gives."""

    def write(self, value: Any) -> Any:
        """The JSON form, from which `read` gives an equal value."""
        return value

    @property
    @abstractmethod
    def phrase(self) -> str:
        """What is accepted, for messages: ``a whole number``."""

    @property
    def text(self) -> str:
        """The type for people: ``int``, ``"a" | "b"``."""
        return self.name

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the JSON form, and of everything else that is read, as far as it can be said."""

    @property
    def members(self) -> tuple[ParameterType, ...]:
        """The types it is a union of; itself where it is none."""
        return (self,)

    @property
    def nullable(self) -> bool:
        """Whether None is one of its values."""
        return False

    def wrong(self, value: object, hint: str | None = None) -> Rejected:
        """The refusal of a value of another type."""
        return Rejected.because("wrong-type", f"must be {self.phrase}, not {shown(value)}", hint)


class StringType(ParameterType):
    """Text that can be handed on: no NUL, no half of a surrogate pair."""

    name = "string"
    rank = 9
    sized = True
    phrase = "a text"

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
            raise self.wrong(value, f'put it in quotes: "{shown(value)}"' if number else None)
        text = value if type(value) is str else str.__str__(value)
        if "\0" in text or not _encodable(text):
            raise Rejected.because("bad-text", f"must be text without NUL and broken characters, not {shown(text)}")
        return text

    def holds(self, value: object) -> bool:
        return isinstance(value, str)

    def schema(self) -> dict[str, Any]:
        return {"type": "string"}


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class IntType(ParameterType):
    """A whole number of 64 bits."""

    name = "int"
    rank = 1
    numeric = True
    phrase = "a whole number"

    def read(self, value: object) -> int:
        if type(value) is not int:
            if isinstance(value, bool) or not isinstance(value, int):
                raise self.wrong(value, self._hint(value))
            value = int(value)
        if not -_MOST <= value <= _MOST:
            raise Rejected.because("out-of-range", f"must be a whole number of at most 64 bits, not {shown(value)}")
        return value

    def _hint(self, value: object) -> str | None:
        if isinstance(value, str) and _LOOKS_WHOLE.fullmatch(value):
            return f"write {int(value)}, without quotes"
        if isinstance(value, float) and abs(value) < 1e15 and value == math.floor(value):
            return f"write {int(value)}"
        return None

    def holds(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer"}


class FloatType(ParameterType):
    """A finite number."""

    name = "float"
    rank = 2
    numeric = True
    phrase = "a number"

    def read(self, value: object) -> float:
        if type(value) is not float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                looks = isinstance(value, str) and _LOOKS_NUMERIC.fullmatch(value)
                raise self.wrong(value, f"write {value}, without quotes" if looks else None)
            try:
                value = float(value)
            except OverflowError:
                raise Rejected.because("out-of-range", f"must be a number, not {shown(value)}") from None
        if not math.isfinite(value):
            raise Rejected.because("out-of-range", f"must be a finite number, not {shown(value)}")
        return value

    def holds(self, value: object) -> bool:
        return isinstance(value, float)

    def schema(self) -> dict[str, Any]:
        return {"type": "number"}


class BoolType(ParameterType):
    """True or false, and nothing that stands for them."""

    name = "bool"
    phrase = "true or false"

    def read(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        word = value.strip().lower() if isinstance(value, str) and len(value) < 16 else None
        raise self.wrong(value, f"write {word}, without quotes" if word in ("true", "false") else None)

    def holds(self, value: object) -> bool:
        return isinstance(value, bool)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


_Choice: TypeAlias = str | int | float | bool


class EnumType(ParameterType):
    """One of a few values; of a Python enumeration, in documents the values of its members."""

    name = "enum"

    def __init__(self, choices: Mapping[_Choice, Any]) -> None:
        """Take what is read by what is written in a document."""
        self.choices = tuple(choices)
        self._read: dict[Any, Any] = {(type(written), written): read for written, read in choices.items()}
        self._written: dict[Any, _Choice] = {(type(read), read): written for written, read in choices.items()}

    @classmethod
    def of_literal(cls, values: tuple[Any, ...]) -> EnumType:
        """The type of ``Literal["a", 90]``."""
        distinct = list(dict.fromkeys((type(v), v) for v in values))
        return cls._checked([(value, value) for _, value in distinct])

    @classmethod
    def of_enum(cls, members: type[enum.Enum]) -> EnumType:
        return cls._checked([(member.value, member) for member in members])

    @classmethod
    def _checked(cls, pairs: list[tuple[Any, Any]]) -> EnumType:
        bad = [written for written, _ in pairs if not isinstance(written, str | int | float)]
        if bad:
            raise TypeError(f"choices are texts, numbers or booleans, not {bad[0]!r}")
        choices = dict(pairs)
        if len(choices) < len(pairs):
            raise TypeError("two of the choices are equal (as 1, 1.0 and True are)")
        return cls(choices)

    def read(self, value: object) -> Any:
        try:
            if (found := self._read.get((type(value), value), self)) is not self:
                return found
            if (type(value), value) in self._written:
                return value
        except TypeError:  # not hashable: an object or an array
            raise self.wrong(value, self._hint(value)) from None
        near = closest(value, [c for c in self.choices if isinstance(c, str)]) if isinstance(value, str) else None
        hint = f"did you mean {shown(near)}?" if near is not None else self._hint(value)
        if not any(type(value) is type(choice) for choice in self.choices):
            raise self.wrong(value, hint)
        message = f"must be {self.phrase}, not {shown(value)}"
        raise Rejected.because("not-a-choice", message, hint, likely=near is not None)

    def _hint(self, value: object) -> str | None:
        if isinstance(value, str):
            for choice in self.choices:
                if not isinstance(choice, str) and value == shown(choice):
                    return f"write {value}, without quotes"
        elif shown(value) in self.choices:
            return f'put it in quotes: "{shown(value)}"'
        return f"choices: {', '.join(map(shown, self.choices))}" if len(self.choices) > 8 else None

    def holds(self, value: object) -> bool:
        try:
            return (type(value), value) in self._written
        except TypeError:
            return False

    def write(self, value: Any) -> Any:
        return self._written[type(value), value]

    @property
    def phrase(self) -> str:
        words = [shown(choice) for choice in self.choices]
        if len(words) == 1:
            return words[0]
        if len(words) > 8:
            return f"one of {len(words)} choices"
        return ", ".join(words[:-1]) + f" or {words[-1]}"

    @property
    def text(self) -> str:
        return " | ".join(shown(choice) for choice in self.choices)

    def schema(self) -> dict[str, Any]:
        return {"enum": list(self.choices)}
