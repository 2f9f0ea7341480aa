"""What a class of parameters takes, for documentation, command lines and other programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from mediapipeline.params.compound import ArrayType, ConstrainedType, MapType
from mediapipeline.params.objects import ObjectType, Parameter
from mediapipeline.params.rules import Param
from mediapipeline.params.scalars import EnumType, ParameterType
from mediapipeline.params.types import object_type

__all__ = ["ParameterInfo", "json_schema", "parameters"]


@attrs.frozen(kw_only=True)
class ParameterInfo:
    """One parameter, described in values of JSON."""

    name: str
    type: str
    """The name of its type, one of eleven; of a union those of all members, as in ``int | enum``."""
    text: str
    """The type for people: ``int | "center"``."""
    doc: str
    required: bool
    nullable: bool
    default: Any
    """None where it is required."""
    unit: str | None
    constraints: Mapping[str, Any]
    """Those that are set of ge, gt, le, lt, pattern, min_length and max_length."""
    choices: tuple[Any, ...]
    examples: tuple[Any, ...]
    fields: tuple[ParameterInfo, ...]
    """Of an object, or of the objects in an array: what it is made of."""

    def to_dict(self) -> dict[str, Any]:
        own: dict[str, Any] = attrs.asdict(self, recurse=False)
        own |= {"constraints": dict(self.constraints), "choices": list(self.choices), "examples": list(self.examples)}
        return own | {"fields": [field.to_dict() for field in self.fields]}


def parameters(cls: type) -> tuple[ParameterInfo, ...]:
    """The parameters of a class made with `mediapipeline.params.define`, in the order of their declaration."""
    return tuple(_described(p) for p in object_type(cls).parameters)


def json_schema(cls: type) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the parameters of *cls*.

    It accepts what `mediapipeline.params.structure` accepts and refuses most of what that refuses; limits of durations
    written as text and rules of one's own cannot be said in it.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **object_type(cls).schema()}


def _described(parameter: Parameter) -> ParameterInfo:
    kind, param = parameter.type, parameter.param
    bare = [_bare(member) for member in kind.members]
    names = dict.fromkeys(member.name for member in bare)
    return ParameterInfo(
        name=parameter.name,
        type=" | ".join(names),
        text=kind.text,
        doc=param.doc,
        required=parameter.required,
        nullable=kind.nullable,
        default=None if parameter.required else kind.write(parameter.default),
        unit=param.unit,
        constraints=_constraints(param),
        choices=tuple(choice for member in bare if isinstance(member, EnumType) for choice in member.choices),
        examples=tuple(kind.write(kind.read(example)) for example in param.examples),
        fields=tuple(field for member in bare for field in _fields(member)),
    )


def _bare(kind: ParameterType) -> ParameterType:
    while isinstance(kind, ConstrainedType):
        kind = kind.base
    return kind


def _fields(kind: ParameterType) -> tuple[ParameterInfo, ...]:
    if isinstance(kind, ObjectType):
        return tuple(_described(p) for p in kind.parameters)
    if isinstance(kind, ArrayType | MapType):
        return tuple(field for member in kind.item.members for field in _fields(_bare(member)))
    return ()


def _constraints(param: Param) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: bound if isinstance(bound, int | float | str) else str(bound) for name, bound in param.bounds.items()
    }
    if param.pattern is not None:
        found["pattern"] = param.pattern.pattern
    lengths = {"min_length": param.min_length, "max_length": param.max_length}
    return found | {name: length for name, length in lengths.items() if length is not None}
