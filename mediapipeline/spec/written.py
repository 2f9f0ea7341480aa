"""What Python hands to the classes of a job, as they keep it.

Forms that stand for a value are read here, and refused as a problem of the field where they cannot be. What is of
another type altogether is kept as it is: reading the job, which every way to a plan begins with, says so with its place
and everything else that is wrong. Nothing here raises anything but `SpecError`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from mediapipeline.errors import Problem, SpecError, pointer
from mediapipeline.media.malformed import Malformed
from mediapipeline.media.timecode import TimeValue, parse_duration

__all__ = ["form_of", "items_of", "mapping_of", "path_text", "read_as", "seconds"]

_T = TypeVar("_T")


def read_as(parse: Callable[[Any], _T], value: object, field: str, code: str) -> _T | None:
    """What *parse* makes of the value of a field; None where none is given.

    Raises:
        SpecError: It cannot be read.
    """
    if value is None:
        return None
    try:
        return parse(value)
    except Malformed as error:
        raise SpecError([Problem(pointer("", field), code, error.reason, error.hint)]) from None


def seconds(value: TimeValue | None, field: str) -> Fraction | None:
    """A duration.

    Raises:
        SpecError: It is none.
    """
    return read_as(parse_duration, value, field, "bad-duration")


def path_text(value: Any) -> Any:
    """The text of a path."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def items_of(value: Any) -> Any:
    """The tuple of several values; a text, or an object, is no several."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | bytearray | Mapping):
        return tuple(value)
    return value


def mapping_of(value: Any) -> Any:
    """A copy of a mapping."""
    return dict(value) if isinstance(value, Mapping) else value


def form_of(value: Any) -> Any:
    """The JSON form of what has one, and of what is in a tuple."""
    if isinstance(value, tuple):
        return [form_of(item) for item in value]
    to_dict = None if isinstance(value, type) else getattr(value, "to_dict", None)
    return value if to_dict is None else to_dict()
