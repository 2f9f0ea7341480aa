"""Documents to parameters and back: the cattrs converter of what users write.

Every annotation that a parameter can have is structured by its type, strictly and with JSON Pointers in what is
refused; cattrs does the dispatch. The library's own values have another converter, in `mediapipeline.media.values`,
which trusts what it reads.
"""

from __future__ import annotations

from typing import Any, TypeVar

from cattrs import Converter

from mediapipeline.errors import Problem, Problems
from mediapipeline.params.rejection import Rejected
from mediapipeline.params.types import is_defined, object_type, type_of

__all__ = ["converter", "structure", "unstructure"]

_T = TypeVar("_T")


def _has_type(annotation: Any) -> bool:
    try:
        type_of(annotation)
    except TypeError:
        return False
    return True


def _reader(annotation: Any) -> Any:
    read = type_of(annotation).read
    return lambda value, _: read(value)


def _make() -> Converter:
    made = Converter(forbid_extra_keys=True)
    made.register_structure_hook_factory(_has_type, _reader)
    for plain in (str, int, float, bool):  # cattrs has lenient hooks for these, which would go first
        made.register_structure_hook(plain, _reader(plain))
    made.register_structure_hook_factory(is_defined, lambda cls: object_type(cls).read)
    made.register_unstructure_hook_factory(_has_type, lambda annotation: type_of(annotation).write)
    made.register_unstructure_hook_factory(is_defined, lambda cls: object_type(cls).write)
    return made


converter = _make()
"""``converter.structure("10s", Duration)`` reads a value, ``converter.structure({...}, Vignette)`` a set of parameters;
both raise `mediapipeline.params.rejection.Rejected` with paths relative to what was read."""


def structure(cls: type[_T], data: object, *, path: str, problems: Problems) -> _T | None:
    """An instance of the class of parameters *cls* from a document.

    Args:
        cls: Made with `mediapipeline.params.define`.
        data: What the document says: an object (or an instance of *cls*, which is returned).
        path: JSON Pointer of *data* in the document.
        problems: Takes everything that is wrong.

    Returns:
        The instance, or None where anything is wrong.
    """
    object_type(cls)  # a class of another kind is the caller's mistake, not one of the document
    try:
        found: _T = converter.structure(data, cls)
    except Rejected as refusal:
        problems.extend(Problem(path + p.path, p.code, p.message, p.hint, p.kind) for p in refusal.problems)
        return None
    return found


def unstructure(instance: Any, *, omit_defaults: bool = False) -> dict[str, Any]:
    """The JSON form of parameters, of which `structure` makes an equal instance.

    Args:
        instance: Of a class made with `mediapipeline.params.define`.
        omit_defaults: Leave out what has its default anyway.
    """
    if omit_defaults:
        return object_type(type(instance)).write_set(instance)
    found: dict[str, Any] = converter.unstructure(instance)
    return found
