"""JSON form of the library's own values: plans, media facts, events, results.

`to_dict` and `from_dict` work on any attrs class of the library whose fields are typed. Defaults are left out,
rationals are written as ``"1001/30000"``, and members of a union registered with `tagged_union` carry their kind. What
users write (job documents, parameters) is not read here but by `mediapipeline.spec` and `mediapipeline.params`, which
explain every mistake; this module trusts its input and raises `ValueError` where that trust is broken.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, TypeVar

import attrs
from cattrs import Converter
from cattrs.errors import ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

__all__ = ["custom", "from_dict", "tagged_union", "to_dict"]

_T = TypeVar("_T")
_lock = threading.RLock()


def _write_fraction(value: Fraction) -> str:
    return str(value)


def _read_fraction(value: Any, _: Any) -> Fraction:
    if not isinstance(value, str):
        raise ValueError(f"a rational is written as text such as '1001/30000', not {value!r}")
    return Fraction(value)


def _write_class(cls: type, converter: Converter) -> Any:
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)


def _read_class(cls: type, converter: Converter) -> Any:
    return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)


def _make() -> Converter:
    converter = Converter(detailed_validation=False)
    converter.register_unstructure_hook(Fraction, _write_fraction)
    converter.register_structure_hook(Fraction, _read_fraction)
    converter.register_unstructure_hook_factory(attrs.has, lambda cls: _write_class(cls, converter))
    converter.register_structure_hook_factory(attrs.has, lambda cls: _read_class(cls, converter))
    return converter


_converter = _make()


def tagged_union(union: Any, members: Mapping[str, type], *, tag: str = "kind") -> None:
    """Teach the converter a union of attrs classes, told apart by *tag* in the JSON form."""
    names = {cls: name for name, cls in members.items()}

    def write(value: Any) -> dict[str, Any]:
        data: dict[str, Any] = _converter.unstructure(value, type(value))
        return {tag: names[type(value)], **data}

    def read(data: Any, _: Any) -> Any:
        rest = dict(data)
        name = rest.pop(tag, None)
        if name not in members:
            raise ValueError(f"unknown {tag} {name!r}; known: {', '.join(members)}")
        return _converter.structure(rest, members[name])

    with _lock:
        _converter.register_unstructure_hook_func(lambda t: t == union, write)
        _converter.register_structure_hook_func(lambda t: t == union, read)


def custom(cls: type[_T], write: Any, read: Any) -> None:
    """Register a class that has a JSON form of its own."""
    with _lock:
        _converter.register_unstructure_hook(cls, write)
        _converter.register_structure_hook(cls, lambda data, _: read(data))


def to_dict(value: Any) -> dict[str, Any]:
    """The JSON form of an attrs value: only dicts, lists, strings, numbers, booleans and None."""
    with _lock:  # the hooks of a class are generated at its first use
        data: dict[str, Any] = _converter.unstructure(value, type(value))
    return data


def from_dict(cls: type[_T], data: Mapping[str, Any]) -> _T:
    """The value that `to_dict` wrote.

    Raises:
        ValueError: The data are not the JSON form of *cls*.
    """
    try:
        with _lock:
            return _converter.structure(data, cls)
    except ValueError:
        raise
    except Exception as error:  # cattrs raises whatever the first bad field gives: KeyError, TypeError, its own
        raise ValueError(f"not a {cls.__name__}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    match error:
        case KeyError(args=[str(name)]):
            return f"it lacks the field {name!r}"
        case ForbiddenExtraKeysError(cl=part, extra_fields=fields):
            return f"{part.__name__} has no field {', '.join(map(repr, sorted(fields)))}"
    return repr(error)
