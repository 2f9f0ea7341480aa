"""JSON form of the library's own values: plans, media facts, events, results.

`to_dict` and `from_dict` work on any attrs class of the library whose fields are typed. Defaults are left out,
rationals are written as ``"1001/30000"``, and members of a union registered with `tagged_union` carry their kind. What
users write (job documents, parameters) is not read here but by `mediapipeline.spec` and `mediapipeline.params`, which
explain every mistake and say what was meant. What is read here this library wrote, and a host may have kept it since:
nothing is converted (5 is no text, True no number), and what is not as written is a `ValueError` that says where.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.errors import (
    ClassValidationError,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

__all__ = ["custom", "from_dict", "tagged_union", "to_dict"]

_T = TypeVar("_T")
_lock = threading.RLock()
_SCALARS: dict[type, tuple[str, tuple[type, ...]]] = {
    str: ("text", (str,)),
    int: ("an integer", (int,)),
    float: ("a number", (float, int)),
    bool: ("true or false", (bool,)),
}


def _write_fraction(value: Fraction) -> str:
    return str(value)


def _read_fraction(value: Any, _: Any) -> Fraction:
    if not isinstance(value, str):
        raise ValueError(f"a rational is written as text such as '1001/30000', not {value!r}")
    return Fraction(value)


def _write_sequence(value: tuple[Any, ...], converter: Converter) -> list[Any]:
    return [converter.unstructure(item) for item in value]


def _read_scalar(value: Any, kind: type) -> Any:
    name, types = _SCALARS[kind]
    if type(value) not in types:
        raise ValueError(f"{name} is expected, not {value!r}")
    return value


def _is_sequence(cls: Any) -> bool:
    return bool(get_origin(cls) is tuple)


def _is_mapping(cls: Any) -> bool:
    return bool(get_origin(cls) is Mapping)


def _of_parts(cls: Any) -> bool:
    """Whether it is a tuple with a type for each member; cattrs would write it as a tuple."""
    return _is_sequence(cls) and get_args(cls)[-1] is not Ellipsis


def _read_sequence(cls: Any, converter: Converter) -> Any:
    kinds = get_args(cls)

    def read(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"a list is expected, not {value!r}")
        if kinds[-1] is Ellipsis:
            return tuple(_each(cls, converter, ((index, item, kinds[0]) for index, item in enumerate(value))))
        if len(value) != len(kinds):
            raise ValueError(f"a list of {len(kinds)} is expected, not {value!r}")
        return tuple(_each(cls, converter, zip(range(len(kinds)), value, kinds, strict=True)))

    return read


def _read_mapping(cls: Any, converter: Converter) -> Any:
    _, kind = get_args(cls)

    def read(value: Any, _: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"an object is expected, not {value!r}")
        items = _each(cls, converter, ((key, item, kind) for key, item in value.items()))
        return dict(zip(value, items, strict=True))

    return read


def _each(cls: Any, converter: Converter, items: Iterable[tuple[int | str, Any, Any]]) -> list[Any]:
    """The members of a list or an object, read; each one that can't be is told with its place."""
    found, errors = [], []
    for place, item, kind in items:
        try:
            found.append(converter.structure(item, kind))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below with its place
            error.add_note(IterableValidationNote("", place, kind))
            errors.append(error)
    if errors:
        raise IterableValidationError("", errors, cls)
    return found


def _write_class(cls: type, converter: Converter) -> Any:
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True)


def _read_class(cls: type, converter: Converter) -> Any:
    return make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)


def _make() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(Fraction, _write_fraction)
    converter.register_structure_hook(Fraction, _read_fraction)
    for kind in _SCALARS:
        converter.register_structure_hook(kind, _read_scalar)
    converter.register_unstructure_hook_func(_of_parts, lambda value: _write_sequence(value, converter))
    converter.register_structure_hook_factory(_is_sequence, lambda cls: _read_sequence(cls, converter))
    converter.register_structure_hook_factory(_is_mapping, lambda cls: _read_mapping(cls, converter))
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
        if not isinstance(data, Mapping):
            raise ValueError(f"an object is expected, not {data!r}")
        rest = dict(data)
        name = rest.pop(tag, None)
        if not isinstance(name, str) or name not in members:
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


def from_dict(cls: type[_T], data: Mapping[str, Any], *, name: str | None = None) -> _T:
    """The value that `to_dict` wrote.

    Args:
        cls: Its class, or a union that `tagged_union` registered.
        data: Its JSON form.
        name: What it is called in an error, if not by the name of the class.

    Raises:
        ValueError: The data are not the JSON form of *cls*.
    """
    try:
        with _lock:
            return _converter.structure(data, cls)
    except Exception as error:  # cattrs groups whatever the bad fields give: ValueError, KeyError, its own
        found = list(_complaints(error, ""))
        rest = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
        called = name or getattr(cls, "__name__", "value of its kinds")  # a union has no name
        raise ValueError(f"not a {called}: {'; '.join(found[:3])}{rest}") from error


def _complaints(error: BaseException, path: str) -> Iterator[str]:
    """What is wrong, each with its place as a JSON Pointer."""
    match error:
        case ClassValidationError():
            named, bare = error.group_exceptions()
            inner = [(inner, f"{path}/{note.name}") for inner, note in named] + [(inner, path) for inner in bare]
        case IterableValidationError():
            indexed, bare = error.group_exceptions()
            inner = [(inner, f"{path}/{note.index}") for inner, note in indexed] + [(inner, path) for inner in bare]
        case _:
            yield f"{path or '/'}: {_reason(error)}"
            return
    for each, place in inner:
        yield from _complaints(each, place)


def _reason(error: BaseException) -> str:
    match error:
        case KeyError():
            return "is missing"
        case ForbiddenExtraKeysError(cl=part, extra_fields=fields):
            return f"{part.__name__} has no field {', '.join(map(repr, sorted(fields)))}"
        case ValueError():
            return str(error)
    return repr(error)
